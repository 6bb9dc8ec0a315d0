"""Paired ratios: bounds that hold what they say, disturbances that drop out, and increases that were decided."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.errors import DataError
from pytest_mlready.quality import regression
from pytest_mlready.quality.regression import Accepted, Costs, judge, ratio

RNG = np.random.default_rng(9)


def costs(factor, n=30, noise=0.02, seed=1, **more):
    rng = np.random.default_rng(seed)
    previous = np.exp(rng.normal(scale=noise, size=n))
    candidate = factor * np.exp(rng.normal(scale=noise, size=n))
    return Costs(**{"figure": "latency p50", "candidate": candidate, "previous": previous, **more})


def outcome(factor, **more):
    return judge(ratio(costs(factor, **more))).outcome


def test_the_bounds_are_order_statistics_of_the_paired_ratios():
    given = costs(1.05, n=30)
    found, ordered = ratio(given), np.sort(given.candidate / given.previous)
    k = int(stats.binom.ppf(0.95, 30, 0.5)) + 1
    assert found.upper == pytest.approx(ordered[k - 1])
    assert found.lower == pytest.approx(ordered[30 - k])
    assert found.value == pytest.approx(np.median(ordered), rel=1e-3)


@pytest.mark.parametrize(
    ("factor", "ended"), [(0.5, "passed"), (1.0, "passed"), (1.3, "failed"), (1.1, "inconclusive")]
)
def test_equal_and_faster_pass_slower_fails_and_the_limit_itself_is_open(factor, ended):
    assert outcome(factor) == ended


def test_a_machine_that_slows_down_during_the_run_changes_nothing():
    load = np.linspace(1, 5, 30)
    given = costs(1.0)
    slowed = Costs(figure="memory", candidate=given.candidate * load, previous=given.previous * load)
    assert ratio(slowed).value == pytest.approx(ratio(given).value)


def test_a_few_disturbed_turns_decide_nothing():
    given = costs(1.0)
    given.candidate[:4] *= 50
    assert judge(ratio(given)).outcome == "passed"


def test_at_the_limit_a_pass_is_as_rare_as_the_confidence_says():
    passed = sum(outcome(1.1, n=20, noise=0.1, seed=seed) == "passed" for seed in range(600))
    failed = sum(outcome(1.1, n=20, noise=0.1, seed=seed) == "failed" for seed in range(600))
    most = stats.binom.ppf(0.999, 600, 0.05)
    assert passed <= most
    assert failed <= most


def test_four_pairs_are_too_few_and_five_are_enough():
    few = judge(ratio(costs(1.0, n=4)))
    assert few.outcome == "inconclusive"
    assert "At least 5 pairs" in few.message
    assert math.isinf(ratio(costs(1.0, n=4)).upper)
    assert outcome(1.0, n=5) == "passed"


def test_without_confidence_the_point_estimate_decides():
    found = ratio(costs(1.05, n=3), confidence=0)
    assert found.lower == found.value == found.upper
    assert judge(found, confidence=0).outcome == "passed"


@pytest.mark.parametrize("values", [[], [0.0], [math.nan], [-1.0]])
def test_what_was_not_measured_is_an_error(values):
    with pytest.raises(DataError, match="was not measured"):
        ratio(Costs(figure="memory", candidate=values, previous=[1.0] * len(values)))


ENTRY = {"figure": "latency p50", "ratio": 2.0, "version": "2.0.0", "reason": "trees"}


def test_a_decided_increase_holds_for_its_version_alone():
    assert regression.accepted([ENTRY], "2.0.0") == {
        "latency p50": Accepted(figure="latency p50", ratio=2.0, version="2.0.0", reason="trees")
    }
    assert regression.accepted([ENTRY], "2.1.0") == regression.accepted([ENTRY], None) == {}


def test_a_decided_increase_raises_the_limit_and_is_said():
    entry = regression.accepted([ENTRY], "2.0.0")["latency p50"]
    passed = judge(ratio(costs(1.5)), accepted=entry)
    assert passed.outcome == "passed"
    assert "up to 2 times is accepted for 2.0.0: trees" in passed.message
    assert judge(ratio(costs(2.5)), accepted=entry).outcome == "failed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"figure": "latency p90"}, 'did you mean "latency p95"'),
        ({"reason": ""}, "no reason"),
        ({"version": None}, "no version"),
        ({"ratio": "much"}, "the ratio 'much'"),
    ],
)
def test_an_entry_that_is_not_whole_is_an_error(change, said):
    with pytest.raises(DataError, match=said):
        regression.accepted([{**ENTRY, **change}], "2.0.0")
