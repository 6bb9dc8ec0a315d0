from __future__ import annotations

import numpy as np
import pytest
from loads import made_up

from pytest_mlready.serving.load import records
from pytest_mlready.serving.load import verdict as load_verdict
from pytest_mlready.serving.load.verdict import Objectives

P99 = Objectives(rate=100.0, errors=0.01, latency={"p99": 0.25})


def lognormal(n=4000, seed=1, scale=0.02):
    return np.random.default_rng(seed).lognormal(np.log(scale), 0.5, n)


def judged(load, objectives=P99, **keywords):
    return {v.measurements[0].name: v for v in load_verdict.judge(load, objectives, **keywords)}


def failing(n, every):
    endings = np.zeros(n, int)
    endings[::every] = records.STATUS
    return endings


def test_a_fast_service_passes_rate_errors_and_percentile():
    found = judged(made_up(lognormal()))
    assert {v.outcome for v in found.values()} == {"passed"}
    assert found["error rate"].measurements[0].interval[1] == pytest.approx(3 / 4000, rel=0.01)
    upper = found["latency p99"].measurements[0].interval[1]
    assert found["latency p99"].measurements[0].value < upper <= 0.25


def test_a_percentile_beyond_its_objective_fails():
    verdict = judged(made_up(lognormal(scale=0.2)))["latency p99"]
    assert verdict.outcome == "failed"
    assert "exceeds 250 ms" in verdict.message


def test_a_percentile_within_whose_bound_is_not_says_how_many_requests_would_decide():
    values = lognormal()
    limit = float(np.quantile(values, 0.992))
    verdict = judged(made_up(values), Objectives(rate=100.0, errors=0.01, latency={"p99": limit}))["latency p99"]
    assert verdict.outcome == "inconclusive"
    assert "requests like these would decide: seconds = " in verdict.message


def test_too_few_requests_cannot_bound_p99():
    verdict = judged(made_up(lognormal(250)))["latency p99"]
    assert verdict.outcome == "inconclusive"
    assert "250 independent requests cannot bound it" in verdict.message


def test_slow_requests_in_one_stretch_count_as_few_independent_ones():
    values = lognormal(10_000)
    values[3000:3080] = 0.2
    objectives = Objectives(rate=100.0, errors=0.01, latency={"p99": 0.1})
    verdict = judged(made_up(values), objectives)["latency p99"]
    assert verdict.outcome == "inconclusive"
    spread = values.copy()
    spread[3000:3080] = lognormal(80)
    spread[::125] = 0.2
    assert judged(made_up(spread), objectives)["latency p99"].outcome != "failed"


def test_a_busy_stretch_well_within_the_limit_does_not_make_it_inconclusive():
    values = lognormal(3000)
    values[1500:] *= 1.5
    values[2000:2100] *= 2
    objectives = Objectives(rate=100.0, errors=0.01, latency={"p99": 0.5})
    assert judged(made_up(values), objectives)["latency p99"].outcome == "passed"


def test_a_stall_of_two_seconds_in_ten_fails():
    at = np.arange(1000) / 100
    values = 0.01 + np.where((at >= 4) & (at < 6), 6 - at, 0)
    verdict = judged(made_up(values))["latency p99"]
    assert verdict.outcome == "failed"
    assert verdict.measurements[0].value >= 1.5


def test_failures_count_as_the_time_out():
    load = made_up(lognormal(), endings=failing(4000, 50))
    found = judged(load, Objectives(rate=100.0, errors=0.05, latency={"p95": 0.25, "p99": 0.25}))
    assert found["latency p95"].outcome == "passed"
    assert found["latency p99"].measurements[0].value == 10.0


def test_an_error_rate_above_what_is_allowed_fails_and_names_the_kinds():
    load = made_up(lognormal(), endings=failing(4000, 50), examples={"error status": "500: no"})
    verdict = judged(load)["error rate"]
    assert verdict.outcome == "failed"
    assert "80 of 4,000 requests failed (2.000%)" in verdict.message
    assert "80 × error status (500: no)" in verdict.message


def test_few_requests_without_an_error_do_not_show_a_small_rate():
    verdict = judged(made_up(lognormal(1000)), Objectives(rate=100.0, errors=0.001, latency={}))["error rate"]
    assert verdict.outcome == "inconclusive"
    assert "2,995 requests like these" in verdict.message


