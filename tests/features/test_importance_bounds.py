from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.features.importance_bounds import Spread, holm, spread


def test_rows_without_skew_have_the_normal_bounds():
    units = np.concatenate([np.linspace(-1, 1, 1001)])
    one = spread(0.3, units)
    error = units.std(ddof=1) / math.sqrt(1001)
    assert one.upper(0.95) == pytest.approx(0.3 + 1.6449 * error, rel=1e-4)
    assert one.lower(0.95) == pytest.approx(0.3 - 1.6449 * error, rel=1e-4)


def test_skewed_rows_have_about_the_bounds_of_scipys_bootstrap():
    values = np.random.default_rng(0).exponential(size=300)
    one = spread(values.mean(), values - values.mean())
    theirs = stats.bootstrap((values,), np.mean, confidence_level=0.9, n_resamples=9999, rng=1).confidence_interval
    assert one.lower(0.95) == pytest.approx(theirs.low, abs=0.15 * one.error)
    assert one.upper(0.95) == pytest.approx(theirs.high, abs=0.15 * one.error)
    assert one.upper(0.95) - values.mean() > values.mean() - one.lower(0.95)


@pytest.mark.parametrize(("n", "least"), [(100, 0.93), (400, 0.94)])
def test_the_upper_bound_of_a_skewed_mean_covers_where_the_plain_one_does_not(n, least):
    rng = np.random.default_rng(1)
    ours = plain = 0
    for _ in range(2000):
        values = rng.exponential(size=n) ** 1.5
        one = spread(values.mean(), values - values.mean())
        ours += one.upper(0.95) >= math.gamma(2.5)
        plain += values.mean() + 1.645 * one.error >= math.gamma(2.5)
    assert ours / 2000 > least - 0.015
    assert ours > plain


@pytest.mark.parametrize("skew", [-0.3, 0.0, 0.4])
@pytest.mark.parametrize("limit", [-1.0, 0.1, 0.5, 2.0])
def test_the_p_value_and_the_upper_bound_say_the_same(skew, limit):
    one = Spread(estimate=0.2, error=0.2, skew=skew)
    p = one.p_below(limit)
    assert 0 <= p <= 1
    if 1e-6 < p < 1 - 1e-6:
        assert one.upper(1 - p) == pytest.approx(limit, abs=1e-6)


def test_without_any_spread_the_estimate_decides():
    one = spread(0.0, np.zeros(50))
    assert (one.lower(0.95), one.upper(0.95)) == (0.0, 0.0)
    assert (one.p_below(0.01), one.p_below(-0.01)) == (0.0, 1.0)


def test_confidence_0_compares_the_estimates():
    one = Spread(estimate=0.2, error=0.2, skew=0.4)
    assert one.lower(0) == one.upper(0) == 0.2


def test_an_excess_never_takes_the_error_away():
    units = np.random.default_rng(2).normal(size=100)
    assert spread(0, units, excess=99.0).error == pytest.approx(spread(0, units).error / 2)


@pytest.mark.slow
def test_holm_rejects_what_statsmodels_rejects():
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(3)
    for _ in range(20):
        p = rng.random(12) ** 4
        assert holm(p.tolist(), 0.05)[0] == multipletests(p, 0.05, method="holm")[0].tolist()


def test_holm_tells_the_level_that_is_left():
    assert holm([0.001, 0.5, 0.9], 0.06) == ([True, False, False], pytest.approx(0.03))
    assert holm([], 0.05)[0] == []
