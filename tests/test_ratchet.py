from __future__ import annotations

import json

import pytest

from pytest_mlready import ratchet
from pytest_mlready.errors import ReadinessError

WHOLE = {"schema_version": 1, "complete": True, "partial": [], "items": {}, "scores": {}}
ITEM = {"points": 1, "tests": [{"id": "test_it.py::test_one"}]}


def test_the_report_of_a_whole_run_is_read(tmp_path):
    report = WHOLE | {
        "items": {"security.no_secrets": ITEM},
        "scores": {"checklist": {"tests": {"a": {"credit": 0.5}}}},
    }
    (tmp_path / "r.json").write_text(json.dumps(report))
    assert ratchet.read(tmp_path / "r.json") == report


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "schema_version is None"),
        ("null", "schema_version is None"),
        (json.dumps(WHOLE | {"schema_version": 0}), "schema_version is 0"),
        (json.dumps({"schema_version": 1}), "no report"),
        (json.dumps(WHOLE | {"items": {"a": 1}}), "no report"),
        (json.dumps(WHOLE | {"items": {"a": {"points": "many", "tests": []}}}), "no report"),
        (json.dumps(WHOLE | {"scores": {"checklist": None}}), "no report"),
        (json.dumps(WHOLE | {"items": {"a": ITEM | {"points": float("nan")}}}), "no report"),
        (json.dumps(WHOLE | {"items": {"a": ITEM | {"points": "1"}}}), "no report"),
        (json.dumps(WHOLE | {"items": {"a": ITEM | {"points": True}}}), "no report"),
        (json.dumps(WHOLE | {"scores": {"a": {"tests": {"b": {"credit": "0.5"}}}}}), "no report"),
        (json.dumps(WHOLE | {"partial": ["deselected"], "scores": {"checklist": None}}), "partial run"),
        (json.dumps(WHOLE | {"complete": False}), "partial run"),
    ],
    ids=[
        "empty",
        "deep",
        "list",
        "null",
        "old",
        "bare",
        "item",
        "points",
        "score",
        "nan",
        "text",
        "truth",
        "credit",
        "partial",
        "incomplete",
    ],
)
def test_what_cannot_serve_is_refused_with_the_reason(tmp_path, text, said):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ReadinessError, match=said):
        ratchet.read(tmp_path / "r.json")


def test_a_report_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ReadinessError, match="cannot be read: No such file"):
        ratchet.read(tmp_path / "r.json")


def test_what_a_comparison_cannot_look_up_holds_nothing_and_the_reason_is_a_shortfall(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(WHOLE))
    report, unfit = ratchet.held_to(tmp_path, "r.json")
    assert report is None
    assert "there is no ratchet report to hold this run to, r.json: r.json lacks what a comparison looks up" in unfit
    assert "Next step: write it by a whole run with --mlready-report=r.json and commit it" in unfit
    assert ratchet.held_to(tmp_path, None) == (None, "")
