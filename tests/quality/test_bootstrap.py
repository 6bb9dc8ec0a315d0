"""Holds the weighted bootstrap against scipy's on small data, and its coverage and memory against what is stated."""

import math
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.quality import bootstrap, intervals
from pytest_mlready.quality.bootstrap import acceleration, bca, units


def mean(x):
    return lambda w: w @ x / w.sum(axis=1)


def difference_of_means(x, group):
    return lambda w: mean(x)(w * group) - mean(x)(w * ~group)


def skewed(seed, n=120):
    return np.random.default_rng(seed).exponential(size=n) ** 1.5


def bounds_on(values, estimate, a):
    return np.quantile(values, bootstrap._levels(values, estimate, a, 0.025))


def test_the_bounds_are_scipys_to_the_last_digit_on_scipys_own_resamples():
    x = skewed(0)
    scipys = stats.bootstrap((x,), np.mean, n_resamples=2000, method="BCa", rng=2)
    a = acceleration(mean(x), len(x), units(len(x)))
    found = bounds_on(scipys.bootstrap_distribution, x.mean(), a)
    np.testing.assert_allclose(found, scipys.confidence_interval, atol=1e-9)


def test_stratified_bounds_are_scipys_two_sample_bounds_on_scipys_own_resamples():
    a, b = skewed(1, 60), skewed(2, 90)
    x, group = np.r_[a, b], np.r_[np.ones(60, bool), np.zeros(90, bool)]
    scipys = stats.bootstrap(
        (a, b), lambda a, b, axis: a.mean(axis) - b.mean(axis), n_resamples=2000, method="BCa", rng=3
    )
    accelerated = acceleration(difference_of_means(x, group), 150, units(150, strata=group))
    found = bounds_on(scipys.bootstrap_distribution, a.mean() - b.mean(), accelerated)
    np.testing.assert_allclose(found, scipys.confidence_interval, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_own_resamples_give_scipys_bounds_up_to_chance(seed):
    x = skewed(seed)
    found = bca(mean(x), len(x), resamples=20_000, seed=seed)
    scipys = stats.bootstrap((x,), np.mean, n_resamples=20_000, method="BCa", rng=seed).confidence_interval
    assert found.estimate == pytest.approx(x.mean(), abs=1e-12)
    assert (found.lower, found.upper) == pytest.approx(tuple(scipys), abs=0.05 * (scipys.high - scipys.low))


def test_acceleration_is_the_exact_jackknifes_on_small_data():
    x = skewed(3)
    left_out = (x.sum() - x) / (len(x) - 1)
    d = left_out.mean() - left_out
    expected = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    assert acceleration(mean(x), len(x), units(len(x))) == pytest.approx(expected, abs=1e-9)


def test_grouped_acceleration_is_near_the_exact_one_on_larger_data():
    x = np.random.default_rng(4).exponential(size=20_000)
    exact = stats.skew(x) / (6 * math.sqrt(len(x)))
    found = [acceleration(mean(x), len(x), units(len(x)), seed=s) for s in range(40)]
    assert np.mean(found) == pytest.approx(exact, abs=0.004)


def test_one_sided_bounds_are_those_of_the_two_sided_interval_with_twice_the_tail():
    x = skewed(5)
    assert bca(mean(x), 120, confidence=0.95, sides=1) == bca(mean(x), 120, confidence=0.90, sides=2)


def test_the_same_seed_gives_the_same_bounds_and_another_seed_others():
    x = skewed(6)
    assert bca(mean(x), 120, seed=1) == bca(mean(x), 120, seed=1) != bca(mean(x), 120, seed=2)


def test_block_size_changes_nothing(monkeypatch):
    x = skewed(7)
    expected = bca(mean(x), 120)
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", 1)
    small = bca(mean(x), 120)
    assert (small.lower, small.upper) == pytest.approx((expected.lower, expected.upper), abs=1e-12)


def test_resamples_keep_the_class_counts():
    strata = np.array(["a"] * 7 + ["b"] * 3 + ["a"] * 5)
    for block in bootstrap.resampled(15, units(15, strata=strata), resamples=50, seed=0):
        assert (block[:, strata == "b"].sum(axis=1) == 3).all()
        assert (block.sum(axis=1) == 15).all()


def test_resamples_of_clusters_take_all_rows_of_a_cluster_or_none():
    cluster = np.array(["x", "y", "x", "z", "z", "z"])
    for block in bootstrap.resampled(6, units(6, cluster=cluster), resamples=50, seed=0):
        assert (block[:, 0] == block[:, 2]).all()
        assert (block[:, 3] == block[:, 5]).all()
        assert (block[:, 0] + block[:, 1] + block[:, 3] == 3).all()


def test_clusters_of_one_row_are_rows():
    x = skewed(8)
    rows, clusters = bca(mean(x), 120), bca(mean(x), 120, cluster=np.arange(120))
    assert (rows.lower, rows.upper) == pytest.approx((clusters.lower, clusters.upper), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "why"),
    [(np.ones(200), "nothing varies"), (np.array([1.0]), "one row"), (np.full(200, np.nan), "undefined")],
)
def test_bounds_that_cannot_be_formed_are_nan(x, why):
    found = bca(mean(x), len(x))
    assert math.isnan(found.lower), why
    assert math.isnan(found.upper), why


