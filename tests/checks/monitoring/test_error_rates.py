from __future__ import annotations

import pytest
from alert_runs import ERRORS, file_of, needs_promtool, rule

from pytest_mlready.checks.monitoring import error_rates as check
from pytest_mlready.errors import Failed, Inconclusive, Unverified

GOOD = file_of(rule("Errors", ERRORS))


def test_counters_that_tell_errors_apart_pass(run):
    one = run()
    one(check.test_provoked_errors_move_the_right_counters)
    assert one.evidence.notes.grade == "live"
    assert one.values()["4xx counted"] == one.values()["5xx counted"] == 5


@pytest.mark.parametrize(
    "fault", ["metrics forget errors", "metrics say 200", "metrics say 500", "metrics count twice"]
)
def test_errors_that_are_counted_wrongly_fail(run, fault):
    with pytest.raises(Failed, match=r"5 (answers|requests)"):
        run(fault)(check.test_provoked_errors_move_the_right_counters)


@needs_promtool
def test_an_alert_that_catches_every_burn_passes(run):
    one = run(text=GOOD)
    one(check.test_a_burning_error_budget_fires_an_alert)
    assert one.values()["alerts on errors that fire on a breach and are silent otherwise"] == 1


@needs_promtool
@pytest.mark.slow
def test_pairs_of_the_workbook_are_recorded(run):
    base = "(sum(rate(answers_total{{status=~'5..'}}[{0}])) / sum(rate(answers_total[{0}])))"
    pairs = ((14.4, "1h", "5m"), (6, "6h", "30m"), (1, "3d", "6h"))
    exprs = [f"{base.format(long)} > {f} * 0.001 and {base.format(short)} > {f} * 0.001" for f, long, short in pairs]
    one = run(text=file_of(*(rule(f"Burn{n}", expr) for n, expr in enumerate(exprs))))
    one(check.test_a_burning_error_budget_fires_an_alert)
    assert one.values()["burn rate of Burn0"] == "14.4 over 1 h and 5 min"
    assert one.values()["burn rate of Burn2"] == "1 over 3 d and 6 h"


@needs_promtool
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("> 0.001", "> 0.1"), "no alert on errors fires on this"),
        (("> 0.001", "< 0.001"), "fires on"),
        (("5..", "[45].."), "the clients' own mistakes"),
        (("status=~", "code=~"), "has route, status"),
        (("answers_total", "answer_total"), "tells failures from successes"),
        (("{severity: page}", "{}"), "severity"),
    ],
)
def test_faulty_rules_fail(run, change, said):
    with pytest.raises(Failed) as caught:
        run(text=GOOD.replace(*change))(check.test_a_burning_error_budget_fires_an_alert)
    assert said in str(caught.value)


def test_errors_are_provoked_once_for_both_tests(run):
    one = run(text=GOOD)
    one(check.test_provoked_errors_move_the_right_counters)
    (kept,) = [one.request.config.stash[k] for k in one.request.config.stash._storage]
    assert kept.server.statuses == (503,) * 5


def test_a_service_that_may_not_be_disturbed_is_inconclusive(run, monkeypatch):
    one = run()
    monkeypatch.setattr("pytest_mlready.serving.plan.Plan.refusal", lambda *_, **__: "it may not be changed")
    with pytest.raises(Inconclusive, match="no errors may be provoked"):
        one(check.test_provoked_errors_move_the_right_counters)


def test_a_service_that_ends_without_its_model_is_inconclusive(run):
    with pytest.raises(Inconclusive, match="without its model the service does not"):
        run("exits without model", "loads first")(check.test_provoked_errors_move_the_right_counters)


def test_no_rules_are_unverified_and_no_objective_is_inconclusive(run):
    with pytest.raises(Unverified, match="no alert rules"):
        run()(check.test_a_burning_error_budget_fires_an_alert)
    with pytest.raises(Inconclusive, match="no objective for errors"):
        run(text=GOOD, endpoint={"start": "service {port}"})(check.test_a_burning_error_budget_fires_an_alert)
