"""Properties of JUnit XML: of a test, and of the whole suite."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from given import facts, fully_verified, outcome
from sample_reports import HOSTILE, SECRETS, built

from pytest_mlready.reports import junit

WRITTEN = '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" tests="1">{}<testcase name="ü"/></testsuite></testsuites>'


def test_a_tests_items_outcome_grade_and_numbers_are_properties():
    entry = {
        "name": "roc_auc",
        "value": 0.927,
        "min": 0.9,
        "interval": [0.92, None],
        "n": 100,
        "unit": "share",
        "note": "x",
    }
    found = junit.properties(outcome(SECRETS, grade="live", items=(SECRETS, "data.feature_policy"), evidence=(entry,)))
    assert found == [
        ("mlready.item", SECRETS), ("mlready.item", "data.feature_policy"), ("mlready.outcome", "passed"),
        ("mlready.grade", "live"), ("mlready.evidence.roc_auc", "0.927"), ("mlready.evidence.roc_auc.min", "0.9"),
        ("mlready.evidence.roc_auc.n", "100"), ("mlready.evidence.roc_auc.unit", "share"),
        ("mlready.evidence.roc_auc.low", "0.92"),
    ]  # fmt: skip


def test_names_and_values_are_such_as_xml_can_hold():
    for name, value in junit.properties(outcome(SECRETS, evidence=({"name": f"{HOSTILE}\udc80", "value": HOSTILE},))):
        element = ET.Element("property", name=name, value=value)
        again = ET.fromstring(ET.tostring(element, encoding="utf-8"))
        assert again.attrib == {"name": name, "value": value}


def test_a_test_that_measured_a_thousand_things_tells_the_first_hundred():
    entries = tuple({"name": f"m{n}", "value": n} for n in range(1000))
    assert len(junit.properties(outcome(SECRETS, evidence=entries))) == 3 + junit.MOST


@pytest.mark.parametrize("there", ["", '<properties><property name="ARCH" value="PPC"/></properties>'])
def test_scores_join_the_suites_properties_and_leave_the_rest_as_it_is(catalog, there):
    made = junit.with_scores(WRITTEN.format(there), built(catalog, fully_verified(catalog)))
    suite = ET.fromstring(made).find("testsuite")
    values = {p.get("name"): p.get("value") for p in suite.find("properties")}
    assert values["mlready.ml_test_score"] == "7"
    assert values["mlready.ml_test_score.monitoring"] == "7"
    assert values["mlready.gate"] == "not asked"
    assert ("ARCH" in values) == bool(there)
    assert suite[0].tag == "properties"
    assert suite.find("testcase").get("name") == "ü"


def test_a_partial_run_has_no_score_there_either(catalog):
    suite = ET.fromstring(junit.with_scores(WRITTEN.format(""), built(catalog, facts(partial=("x",)))))
    names = {p.get("name") for p in suite.iter("property")}
    assert names == {"mlready.gate", "mlready.whole_run"}


@pytest.mark.parametrize("text", ["", "<html/>", "<testsuites/>"])
def test_what_is_no_junit_report_is_refused(catalog, text):
    with pytest.raises((ET.ParseError, ValueError)):
        junit.with_scores(text, built(catalog, facts()))
