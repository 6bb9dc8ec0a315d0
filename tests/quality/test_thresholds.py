"""Holds verdicts against the rule (bound, point, between) and the advised rows against the published figures."""

import math

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.quality import intervals
from pytest_mlready.quality.metrics import Estimate, measure
from pytest_mlready.quality.thresholds import judge, rows_for_share, rows_needed
from pytest_mlready.values import Predictions


def share(right, n, confidence=0.95):
    lower, upper = intervals.wilson(right, n, confidence=confidence, sides=1)
    return Estimate(
        name="accuracy", value=right / n, lower=float(lower), upper=float(upper), n=n, method="Wilson", confidence=confidence
    )  # fmt: skip


def error(value, lower, upper, n=1000):
    return Estimate(
        name="mae", value=value, lower=lower, upper=upper, n=n, method="BCa bootstrap", greater_is_better=False
    )


@pytest.mark.parametrize(
    ("right", "outcome"),
    [(930, "passed"), (910, "inconclusive"), (901, "inconclusive"), (899, "failed"), (700, "failed")],
)
def test_a_minimum_is_passed_by_the_bound_and_failed_by_the_point(right, outcome):
    assert judge(share(right, 1000), min=0.9).outcome == outcome


@pytest.mark.parametrize(
    ("estimate", "outcome"),
    [(error(2.0, 1.9, 2.1), "passed"), (error(2.45, 2.3, 2.6), "inconclusive"), (error(2.51, 2.4, 2.6), "failed")],
)
def test_a_maximum_is_passed_by_the_upper_bound(estimate, outcome):
    assert judge(estimate, max=2.5).outcome == outcome


@pytest.mark.parametrize(
    ("least", "most", "outcome"),
    [(0.9, 0.97, "passed"), (0.9, 0.94, "inconclusive"), (0.9, 0.92, "failed"), (0.94, 0.935, "failed")],
)
def test_both_limits_must_hold(least, most, outcome):
    assert judge(share(930, 1000), min=least, max=most).outcome == outcome


def test_the_message_names_value_bound_method_rows_and_limit():
    message = judge(share(910, 1000), min=0.9).message
    assert "accuracy is 0.91 (lower 95 % bound 0.894, Wilson, 1,000 rows); asked is at least 0.9" in message
    assert "about 2,600 rows would decide" in message
    assert len(message) < 200


def test_numbers_that_round_to_the_same_text_are_told_apart():
    assert "0.900001" in judge(error(0.900001, 0.8, 1.0), max=0.9).message


def test_the_measurement_carries_limits_interval_and_method():
    (measured,) = judge(share(930, 1000), min=0.9).measurements
    assert (measured.min, measured.max, measured.n) == (0.9, None, 1000)
    assert measured.interval == (share(930, 1000).lower, share(930, 1000).upper)
    assert "Wilson" in measured.note


@pytest.mark.parametrize(("right", "outcome"), [(901, "passed"), (900, "passed"), (899, "failed")])
def test_without_confidence_the_point_decides_and_the_message_says_so(right, outcome):
    verdict = judge(share(right, 1000), min=0.9, confidence=0)
    assert verdict.outcome == outcome
    assert "(point estimate alone: confidence = 0, 1,000 rows)" in verdict.message
    assert verdict.measurements[0].interval is None


def test_an_estimate_with_a_reason_is_inconclusive_whatever_its_value():
    estimate = Estimate(name="roc_auc", value=0.99, n=40, reason="only 31 rows of the rarest class")
    verdict = judge(estimate, min=0.5)
    assert verdict.outcome == "inconclusive"
    assert "only 31 rows" in verdict.message


def test_an_estimate_without_a_value_is_inconclusive_even_without_confidence():
    assert judge(Estimate(name="f1", value=None, reason="NaN"), min=0.5, confidence=0).outcome == "inconclusive"


@pytest.mark.parametrize(("value", "limit", "published"), [(0.92, 0.90, 660), (0.91, 0.90, 2500), (0.995, 0.99, 1160)])
def test_the_published_numbers_of_rows_are_reproduced(value, limit, published):
    n = rows_for_share(value, limit)
    assert n == pytest.approx(published, rel=0.025)
    assert judge(share(round(value * n), n), min=limit).outcome == "passed"
    assert judge(share(round(value * (n - 1)), n - 1), min=limit).outcome == "inconclusive"


def test_the_advice_for_a_maximum_mirrors_that_for_a_minimum():
    rare = Estimate(name="fpr", value=0.08, lower=0.06, upper=0.11, n=200, method="Wilson", greater_is_better=False)
    assert rows_needed(rare, 0.10) == rows_for_share(0.92, 0.90)


def test_the_advice_for_a_bootstrap_shrinks_the_bound_with_the_square_root_of_the_rows():
    assert rows_needed(error(2.4, 2.2, 2.6), 2.5) == 4000
    rng = np.random.default_rng(0)
    y = rng.normal(size=4000)
    p = Predictions(task="regression", y=y, labels=y + rng.normal(size=4000), sha256="x")
    small = measure("mae", Predictions(task="regression", y=p.y[:500], labels=p.labels[:500], sha256="x"))
    limit = small.value + 0.02
    assert rows_needed(small, limit) == pytest.approx(500 * ((small.upper - small.value) / 0.02) ** 2, rel=0.01)


def test_no_number_of_rows_decides_at_the_limit_itself():
    assert rows_needed(share(900, 1000), 0.9) is None
    assert "no feasible number of rows" in judge(share(900, 1000), min=0.9).message
    assert rows_for_share(0.90001, 0.9) is None


def test_the_exact_and_the_approximate_number_meet_where_they_change_over():
    assert rows_for_share(0.9012, 0.9) == pytest.approx(rows_for_share(0.9011, 0.9) * (11 / 12) ** 2, rel=0.02)


def test_a_model_that_sits_on_the_limit_passes_five_times_in_a_hundred():
    n = 2000
    likely = range(1750, 1851)
    passed = [k for k in likely if judge(share(k, n), min=0.9).outcome == "passed"]
    assert stats.binom.pmf(passed, n, 0.9).sum() + stats.binom.sf(likely[-1], n, 0.9) == pytest.approx(0.05, abs=0.006)


@pytest.mark.parametrize("limits", [{}, {"min": math.nan}, {"min": 0.5, "max": math.nan}])
def test_nothing_passes_without_a_limit(limits):
    with pytest.raises(ValueError, match="no limit"):
        judge(share(95, 100), **limits)
