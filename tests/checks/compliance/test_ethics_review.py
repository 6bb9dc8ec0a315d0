from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from governed import project, run

from pytest_mlready.checks.compliance import ethics_review as check
from pytest_mlready.errors import Failed, NotApplicable, Unverified

RULE = check.test_a_high_risk_application_was_reviewed


@pytest.fixture
def root(tmp_path):
    (tmp_path / "review.md").write_text("what two people from outside the team found")
    (tmp_path / "model.bin").write_bytes(b"model")
    return tmp_path


def review(root, **changed):
    told = {
        "item": check.ITEM.id, "by": "Ada", "role": "product owner", "approver": "Grace, ethics board",
        "on": dt.date(2026, 11, 1), "expires": dt.date(2027, 11, 1), "evidence": "review.md",
        "sha256": hashlib.sha256((root / "review.md").read_bytes()).hexdigest(),
        "model_sha256": hashlib.sha256(b"model").hexdigest(),
    }  # fmt: skip
    return {key: value for key, value in {**told, **changed}.items() if value is not None}


def ask(root, *reviews, risk="high", **more):
    tables = {"risk": risk, "model": {"path": "model.bin"}, "attestations": list(reviews)}
    return run(RULE, project(root, check.ITEM, {k: v for k, v in tables.items() if v}, **more))


def test_a_high_class_with_a_valid_review_passes(root):
    noted = ask(root, review(root))
    assert noted["risk class"]["value"] == "high"
    assert noted["review by Ada"]["value"] == "review.md"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"approver": "ada"}, "the approver is the author"),
        ({"open_conditions": ["publish group figures"]}, "open conditions: publish group figures"),
        ({"expires": dt.date(2026, 11, 20)}, "it expired on 2026-11-20"),
        ({"sha256": "e5" * 32}, "has changed since it was signed"),
        ({"evidence": "gone.md"}, "is not there"),
        ({"model_sha256": "e5" * 32}, "not the one under test"),
        ({"model_sha256": None}, "it must say which model it is about"),
        ({"on": dt.date(2027, 1, 1)}, "lies in the future"),
    ],
)
def test_a_review_that_does_not_hold_turns_it_red(root, fault, told):
    with pytest.raises(Failed, match=told):
        ask(root, review(root, **fault))


def test_a_review_of_more_than_a_year_ago_does_not_hold_whatever_it_says(root):
    with pytest.raises(Failed, match="holds 365 days at most"):
        ask(root, review(root, on=dt.date(2025, 10, 1), expires=dt.date(2030, 1, 1)))


def test_one_valid_review_beside_one_that_expired_is_enough(root):
    noted = ask(root, review(root, expires=dt.date(2026, 11, 20)), review(root))
    assert noted["valid reviews"]["value"] == 1


def test_a_high_class_without_a_review_is_unverified_with_what_to_paste(root):
    with pytest.raises(Unverified, match=r'attestations\]\] item = "compliance\.ethics_review"'):
        ask(root)


def test_a_review_of_another_item_does_not_count(root):
    with pytest.raises(Unverified):
        ask(root, review(root, item="monitoring.feature_drift"))


@pytest.mark.parametrize("risk", ["minimal", "limited"])
def test_a_lower_class_makes_it_not_applicable_and_says_so(root, risk):
    with pytest.raises(NotApplicable, match=f'risk = "{risk}"'):
        ask(root, risk=risk)


def test_no_class_is_unverified(root):
    with pytest.raises(Unverified, match="name no risk class"):
        ask(root, risk=None)
