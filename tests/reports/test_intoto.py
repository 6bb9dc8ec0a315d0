"""The in-toto statement, held against the library of the attestation framework."""

from __future__ import annotations

import json

import pytest
from given import facts, fully_verified, outcome
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult as Predicate
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Message
from sample_reports import LIMITS, METRICS, MODEL, SECRETS, built, hostile, mixed

from pytest_mlready.errors import ReadinessError
from pytest_mlready.gate import Policy
from pytest_mlready.reports import intoto


def stated(document, catalog):
    """The predicate; the statement and it are validated by the framework's own library on every call."""
    made = json.loads(intoto.render(document, catalog))
    Statement.copy_from_pb(json_format.ParseDict(made, Message())).validate()
    json_format.ParseDict(made["predicate"], Predicate(), ignore_unknown_fields=True)  # extension fields may be there
    assert made["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert made["subject"] == [{"name": "artifacts/model.skops", "digest": {"sha256": MODEL}}]
    return made["predicate"]


def test_the_subject_is_the_model_and_the_configuration_the_settings(catalog):
    predicate = stated(mixed(catalog), catalog)
    assert predicate["configuration"] == [{"name": "service/pyproject.toml", "digest": {"sha256": "c" * 64}}]
    assert predicate["mlready_run"]["started"] == "2026-11-23T10:00:00+00:00"


def test_items_are_the_tests_and_what_was_not_tested_is_in_no_list(catalog):
    predicate = stated(mixed(catalog), catalog)
    assert predicate["failedTests"] == [LIMITS, SECRETS]
    assert predicate["passedTests"] == [METRICS, "rollback.communication_plan"]
    assert predicate["warnedTests"] == ["security.authentication", "monitoring.feature_drift"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(Policy(), "FAILED"), (Policy(min_score=0.0), "WARNED"), (Policy(min_score=5.0), "FAILED")],
)
def test_the_gate_decides_over_failures_and_without_one_each_failure_does(catalog, policy, expected):
    some = facts(outcome(SECRETS, "failed"))
    assert stated(built(catalog, some, policy=policy), catalog)["result"] == expected


def test_a_run_in_which_everything_holds_passed(catalog):
    predicate = stated(built(catalog, fully_verified(catalog), policy=Policy(min_score=5.0)), catalog)
    assert (predicate["result"], predicate["failedTests"], predicate["warnedTests"]) == ("PASSED", [], [])


@pytest.mark.parametrize("more", [{"partial": True}, {"trouble": ["interrupted"]}])
def test_a_run_that_was_not_whole_never_passed(catalog, more):
    whole = fully_verified(catalog)
    partial = ("deselected",) if more.pop("partial", False) else ()
    some = facts(*whole.outcomes, attestations=whole.attestations, partial=partial)
    assert stated(built(catalog, some, **more), catalog)["result"] == "FAILED"


def test_without_a_model_file_there_is_nothing_to_state_anything_about(catalog):
    with pytest.raises(ReadinessError, match=r"no model file.*Next step: \[tool.mlready.model\] path"):
        intoto.render(built(catalog, facts(), provenance={"model_sha256": None}), catalog)


def test_hostile_text_does_not_break_the_statement(catalog):
    assert stated(hostile(catalog), catalog)["result"] == "FAILED"


def test_the_same_document_gives_the_same_statement(catalog):
    assert intoto.render(mixed(catalog), catalog) == intoto.render(mixed(catalog), catalog)
