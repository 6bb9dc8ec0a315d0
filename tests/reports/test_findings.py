"""What formats that point at files are given: places read conservatively, fingerprints that last."""

from __future__ import annotations

import pytest
from given import facts, outcome
from sample_reports import LIMITS, SECRETS, built, mixed

from pytest_mlready.gate import Policy
from pytest_mlready.reports import findings
from pytest_mlready.reports.findings import place


def found(catalog, **more):
    return findings.findings(mixed(catalog, **more))


def one(catalog, message, **more):
    some = facts(outcome(SECRETS, "failed", **{"message": message, "builtin": True, "id": "mlready::x", **more}))
    return findings.findings(built(catalog, some))[0]


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ("deploy/x.yaml:12, container c", ("deploy/x.yaml", 12)),
        ("deploy/x.yaml, document 1 (Deployment/scorer): open", ("deploy/x.yaml", 1)),
        ("Dockerfile:3: runs as root", ("Dockerfile", 3)),
        ("deploy/Dockerfile.prod: no USER", ("deploy/Dockerfile.prod", 1)),
        ("docs/runbook.md:40", ("docs/runbook.md", 40)),
        ("the reader (features.py, line 12) drops it", ("features.py", 12)),
        ("found in pyproject.toml:7.", ("pyproject.toml", 7)),
        ("it is in README.md, somewhere", None),
        ("http://127.0.0.1:8000 answers 500", None),
        ("https://x.example/a.json:80", None),
        ("12:30 was the time, ratio 3.5:1", None),
        ("../../etc/secrets.yaml:3 is out of the project", None),
        ("/etc/secrets.yaml:3 is not ours", None),
        ("a.yaml:0 has no such line", ("a.yaml", 1)),
        ("a.yaml:12:5 has a column", ("a.yaml", 12)),
        ("income.sql.parquet:3", None),
        ("", None),
    ],
)
def test_a_file_is_read_off_a_message_only_where_it_surely_is_one(message, where):
    assert place(message) == where


def test_a_message_that_names_several_places_is_several_findings(catalog):
    ours = [f for f in found(catalog) if f.item == LIMITS]
    assert [(f.path, f.line) for f in ours] == [("service/deploy/app.yaml", 12), ("service/deploy/app.yaml", 31)]


def test_lines_that_name_no_file_stay_with_the_one_before():
    assert findings.parts("a.yaml:1 x\nmore of it\nb.yaml:2 y") == ["a.yaml:1 x\nmore of it", "b.yaml:2 y"]


def test_a_message_with_a_thousand_places_is_cut_into_few():
    assert len(findings.parts("\n".join(f"a.yaml:{n} x" for n in range(1, 1000)))) <= findings.PLACES + 1


def test_a_teams_test_is_pointed_at_where_its_message_names_no_file(catalog):
    ours = next(f for f in found(catalog) if f.item == SECRETS)
    assert (ours.path, ours.line) == ("tests/test_ours.py", 7)


def test_the_settings_are_pointed_at_where_nothing_else_is_named(catalog):
    finding = one(catalog, "too few rows")
    assert (finding.path, finding.line) == ("service/pyproject.toml", 1)


def test_without_a_settings_file_it_is_where_the_settings_would_be(catalog):
    some = facts(outcome(SECRETS, "failed", builtin=True, id="mlready::x"))
    assert findings.findings(built(catalog, some, places=False))[0].path == "pyproject.toml"


def test_what_passed_was_not_verified_or_did_not_run_is_no_finding(catalog):
    some = facts(*(outcome(SECRETS, ended) for ended in ("passed", "unverified", "not_applicable")))
    assert findings.findings(built(catalog, some)) == []
    assert findings.findings(built(catalog, facts(outcome(SECRETS, "not_run")))) == []


def test_a_fingerprint_is_the_same_whatever_was_measured_and_another_for_another_place(catalog):
    first, second = one(catalog, "a.yaml:3: p99 is 120.5 ms"), one(catalog, "a.yaml:9: p99 is 98 ms")
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != one(catalog, "b.yaml:3: p99 is 120.5 ms").fingerprint
    assert first.fingerprint != one(catalog, "a.yaml:3: p99 is 120.5 ms", id="mlready::y").fingerprint


def test_no_two_findings_of_a_run_share_a_fingerprint(catalog):
    some = facts(outcome(SECRETS, "failed", message="a.yaml:1 key\na.yaml:2 key\na.yaml:3 key"))
    prints = [f.fingerprint for f in findings.findings(built(catalog, some))]
    assert len(prints) == len(set(prints)) == 3


def test_a_waiver_is_told_with_its_owner_reason_and_end(catalog):
    waived = next(f for f in found(catalog) if f.item == "security.authentication")
    assert waived.waiver == "waived by platform until 2026-11-23: later"
    assert all(not f.waiver for f in found(catalog) if f is not waived and f.item != waived.item)


def test_what_the_gate_requires_is_marked(catalog):
    required = {f.item for f in found(catalog, policy=Policy(required=("security.*",))) if f.required}
    assert required == {SECRETS, "security.authentication"}
