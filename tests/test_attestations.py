from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from given import TODAY

from pytest_mlready.attestations import Scope, judge
from pytest_mlready.settings import Attestation

ETHICS = "compliance.ethics_review"
MODEL = hashlib.sha256(b"model").hexdigest()


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "review.md"
    path.write_text("reviewed")
    return path


@pytest.fixture
def judged(catalog, document):
    def run(item=ETHICS, *, today=TODAY, scope=None, **changes):
        values = {
            "item": item, "by": "Ada Lovelace", "role": "head of ethics", "approver": "Grace Hopper",
            "on": TODAY - dt.timedelta(10), "expires": TODAY + dt.timedelta(100), "evidence": document.name,
            "sha256": hashlib.sha256(document.read_bytes()).hexdigest(), "model_sha256": MODEL,
        }  # fmt: skip
        attestation = Attestation(**{**values, **changes})
        return judge(
            attestation,
            catalog.items[item],
            root=document.parent,
            scope=scope or Scope(model_sha256=MODEL),
            today=today,
        )

    return run


def test_a_complete_attestation_is_valid_and_knows_its_days(judged):
    assert judged().problems == ()
    assert judged().days_left == 100


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"approver": "ada lovelace "}, "the approver is the author"),
        ({"approver": "Lovelace, Ada"}, "the approver is the author"),
        ({"approver": "Ada Lovelace, chair of the board"}, "the approver is the author"),
        ({"approver": "Dr. Ada Lovelace <ada@example.com>"}, "the approver is the author"),
        ({"expires": TODAY - dt.timedelta(1)}, "it expired on"),
        ({"on": TODAY + dt.timedelta(1)}, "in the future"),
        ({"evidence": "gone.md"}, "is not there"),
        ({"sha256": None}, "sha256 is missing"),
        ({"sha256": "0" * 64}, "has changed since it was signed"),
        ({"open_conditions": ("retrain on 2026 data",)}, "open conditions: retrain on 2026 data"),
        ({"model_sha256": "1" * 64}, "not the one under test"),
    ],
)
def test_an_attestation_is_invalid_and_says_why(judged, changes, why):
    (problem,) = judged(**changes).problems
    assert why in problem


def test_editing_the_document_after_signing_invalidates_it(judged, document):
    before = hashlib.sha256(document.read_bytes()).hexdigest()
    document.write_text("reviewed, later watered down")
    assert "has changed" in judged(sha256=before).problems[0]


def test_a_digest_that_is_missing_is_offered_for_copying(judged, document):
    assert hashlib.sha256(document.read_bytes()).hexdigest() in judged(sha256=None).problems[0]


def test_a_link_needs_no_digest(judged):
    assert judged(evidence="https://wiki.example/review", sha256=None).valid


def test_a_lifetime_longer_than_the_item_allows_is_cut(judged, catalog):
    on = TODAY - dt.timedelta(catalog.items[ETHICS].lifetime_days + 1)
    late = judged(on=on, expires=TODAY + dt.timedelta(3000))
    assert f"holds {catalog.items[ETHICS].lifetime_days} days at most" in late.problems[0]


def test_it_holds_through_its_last_day(judged):
    assert judged(expires=TODAY).valid
    assert judged(expires=TODAY).days_left == 0


@pytest.mark.parametrize(("days", "soon"), [(31, False), (30, True), (0, True)])
def test_expiry_is_announced_thirty_days_ahead(judged, days, soon):
    assert judged(expires=TODAY + dt.timedelta(days)).expires_soon is soon


def test_a_range_of_versions_binds_as_well_as_a_digest(judged):
    inside = judged(model_sha256=None, versions=">=3,<4", scope=Scope(version="3.2"))
    outside = judged(model_sha256=None, versions=">=3,<4", scope=Scope(version="4.0"))
    unknown = judged(model_sha256=None, versions=">=3,<4", scope=Scope())
    nonsense = judged(model_sha256=None, versions="three", scope=Scope(version="3"))
    assert inside.valid
    assert "not the model's version 4.0" in outside.problems[0]
    assert "settings do not say" in unknown.problems[0]
    assert "cannot be compared" in nonsense.problems[0]


def test_an_item_about_this_very_model_needs_a_scope(judged, catalog):
    about = next(i for i in catalog.items.values() if i.about_model)
    assert "which model" in judged(about.id, model_sha256=None).problems[0]


def test_a_digest_cannot_be_compared_with_a_model_that_is_no_file(judged):
    assert "no model artifact" in judged(scope=Scope(version="1")).problems[0]


def test_a_document_whose_name_no_file_can_have_is_a_problem_and_no_crash(judged):
    assert "cannot be read" in judged(evidence="x" * 5000).problems[0]
