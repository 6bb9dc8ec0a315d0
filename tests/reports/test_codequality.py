"""GitLab's Code Quality report, held against the fields that GitLab's documentation asks for."""

from __future__ import annotations

import json

import jsonschema
from given import facts, fully_verified
from sample_reports import LIMITS, SECRETS, built, hostile, mixed

from pytest_mlready.gate import Policy
from pytest_mlready.reports import codequality

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)"},
                    "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                },
            },
        },
    },
}  # fmt: skip


def issues(document, catalog):
    made = json.loads(codequality.render(document, catalog))
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    prints = [issue["fingerprint"] for issue in made]
    assert len(prints) == len(set(prints)), "GitLab drops all but one with the same fingerprint"
    return made


def test_a_run_without_findings_is_an_empty_list(catalog):
    assert issues(built(catalog, fully_verified(catalog)), catalog) == []
    assert issues(built(catalog, facts()), catalog) == []


def test_each_finding_has_its_file_and_line(catalog):
    places = [i["location"] for i in issues(mixed(catalog), catalog) if i["check_name"] == LIMITS]
    assert places[0] == {"path": "service/deploy/app.yaml", "lines": {"begin": 12}}


def test_severity_tells_what_blocks_from_what_is_waived(catalog):
    made = issues(mixed(catalog, policy=Policy(required=(SECRETS,))), catalog)
    severity = {issue["check_name"]: issue["severity"] for issue in made}
    assert severity == {
        SECRETS: "blocker", LIMITS: "critical", "security.authentication": "info", "monitoring.feature_drift": "minor",
    }  # fmt: skip


def test_hostile_text_stays_text(catalog):
    text = json.dumps(issues(hostile(catalog), catalog), ensure_ascii=False)
    assert "\\u001b" not in text
    assert "\u202e" not in text
