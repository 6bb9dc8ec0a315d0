"""What fails a run: with a gate and without, waived and required, built in and a team's own."""

from __future__ import annotations

import json

import pytest

SUBJECT = """
import numpy as np, polars as pl

def data(seed, rows):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    return pl.DataFrame({"x": x, "noise": rng.normal(size=rows), "y": np.where(x + rng.normal(size=rows) / 3 > 0, "yes", "no")})

def train(): return data(1, 2000)
def heldout(): return data(2, 2000)
def model(frame): return np.where(np.asarray(frame["x"]) > 0, "yes", "no")
"""
SETTINGS = """
task = "binary-classification"
[model]
path = "subject:model"
first_release = "nothing is live yet"
[data]
train = "subject:train"
heldout = "subject:heldout"
target = "y"
positive = "yes"
[metrics]
accuracy = {{ min = {least} }}
{more}
""" + "".join(
    f'[items."model_quality.{name}"]\nbuiltin = false\nreason = "not what these tests are about"\n'
    for name in (
        "heldout_integrity", "subgroup_performance", "baseline_comparison", "edge_and_adversarial_cases", "size_and_latency"
    )
)  # fmt: skip
THRESHOLDS = "model_quality.metric_thresholds"


@pytest.fixture
def subject(pytester):
    """A project whose model is right in about nine of ten rows; `least` decides whether that is enough."""
    pytester.makepyfile(subject=SUBJECT)

    def settings(more: str = "", *, least: float = 0.99) -> None:
        (pytester.path / "mlready.toml").write_text(SETTINGS.format(more=more, least=least))

    settings()
    return settings


def only(*more: str) -> tuple[str, ...]:
    """The one built-in check that these tests are about; a gate cannot pass such a partial run."""
    return (f"--mlready-item={THRESHOLDS}", *more)


def test_without_a_gate_a_failing_built_in_check_fails_the_run(subject, three_ways):
    ran = three_ways(*only())
    assert ran.status(THRESHOLDS) == "failed"
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED
    assert "accuracy" in ran.item(THRESHOLDS)["reason"]
    assert "Traceback" not in ran.text


def test_with_a_gate_it_is_reported_as_xfailed_counts_as_failed_and_the_gate_decides(subject, three_ways):
    subject("[gate]\nmin_score = 0.0\n")
    ran = three_ways()
    assert ran.status(THRESHOLDS) == "failed"
    assert ran.result.parseoutcomes().get("failed", 0) == 0
    assert ran.result.parseoutcomes()["xfailed"] >= 1
    assert ran.report["gate"] == {"asked": True, "passed": True, "shortfalls": []}
    assert ran.result.ret == 0


def test_a_required_item_fails_the_run_by_itself(subject, three_ways):
    subject(f'[gate]\nrequired = ["{THRESHOLDS}"]\n')
    ran = three_ways(*only())
    assert ran.result.parseoutcomes()["failed"] == 1
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_shortfall_turns_a_run_without_failures_into_a_failure(subject, three_ways):
    subject("[gate]\nmin_score = 0.5\n", least=0.5)
    ran = three_ways()
    assert ran.result.parseoutcomes().get("failed", 0) == 0
    assert ran.report["gate"]["shortfalls"] == ["ML Test Score (2017) is 0, below min_score = 0.5"]
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_teams_own_failing_test_fails_the_run_whatever_the_gate_says(pytester, subject, three_ways):
    subject("[gate]\nmin_score = 0.0\n", least=0.5)
    pytester.makepyfile(test_own="import pytest\n@pytest.mark.security('no_secrets')\ndef test_it(): assert False")
    ran = three_ways()
    assert ran.report["gate"]["passed"]
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(("expires", "ret"), [("2099-01-01", 0), ("2001-01-01", 1)])
def test_an_unexpired_waiver_turns_failures_into_xfailed_and_an_expired_one_does_not(
    pytester, subject, three_ways, expires, ret
):
    subject(
        f'[[waivers]]\nitem = "security.no_secrets"\nowner = "us"\nreason = "rotating"\nexpires = {expires}\n',
        least=0.5,
    )
    pytester.makepyfile(
        test_own="import pytest\n@pytest.mark.security('no_secrets')\ndef test_it(): assert False, 'key'"
    )
    ran = three_ways("--mlready-item=security.no_secrets")
    item = ran.item("security.no_secrets")
    assert (ran.result.ret, item["status"], item["underlying"]) == (ret, "failed" if ret else "waived", "failed")
    assert item["points"] == 0
    assert item["waiver"]["reason"] == "rotating"


def test_the_option_goes_before_the_settings(subject, readiness):
    subject("[gate]\nmin_score = 3.0\n", least=0.5)
    assert readiness("--mlready-min-score=0").result.ret == 0


def test_the_ratchet_holds_a_run_to_the_report_that_was_committed(subject, readiness):
    subject('[gate]\nratchet = "readiness.json"\n', least=0.5)
    assert readiness().result.ret == pytest.ExitCode.TESTS_FAILED, "there is no report to hold it to yet"
    first = readiness("--mlready-report=readiness.json")
    assert first.status(THRESHOLDS) == "verified"
    assert readiness().result.ret == 0
    subject('[gate]\nratchet = "readiness.json"\n', least=0.99)
    worse = readiness()
    assert any(f"{THRESHOLDS} fell from 1 to 0" in s for s in worse.report["gate"]["shortfalls"])
    assert worse.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_readiness_test_that_is_gone_since_the_ratchet_makes_the_run_partial(pytester, subject, three_ways):
    subject('[gate]\nratchet = "readiness.json"\n', least=0.5)
    own = pytester.makepyfile(test_own="import pytest\n@pytest.mark.security('no_secrets')\ndef test_it(): pass")
    three_ways("--mlready-report=readiness.json")
    own.unlink()
    ran = three_ways()
    assert ran.report["scores"]["checklist"] is None
    assert any("of the ratchet report cannot be found any more" in reason for reason in ran.report["partial"])


def test_two_runs_of_the_same_inputs_give_the_same_report(subject, readiness):
    subject(least=0.5)

    def essence(ran):
        items = json.loads(json.dumps(ran.report["items"]))
        for item in items.values():
            for test in item["tests"]:
                test.pop("seconds")
        return {k: v for k, v in items.items() if k != "model_quality.size_and_latency"}

    assert essence(readiness()) == essence(readiness())


def test_ci_is_automation_and_a_local_run_without_ci_configuration_is_not(subject, readiness, monkeypatch, pytester):
    subject(least=0.5)
    pytester.makepyfile(test_own="import pytest\n@pytest.mark.data('feature_schema')\ndef test_it(): pass")
    by_hand = readiness("--mlready-report=x.json").report["scores"]["ml_test_score"]
    assert by_hand["tests"]["data-1"]["credit"] == 0.5
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    in_ci = readiness().report
    assert in_ci["scores"]["ml_test_score"]["tests"]["data-1"]["credit"] == 1
    assert in_ci["provenance"]["trigger"] == "GitHub Actions"
    monkeypatch.delenv("GITHUB_ACTIONS")
    folder = pytester.mkdir(".github")
    (folder / "workflows").mkdir()
    (folder / "workflows/ready.yml").write_text(
        "on: push\njobs:\n  gate:\n    runs-on: x\n    steps:\n      - run: pytest --mlready-only\n"
    )
    assert readiness().report["scores"]["ml_test_score"]["tests"]["data-1"]["credit"] == 1