def test_errors_in_one_stretch_widen_the_bound():
    endings = np.zeros(4000, int)
    endings[1000:1030] = records.STATUS
    found = judged(made_up(lognormal(), endings=endings), Objectives(rate=100.0, errors=0.012, latency={}))
    apart = judged(made_up(lognormal(), endings=failing(4000, 134)), Objectives(rate=100.0, errors=0.012, latency={}))
    assert apart["error rate"].outcome == "passed"
    assert found["error rate"].outcome == "inconclusive"


def test_late_sends_make_everything_inconclusive():
    late = np.zeros(4000)
    late[:41] = 0.02
    [verdict] = load_verdict.judge(made_up(lognormal(), late=late), P99)
    assert verdict.outcome == "inconclusive"
    assert "the generator was late: 1.0% of its sends" in verdict.message
    late[40] = 0.0
    assert len(load_verdict.judge(made_up(lognormal(), late=late), P99)) == 3


def test_a_lost_part_of_the_generator_is_inconclusive_even_if_the_rest_is_fast():
    [verdict] = load_verdict.judge(made_up(lognormal(), missing=100), P99)
    assert verdict.outcome == "inconclusive"
    assert "only 4,000 of 4,100" in verdict.message


def test_no_requests_at_all_are_inconclusive():
    [verdict] = load_verdict.judge(made_up([], seconds=10.0), P99)
    assert verdict.outcome == "inconclusive"


def test_a_rate_that_was_never_sent_is_inconclusive_and_one_that_the_service_held_up_fails():
    slow = Objectives(rate=200.0, errors=0.01, latency={})
    [verdict] = load_verdict.judge(made_up(lognormal()), slow)
    assert (verdict.outcome, "200 are asked for" in verdict.message) == ("inconclusive", True)
    waited = np.linspace(0, 20, 4000)
    verdict = load_verdict.judge(made_up(lognormal(), waited=waited), P99)[0]
    assert verdict.outcome == "failed"
    assert "found no free connection" in verdict.message


def test_without_confidence_the_point_estimates_decide():
    load = made_up(lognormal(100))
    assert {v.outcome for v in judged(load, confidence=0.0).values()} == {"passed"}


def test_latency_that_grows_is_told():
    growing = np.linspace(0.01, 1.0, 1000)
    assert "it queues up" in load_verdict.drift(made_up(growing))
    assert "the warm-up was too short" in load_verdict.drift(made_up(growing[::-1]))
    assert load_verdict.drift(made_up(lognormal())) == ""


def test_the_run_in_parts_shows_where_it_was_slow():
    values = lognormal(1000)
    values[500:600] = 2.0
    parts = load_verdict.over_time(made_up(values), parts=10)
    assert [p > 1.9 for p in parts["p95"]] == [False] * 5 + [True] + [False] * 4
    assert parts["rate"] == pytest.approx([100.0] * 10)


@pytest.mark.parametrize(
    ("errors", "latency", "expected"),
    [(0.001, {"p99": 0.25}, 2995), (0.01, {"p99": 0.25}, 4 * 299), (0.5, {"p95": 0.25}, 4 * 59), (0.0, {}, np.inf)],
)
def test_requests_needed_are_those_that_show_the_hardest_objective(errors, latency, expected):
    asked = Objectives(rate=1.0, errors=errors, latency=latency)
    assert load_verdict.requests_needed(asked, confidence=0.95) == pytest.approx(expected, rel=0.02)


def test_a_healthy_service_is_shown_so_almost_always_and_a_bad_one_almost_never():
    """Fixed seeds: 4 × 299 requests, p99 at 60 % of the limit, then 15 % above it."""
    good, bad = 0, 0
    for seed in range(200):
        values = lognormal(1196, seed)
        p99 = 0.02 * np.exp(0.5 * 2.3263)
        good += (
            judged(made_up(values), Objectives(rate=100.0, errors=0.01, latency={"p99": p99 / 0.6}))[
                "latency p99"
            ].outcome
            == "passed"
        )
        bad += (
            judged(made_up(values), Objectives(rate=100.0, errors=0.01, latency={"p99": p99 / 1.15}))[
                "latency p99"
            ].outcome
            == "passed"
        )
    assert good >= 196
    assert bad <= 4
