"""Holds the closed-form bounds against statsmodels, scipy and brute force, and reproduces the published coverage."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from pytest_mlready.quality import intervals

CASES = [(0, 1), (0, 30), (1, 30), (15, 30), (29, 30), (30, 30), (92, 100), (9_950, 10_000), (123_456, 1_000_000)]


@pytest.mark.parametrize(("k", "n"), CASES)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_wilson_agrees_with_statsmodels(k, n, confidence):
    expected = proportion_confint(k, n, alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose(intervals.wilson(k, n, confidence=confidence), expected, atol=1e-9)


@pytest.mark.parametrize(("k", "n"), CASES)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_clopper_pearson_agrees_with_scipy(k, n, confidence):
    expected = stats.binomtest(k, n).proportion_ci(confidence, method="exact")
    np.testing.assert_allclose(intervals.clopper_pearson(k, n, confidence=confidence), expected, atol=1e-9)


@pytest.mark.parametrize("bounds", [intervals.wilson, intervals.clopper_pearson])
def test_two_one_sided_bounds_are_the_two_sided_interval_of_twice_the_tail(bounds):
    np.testing.assert_allclose(bounds(92, 100, confidence=0.95, sides=1), bounds(92, 100, confidence=0.90))


@pytest.mark.parametrize("bounds", [intervals.wilson, intervals.clopper_pearson])
def test_bounds_of_arrays_are_the_bounds_of_their_elements(bounds):
    k, n = np.array([[0, 5, 10], [1, 99, 100]]), np.array([[10], [100]])
    lower, upper = bounds(k, n)
    for index in np.ndindex(k.shape):
        assert (lower[index], upper[index]) == bounds(k[index], n[index[0], 0])


def test_no_trials_leave_a_proportion_entirely_open():
    assert intervals.wilson(0, 0) == (0.0, 1.0)
    assert intervals.clopper_pearson(0, 0) == (0.0, 1.0)


def test_rule_of_three_is_the_exact_bound_and_near_three_over_n():
    assert intervals.rule_of_three(1000) == pytest.approx(intervals.clopper_pearson(0, 1000, sides=1)[1], abs=1e-12)
    assert intervals.rule_of_three(1000) == pytest.approx(3 / 1000, rel=0.01)
    assert intervals.rule_of_three(0) == 1.0


def coverage(bounds, n, p):
    """Exact: every outcome of the binomial, weighted by its probability."""
    k = np.arange(n + 1)
    lower, upper = bounds(k, n)
    return float(stats.binom.pmf(k, n, p)[(lower <= p) & (p <= upper)].sum())


def wald(k, n):
    half = stats.norm.ppf(0.975) * np.sqrt(k / n * (1 - k / n) / n)
    return k / n - half, k / n + half


def percentile_bootstrap(k, n):
    return stats.binom.ppf(0.025, n, k / n) / n, stats.binom.ppf(0.975, n, k / n) / n


def jeffreys(k, n):
    lower, upper = (stats.beta.ppf(q, k + 0.5, n - k + 0.5) for q in (0.025, 0.975))
    return np.where(k == 0, 0, lower), np.where(k == n, 1, upper)


@pytest.mark.parametrize(
    ("n", "p", "expected"),
    [
        (30, 0.95, (0.782, 0.782, 0.939, 0.984, 0.984)),
        (30, 0.99, (0.260, 0.260, 0.964, 0.964, 0.997)),
        (100, 0.95, (0.877, 0.959, 0.966, 0.935, 0.983)),
        (100, 0.99, (0.633, 0.633, 0.921, 0.982, 0.982)),
        (1000, 0.95, (0.942, 0.954, 0.950, 0.950, 0.958)),
    ],
)
def test_the_published_coverage_of_proportions_is_reproduced(n, p, expected):
    methods = (wald, percentile_bootstrap, intervals.wilson, jeffreys, intervals.clopper_pearson)
    found = [coverage(method, n, p) for method in methods]
    assert found == pytest.approx(expected, abs=0.0011)


def scored(seed, positives=40, negatives=160, *, ties=False):
    rng = np.random.default_rng(seed)
    y = np.r_[np.ones(positives, bool), np.zeros(negatives, bool)]
    score = rng.normal(size=len(y)) + 1.2 * y
    return (y, np.round(score) if ties else score)


def areas_by_pairs(y, score):
    """The definition: every positive against every negative."""
    above = (score[y][:, None] > score[~y]) + 0.5 * (score[y][:, None] == score[~y])
    variance = np.var(above.mean(axis=1), ddof=1) / y.sum() + np.var(above.mean(axis=0), ddof=1) / (~y).sum()
    return above.mean(), variance


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_delong_agrees_with_its_definition_and_scikit_learn(seed, ties):
    y, score = scored(seed, ties=ties)
    area, variance = intervals.delong(y, score)
    np.testing.assert_allclose((area, variance), areas_by_pairs(y, score), rtol=1e-9)
    assert area == pytest.approx(roc_auc_score(y, score), abs=1e-12)


def test_paired_delong_agrees_with_the_variance_of_each_and_of_the_difference():
    y, first = scored(0)
    second = first + scored(7)[1] * 0.3
    areas, covariance = intervals.delong_paired(y, first, second)
    np.testing.assert_allclose(
        np.column_stack([areas, np.diag(covariance)]), [intervals.delong(y, first), intervals.delong(y, second)]
    )
    v = [(s[y][:, None] > s[~y]) for s in (first, second)]
    by_hand = np.cov(v[0].mean(1), v[1].mean(1))[0, 1] / y.sum() + np.cov(v[0].mean(0), v[1].mean(0))[0, 1] / (~y).sum()
    assert covariance[0, 1] == pytest.approx(by_hand, rel=1e-9)


def test_delong_of_one_class_or_of_nan_scores_is_nan():
    assert all(map(math.isnan, intervals.delong([1, 1, 1], [0.1, 0.2, 0.3])))
    assert all(map(math.isnan, intervals.delong([1, 0, 1], [0.1, np.nan, 0.3])))


def test_delong_with_a_single_row_of_a_class_has_an_area_and_no_variance():
    area, variance = intervals.delong([1, 0, 0], [0.5, 0.4, 0.6])
    assert area == 0.5
    assert math.isnan(variance)


def test_logit_delong_is_the_wald_interval_on_the_logit():
    y, score = scored(3)
    found = intervals.logit_delong(y, score)
    area, variance = intervals.delong(y, score)
    half = stats.norm.ppf(0.975) * math.sqrt(variance) / (area * (1 - area))
    logit = math.log(area / (1 - area))
    assert (found.lower, found.upper) == pytest.approx(
        (1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit)))
    )


def test_a_perfect_ranking_has_no_logit_interval():
    found = intervals.logit_delong([1, 1, 0, 0], [4, 3, 2, 1])
    assert found.estimate == 1
    assert math.isnan(found.lower)


@pytest.mark.parametrize(
    ("area", "positives", "negatives", "on_logit", "plain"), [(0.85, 20, 200, 0.93, 0.90), (0.965, 15, 150, 0.90, 0.81)]
)
def test_logit_delong_covers_where_plain_delong_does_not(area, positives, negatives, on_logit, plain):
    rng = np.random.default_rng(1)
    y = np.r_[np.ones(positives, bool), np.zeros(negatives, bool)]
    hits = np.zeros(2)
    runs = 1000
    for _ in range(runs):
        score = rng.normal(size=len(y)) + y * math.sqrt(2) * stats.norm.ppf(area)
        found = intervals.logit_delong(y, score)
        half = stats.norm.ppf(0.975) * math.sqrt(intervals.delong(y, score)[1])
        hits += [found.lower <= area <= found.upper, abs(found.estimate - area) <= half]
    assert tuple(hits / runs) == pytest.approx((on_logit, plain), abs=0.035)


@pytest.mark.parametrize(("quantile", "expected"), [(0.95, 59), (0.99, 299), (0.999, 2995)])
def test_the_least_number_of_calls_that_bounds_a_percentile(quantile, expected):
    assert intervals.minimal_n(quantile) == expected
    values = np.arange(expected, dtype=float)
    assert intervals.quantile_upper(values, quantile) == values[-1]
    assert intervals.quantile_upper(values[:-1], quantile) == math.inf


@pytest.mark.parametrize("n", [59, 100, 300, 2000])
def test_the_quantile_bound_is_the_smallest_order_statistic_that_reaches_the_confidence(n):
    k = int(intervals.quantile_upper(np.arange(1, n + 1), 0.95))
    assert stats.binom.cdf(k - 1, n, 0.95) >= 0.95 > stats.binom.cdf(k - 2, n, 0.95)


def test_the_quantile_bound_of_nan_is_nan_and_of_nothing_is_infinite():
    assert math.isnan(intervals.quantile_upper([1.0, np.nan], 0.5))
    assert intervals.quantile_upper([], 0.5) == math.inf