def test_a_statistic_undefined_on_many_resamples_has_no_bounds():
    x = skewed(9)
    often_nan = lambda w: np.where(w[:, 0] == 0, np.nan, mean(x)(w))  # noqa: E731
    assert math.isnan(bca(often_nan, 120).lower)


def test_a_paired_difference_is_bounded_more_tightly_than_an_unpaired_one():
    rng = np.random.default_rng(10)
    x = rng.normal(size=400)
    y = x + rng.normal(size=400) * 0.1
    paired = bca(lambda w: mean(x)(w) - mean(y)(w), 400)
    assert paired.upper - paired.lower < 0.05


@pytest.mark.slow
def test_bca_bounds_a_skewed_mean_from_above_better_than_the_percentile_bootstrap():
    rng = np.random.default_rng(11)
    truth, hits, runs = math.exp(0.5), np.zeros(2), 300
    for run in range(runs):
        x = rng.lognormal(size=100)
        found = bca(mean(x), 100, sides=1, resamples=400, seed=run)
        plain = bootstrap.distribution(mean(x), 100, units(100), resamples=400, seed=run)
        hits += [truth <= found.upper, truth <= np.quantile(plain, 0.95)]
    assert hits[0] > hits[1]
    assert hits[0] / runs > 0.89


@pytest.mark.slow
def test_clustered_rows_need_the_cluster_bootstrap():
    """200 users of 10 rows, strongly alike within a user: Wilson over rows covers 60 %, the cluster bootstrap 92.5 %."""
    rng = np.random.default_rng(12)
    cluster, hits, runs = np.repeat(np.arange(200), 10), np.zeros(2), 300
    concentration = 0.5
    a, b = 0.9 * concentration, 0.1 * concentration
    for run in range(runs):
        right = (rng.random(2000) < np.repeat(rng.beta(a, b, 200), 10)).astype(float)
        lower, upper = intervals.wilson(right.sum(), 2000)
        found = bca(mean(right), 2000, cluster=cluster, resamples=600, seed=run)
        hits += [lower <= 0.9 <= upper, found.lower <= 0.9 <= found.upper]
    assert hits[0] / runs == pytest.approx(0.60, abs=0.08)
    assert hits[1] / runs == pytest.approx(0.925, abs=0.035)


def test_memory_stays_within_a_few_blocks():
    x = skewed(13, 20_000)
    statistic = mean(x)
    bca(statistic, len(x), resamples=10)
    tracemalloc.start()
    bca(statistic, len(x), resamples=300)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * bootstrap.BLOCK_BYTES
