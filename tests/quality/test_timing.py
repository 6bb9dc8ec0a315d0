from __future__ import annotations

import numpy as np
import pytest

from pytest_mlready.quality import timing

LIMITS = {"p50": 0.004, "p95": 0.010, "p99": 0.020}


def latencies(n, scale=0.001, seed=0):
    return np.random.default_rng(seed).lognormal(0, 0.5, n) * scale


def outcomes(seconds, limits=LIMITS):
    return [v.outcome for v in timing.judge(seconds, limits)]


def test_a_fast_model_passes():
    assert outcomes(latencies(2000)) == ["passed"] * 3


def test_a_slow_model_fails():
    assert outcomes(latencies(2000, scale=0.05)) == ["failed"] * 3


def test_a_slow_tail_fails_p99_alone():
    seconds = latencies(2000)
    seconds[::50] = 0.5
    assert outcomes(seconds) == ["passed", "passed", "failed"]


@pytest.mark.parametrize(("n", "expected"), [(298, "inconclusive"), (299, "passed")])
def test_p99_needs_299_calls(n, expected):
    assert outcomes(latencies(n), {"p99": 1.0}) == [expected]


@pytest.mark.parametrize(("n", "expected"), [(58, "inconclusive"), (59, "passed")])
def test_p95_needs_59_calls(n, expected):
    assert outcomes(latencies(n), {"p95": 1.0}) == [expected]


def test_too_few_calls_say_how_many_are_needed():
    assert "at least 299 calls" in timing.judge(latencies(100), {"p99": 1.0})[0].message


def test_too_few_calls_that_miss_the_limit_fail():
    assert outcomes(latencies(20, scale=1.0), {"p99": 0.02}) == ["failed"]


def test_a_bound_beyond_the_limit_is_inconclusive():
    seconds = latencies(400)
    limit = (np.quantile(seconds, 0.99) + seconds.max()) / 2
    assert outcomes(seconds, {"p99": float(limit)}) == ["inconclusive"]


def test_nan_never_passes():
    seconds = latencies(2000)
    seconds[3] = np.nan
    assert "passed" not in outcomes(seconds)


def test_no_limit_judges_nothing():
    assert outcomes(latencies(2000), {"p50": None, "p99": None}) == []


def test_the_upper_bound_covers_the_true_percentile_in_95_of_100_runs():
    truth = float(np.exp(0.5 * 2.3263478740408408) * 0.001)
    covered = [timing.percentiles(latencies(500, seed=s))[2].upper >= truth for s in range(400)]
    assert 0.93 <= np.mean(covered) <= 1.0


def test_no_calls_at_all_are_an_error():
    with pytest.raises(ValueError, match="no latencies"):
        timing.percentiles([])


def test_a_run_that_slows_down_shows():
    assert timing.stationarity(np.r_[latencies(500), latencies(500) * 2]) == pytest.approx(1.0, abs=0.01)
    assert abs(timing.stationarity(latencies(4000))) < 0.2


def test_a_size_is_within_or_not():
    assert timing.judge_size(19_000_000, 20_000_000).outcome == "passed"
    found = timing.judge_size(25_000_000, 20_000_000)
    assert found.outcome == "failed"
    assert "25 MB exceeds max_size = 20 MB" in found.message


@pytest.mark.parametrize(
    ("values", "outcome"), [([1, 1, 1.5], "passed"), ([1, 1, 3], "inconclusive"), ([1, 3, 3], "failed")]
)
def test_the_largest_of_repeated_measurements_decides(values, outcome):
    assert timing.judge_largest("load time", values, 2.0, unit="s", setting="max_load_time").outcome == outcome


def test_calls_are_cut_to_the_time_there_is():
    assert timing.affordable_calls(2000, 0.001, 60) == 2000
    assert timing.affordable_calls(2000, 0.1, 60) == 600
    assert timing.affordable_calls(2000, 100, 60) == 20
    assert timing.affordable_calls(5, 100, 60) == 5


def test_numbers_read_well():
    assert [timing.human_time(t) for t in (1.5, 0.00421, 2e-6, 3e-9)] == ["1.5 s", "4.21 ms", "2 µs", "3 ns"]
    assert [timing.human_size(b) for b in (20e6, 1536, 12)] == ["20 MB", "1.54 kB", "12 bytes"]


def test_without_confidence_the_percentile_itself_decides():
    seconds = latencies(200)
    limit = float(np.quantile(seconds, 0.99, method="inverted_cdf"))
    assert [v.outcome for v in timing.judge(seconds, {"p99": limit}, confidence=0)] == ["passed"]
    assert [v.outcome for v in timing.judge(seconds, {"p99": limit * 0.99}, confidence=0)] == ["failed"]
