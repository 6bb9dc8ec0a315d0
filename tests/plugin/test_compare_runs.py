"""Change over time, in whole runs: comparison with an earlier report, the ratchet on policy, and the history."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

OURS = Path(sys.executable).with_name("pytest-mlready")  # wherever PATH leads

PASSING = """
import pytest

@pytest.mark.security("no_secrets")
def test_ours(evidence):
    evidence.record("files scanned", 12, min=1)
"""
SETTINGS = '[metrics]\nroc_auc = {{ min = {least} }}\n[gate]\nratchet = "ratchet.json"\n'
REASON = '[[loosened]]\nwhat = "metrics.roc_auc.min"\nto = 0.88\nreason = "the label is stricter now"\n'


@pytest.fixture
def ratchet(pytester, readiness):
    """A project with a committed ratchet report; its file is the first run's own."""
    pytester.makepyfile(PASSING)
    settings = pytester.path / "mlready.toml"
    settings.write_text(SETTINGS.format(least=0.9).replace("ratchet =", "# ratchet ="))
    readiness("--mlready-report=ratchet.json")
    settings.write_text(SETTINGS.format(least=0.9))
    return settings


def test_the_ratchet_fails_policy_that_was_loosened_without_a_reason(ratchet, three_ways):
    assert three_ways().result.ret == 0
    ratchet.write_text(SETTINGS.format(least=0.88))
    ran = three_ways()
    assert ran.result.ret == 1
    assert "metrics.roc_auc.min was changed from 0.9 to 0.88, and nothing says why" in " ".join(ran.text.split())
    ratchet.write_text(SETTINGS.format(least=0.88) + REASON)
    ran = three_ways()
    assert ran.result.ret == 0
    assert "the label is stricter now" in " ".join(ran.text.split())


def test_a_run_under_looser_policy_does_not_replace_the_ratchet_that_it_fails(ratchet, readiness):
    held = (ratchet.parent / "ratchet.json").read_text()
    ratchet.write_text(SETTINGS.format(least=0.88))
    ran = readiness("--mlready-report=ratchet.json")
    assert ran.result.ret == 1
    assert "policy is looser than in it" in " ".join(ran.text.split())
    assert (ratchet.parent / "ratchet.json").read_text() == held


def test_an_earlier_report_is_compared_without_gating(pytester, readiness):
    test = pytester.makepyfile(PASSING)
    readiness("--mlready-report=old.json")
    test.write_text(PASSING.replace("    evidence.record", "    evidence.inconclusive('no files'); evidence.record"))
    ran = readiness("--mlready-compare=old.json", flag="")
    assert ran.result.ret == 0
    assert "fell      security.no_secrets: 1 -> 0, verified -> inconclusive" in " ".join(ran.text.split(" "))
    assert ran.report["compared"]["fell"][0]["item"] == "security.no_secrets"


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_report_that_cannot_be_read_ends_the_run_before_it_measures(pytester, readiness, content):
    pytester.makepyfile(PASSING)
    if content:
        (pytester.path / "old.json").write_text(content)
    ran = readiness("--mlready-compare=old.json")
    assert ran.result.ret == 4
    assert "--mlready-compare: old.json" in ran.errors
    assert "Traceback" not in ran.errors + ran.text


def test_a_folder_of_reports_becomes_the_history_of_the_next(pytester, readiness):
    pytester.makepyfile(PASSING)
    (pytester.path / "mlready.toml").write_text('history = "runs"\n')
    readiness("--mlready-report=runs/1.json")
    ran = readiness()
    assert [p["ml_test_score"] for p in ran.report["history"]] == [0.0]


def test_the_command_compares_and_its_status_says_whether_something_got_worse(pytester, readiness, ratchet):
    ratchet.write_text(SETTINGS.format(least=0.88).replace("ratchet =", "# ratchet ="))
    readiness("--mlready-report=new.json")
    worse = pytester.run(OURS, "compare", "ratchet.json", "new.json")
    assert worse.ret == 1
    worse.stdout.fnmatch_lines(["loosened  metrics.roc_auc.min was changed from 0.9 to 0.88 (no reason given)"])
    assert pytester.run(OURS, "compare", "new.json", "new.json").ret == 0
    assert json.loads((pytester.path / "new.json").read_text())["judged_by"]["metrics.roc_auc.min"] == 0.88


@pytest.mark.parametrize("change", [{"judged_by": 3}, {"items": {"security.no_secrets": {"points": "1", "tests": []}}}])
def test_a_ratchet_report_that_somebody_edited_holds_nothing_and_ends_no_run_in_a_traceback(
    ratchet, three_ways, change
):
    path = ratchet.parent / "ratchet.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    ran = three_ways()
    assert ran.result.ret == 1
    assert "INTERNALERROR" not in ran.text + ran.errors
    (said,) = ran.report["gate"]["shortfalls"]
    assert said.startswith("there is no ratchet report to hold this run to, ratchet.json:")


def test_a_ratchet_of_higher_numbers_is_fallen_below(ratchet, readiness):
    path = ratchet.parent / "ratchet.json"
    report = json.loads(path.read_text())
    report["items"]["security.network_policy"]["points"] = 1.0
    path.write_text(json.dumps(report))
    ran = readiness()
    assert ran.result.ret == 1
    assert "security.network_policy fell from 1 to 0 points" in " ".join(ran.report["gate"]["shortfalls"])


HOOK = """
def pytest_mlready_load_data(name, source):
    return None
"""


def test_a_hook_that_takes_the_place_of_the_data_is_on_record_and_needs_a_reason_once_data_were_judged(
    pytester, three_ways, readiness
):
    """In a folder of the tests, so that under xdist only the workers ever load it."""
    folder = pytester.mkdir("checks")
    judged = PASSING.replace('security("no_secrets")', 'model_quality("metric_thresholds")')
    (folder / "test_it.py").write_text(judged)
    settings = pytester.path / "mlready.toml"
    settings.write_text("")
    readiness("--mlready-report=ratchet.json")
    settings.write_text('[gate]\nratchet = "ratchet.json"\n')
    assert three_ways().result.ret == 0
    (folder / "conftest.py").write_text(HOOK)
    ran = three_ways()
    assert ran.report["provenance"]["hooks"] == ["load_data by checks/conftest.py"]
    assert ran.result.ret == 1
    (said,) = ran.report["gate"]["shortfalls"]
    assert said.startswith("a hook of the project's now hands over what is tested (load_data), and nothing says why")
    reason = '[[loosened]]\nwhat = "hooks.load_data"\nto = "given"\nreason = "the format is the team\'s own"\n'
    settings.write_text(f'[gate]\nratchet = "ratchet.json"\n{reason}')
    assert three_ways().result.ret == 0
