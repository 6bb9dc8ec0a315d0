from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from statsmodels.stats.proportion import confint_proportions_2indep

from pytest_mlready.quality import gaps
from pytest_mlready.quality.intervals import Interval

COUNTS = [(30, 60, 50, 70), (5, 200, 9, 150), (19, 20, 40, 90), (320, 590, 2180, 3256)]
Z = float(ndtri(0.975))


@pytest.mark.parametrize("counts", COUNTS)
def test_newcombes_interval_is_that_of_statsmodels(counts):
    k, n, k0, n0 = counts
    theirs = confint_proportions_2indep(k, n, k0, n0, compare="diff", method="newcomb", alpha=0.05)
    assert gaps.newcombe(k, n, k0, n0).bounds(Z) == pytest.approx(theirs, abs=1e-9)


def test_newcombes_published_example_is_reproduced():
    """Newcombe 1998, table II, method 10: 56/70 less 48/80 is 0.2000 (0.0524 to 0.3339)."""
    found = gaps.newcombe(56, 70, 48, 80)
    assert found.estimate == pytest.approx(0.2)
    assert found.bounds(Z) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize("counts", COUNTS)
def test_katz_interval_is_that_of_statsmodels(counts):
    k, n, k0, n0 = counts
    theirs = confint_proportions_2indep(k, n, k0, n0, compare="ratio", method="log", alpha=0.05)
    found = gaps.katz(k, n, k0, n0)
    assert [math.exp(b) for b in found.bounds(Z)] == pytest.approx(theirs, rel=1e-9)
    assert math.exp(found.estimate) == pytest.approx(k / n / (k0 / n0))


def test_a_count_of_zero_has_a_ratio_with_wide_bounds():
    low, high = gaps.katz(0, 40, 20, 60).bounds(Z)
    assert math.isfinite(low)
    assert low < math.log(0.3) < high


def test_the_p_value_is_the_level_at_which_the_bound_reaches_the_limit():
    found = gaps.newcombe(300, 600, 420, 600)
    p = gaps.p_beyond(found, 0.1)
    assert found.bounds(float(ndtri(1 - p)))[1] == pytest.approx(-0.1, abs=1e-6)
    assert gaps.p_beyond(found, 0.25) == 1.0
    assert gaps.p_beyond(gaps.newcombe(10, 600, 590, 600), 0.1) < 1e-14


def test_for_a_normal_gap_the_p_value_is_that_of_the_z_test():
    interval = Interval(estimate=0.3, lower=0.3 - 1.645 * 0.08, upper=0.3 + 1.645 * 0.08, n=100, method="x")
    found = gaps.scaled(interval, float(ndtr(1.645)))
    assert gaps.p_beyond(found, 0.1) == pytest.approx(float(ndtr(-(0.3 - 0.1) / 0.08)), rel=1e-4)
    assert gaps.detectable(found, z=1.645, z_power=0.84) == pytest.approx((1.645 + 0.84) * 0.08)


@pytest.mark.parametrize(("n", "true"), [(200, 0.1), (60, 0.1), (500, 0.2)])
def test_a_gap_at_its_limit_raises_a_false_alarm_in_one_of_twenty_samples_at_most(n, true):
    rng = np.random.default_rng(11)
    a, b = rng.binomial(n, 0.5, 600), rng.binomial(4 * n, 0.5 + true, 600)
    alarms = [gaps.p_beyond(gaps.newcombe(int(k), n, int(k0), 4 * n), true) <= 0.05 for k, k0 in zip(a, b, strict=True)]
    assert np.mean(alarms) <= 0.065


def test_a_gap_that_is_called_detectable_is_detected():
    n, shares = 500, (0.60, 0.70)
    rng = np.random.default_rng(5)
    z, power = float(ndtri(0.95)), float(ndtri(0.8))
    seen = gaps.detectable(gaps.newcombe(int(n * 0.65), n, int(n * 0.65), n), z=z, z_power=power)
    assert seen == pytest.approx(2.49 * math.sqrt(2 * 0.65 * 0.35 / n), rel=0.02)
    a, b = rng.binomial(n, shares[0], 500), rng.binomial(n, shares[0] + seen, 500)
    found = [gaps.newcombe(int(k), n, int(k0), n).bounds(z)[1] < 0 for k, k0 in zip(a, b, strict=True)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)
