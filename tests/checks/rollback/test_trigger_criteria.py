from __future__ import annotations

import pytest
from alert_runs import ERRORS, LATENCY, file_of, needs_promtool, rule

from pytest_mlready.checks.rollback import trigger_criteria as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified

HEARD = (
    rule("Unknown", "drift_psi != drift_psi or absent(drift_psi)"),
    rule("Down", "up == 0"),
)
DRIFT = rule("Drift", "avg_over_time(drift_psi[30m]) > 0.25")
GOOD = file_of(rule("Slow", LATENCY), rule("Errors", ERRORS), DRIFT, *HEARD)
TRIGGERS = [
    {
        "signal": "latency",
        "rule": "Slow",
        "query": LATENCY.partition(" >")[0],
        "threshold": 0.25,
        "window": "5m",
        "action": "roll back",
    },
    {
        "signal": "errors",
        "rule": "Errors",
        "query": ERRORS.partition(" >")[0],
        "threshold": 0.001,
        "window": "5m",
        "action": "roll back",
    },
    {"signal": "drift", "rule": "Drift", "query": "drift_psi", "threshold": 0.25, "window": "30m", "action": "page"},
]


def without(signal):
    return [t for t in TRIGGERS if t["signal"] != signal]


@pytest.fixture
def criteria(run):
    def make(*faults, text=GOOD, triggers=TRIGGERS, **settings):
        return run(*faults, text=text, items={check.ITEM.id: {"triggers": triggers}}, **settings)

    return make


def test_complete_criteria_that_agree_with_their_rules_pass(criteria):
    one = criteria()
    one(check.test_criteria_are_complete_and_agree_with_their_rules)
    assert one.evidence.notes.grade == "static"


@pytest.mark.parametrize(
    ("triggers", "said"),
    [
        (without("drift"), "no trigger for drift"),
        ([{k: v for k, v in t.items() if k != "action"} for t in TRIGGERS], "has no action"),
        ([{**t, "threshold": 9.0} for t in TRIGGERS], "the rule compares with"),
        ([{**t, "window": "2h"} for t in TRIGGERS], "says a window of 7200 s"),
        ([{**t, "rule": f"{t['rule']}s"} for t in TRIGGERS], 'did you mean "Slow"'),
    ],
)
def test_criteria_that_lack_something_or_differ_fail(criteria, triggers, said):
    with pytest.raises(Failed, match=said):
        criteria(triggers=triggers)(check.test_criteria_are_complete_and_agree_with_their_rules)


def test_a_misspelt_key_is_an_error(criteria):
    with pytest.raises(ReadinessError, match='did you mean "threshold"'):
        criteria(triggers=[{**TRIGGERS[0], "treshold": 1}])(check.test_criteria_are_complete_and_agree_with_their_rules)


@needs_promtool
@pytest.mark.parametrize("signal", ["latency", "errors", "drift"])
def test_each_trigger_fires_on_what_the_service_really_exposes(criteria, signal):
    one = criteria()
    one(check.test_the_trigger_fires, signal)
    assert one.values()[f"alerts on {signal} that fire on a breach and are silent otherwise"] == 1


@needs_promtool
@pytest.mark.parametrize(
    ("signal", "change", "said"),
    [
        ("latency", ("> 0.25'", "> 250'"), "another unit"),
        ("latency", ("answer_seconds_bucket", "answer_second_bucket"), "has no answer_second_bucket"),
        ("errors", ("> 0.001", "> 0.9"), "stays silent even on this: half of the requests fail"),
        ("errors", ("5..", "[45].."), "the clients' own mistakes"),
        ("drift", ("[30m]) > 0.25", "[30m]) > 25"), "stays silent"),
        ("drift", ("drift_psi[30m]", "drifts_psi[30m]"), "which is on no page of metrics"),
        ("drift", ("drift_psi != drift_psi or ", ""), "looks healthy on this: drift_psi is NaN"),
        ("drift", (" or absent(drift_psi)", ""), "looks healthy on this: drift_psi is not there any more"),
        ("latency", ("up == 0", "up == 2"), "looks healthy on this: no data"),
    ],
)
def test_triggers_that_would_not_fire_fail(criteria, signal, change, said):
    assert change[0] in GOOD
    with pytest.raises(Failed) as caught:
        criteria(text=GOOD.replace(*change))(check.test_the_trigger_fires, signal)
    assert said in str(caught.value)


def test_no_criteria_are_unverified(criteria):
    with pytest.raises(Unverified, match="no criteria for a rollback"):
        criteria(triggers=[])(check.test_the_trigger_fires, "latency")


def test_no_rules_are_unverified(criteria):
    with pytest.raises(Unverified, match="no alert rules"):
        criteria(text=None)(check.test_the_trigger_fires, "latency")


@pytest.mark.parametrize(
    ("signal", "endpoint"), [("latency", {"start": "s {port}"}), ("errors", {"start": "s {port}"})]
)
def test_a_signal_without_an_objective_is_inconclusive(criteria, signal, endpoint):
    with pytest.raises(Inconclusive, match="no objective for"):
        criteria(endpoint=endpoint)(check.test_the_trigger_fires, signal)


def test_a_signal_without_a_complete_criterion_is_inconclusive(criteria):
    with pytest.raises(Inconclusive, match="no complete trigger for drift"):
        criteria(triggers=without("drift"))(check.test_the_trigger_fires, "drift")


@needs_promtool
def test_a_trigger_that_is_not_understood_is_inconclusive(criteria):
    text = GOOD.replace("drift_psi[30m]", "drift_psi[30m] @ end()")
    with pytest.raises(Inconclusive, match="not understood"):
        criteria(text=text)(check.test_the_trigger_fires, "drift")
