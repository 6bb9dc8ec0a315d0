from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.drift import two_sample


@pytest.mark.parametrize("n", [50, 100, 1000])
@pytest.mark.parametrize("p", [0.2, 0.01, 1e-4])
def test_p_values_of_distances_are_near_the_exact_ones_and_not_below_them(n, p):
    distance = np.ceil(stats.kstwobign.isf(p) * np.sqrt(2 / n) * n) / n
    exact = stats.ks_2samp(np.arange(n), np.arange(n) + distance * n - 0.5, method="exact").pvalue
    ours = float(two_sample.ks_p(distance, n / 2))
    assert 0.97 * exact <= ours <= 1.4 * exact


def test_pearsons_distance_is_chi_square_without_the_sizes():
    reference, current = np.array([40.0, 30, 20, 10]), np.array([100.0, 50, 40, 60])
    found = stats.chi2_contingency([reference, current], correction=False)
    null = two_sample.independent(4, 100, 250)
    distance = two_sample.pearson(reference, current)
    assert distance * 100 * 250 / 350 == pytest.approx(found.statistic)
    assert null.p(distance) == pytest.approx(found.pvalue)


def test_estimated_chance_needs_a_larger_distance_than_known_chance():
    known = two_sample.Null(mean=0.02, degrees=9, worth=(1000, 1000))
    estimated = two_sample.Null(mean=0.02, degrees=9, worth=(1000, 1000), blocks=5)
    assert estimated.p(0.05) > known.p(0.05)
    assert estimated.quantile(0.95) > known.quantile(0.95)


def test_one_cell_tells_nothing():
    null = two_sample.independent(1, 100, 100)
    assert (null.p(0.0), null.quantile(0.95)) == (1.0, 0.0)


def test_an_empty_cell_counts_half_a_row():
    expected = (0.5 - 1) * np.log(0.5) + (0.5 - 0.5 / 100) * np.log(0.5 / (0.5 / 100))
    assert two_sample.psi(np.array([100.0, 100]), np.array([100.0, 0])) == pytest.approx(expected)


def test_cells_that_are_empty_on_both_sides_change_nothing():
    first, second = np.array([30.0, 70]), np.array([500.0, 500])
    padded = [np.append(x, 0.0) for x in (first, second)]
    assert two_sample.psi(*padded) == two_sample.psi(first, second)
    assert two_sample.pearson(*padded) == two_sample.pearson(first, second)


@pytest.mark.parametrize(
    ("rows", "limit", "published"), [(100, 0.1, 0.82), (100, 0.25, 0.21), (200, 0.1, 0.34), (500, 0.1, 0.003)]
)
def test_the_index_without_a_change_is_as_published(rows, limit, published):
    """The share of samples above a limit, of ten equal cells of the population (issue 4's page of statistics)."""
    rng = np.random.default_rng(1)
    counts = rng.multinomial(rows, np.full(10, 0.1), size=(2, 2000)).astype(float)
    found = np.array([two_sample.psi(a, b) for a, b in zip(*counts, strict=True)])
    assert np.mean(found > limit) == pytest.approx(published, abs=0.04)


def test_the_noise_is_the_95_percent_quantile_of_the_index_without_a_change():
    rng = np.random.default_rng(2)
    counts = rng.multinomial(400, np.full(10, 0.1), size=(2, 4000)).astype(float)
    found = np.array([two_sample.psi(a, b) for a, b in zip(*counts, strict=True)])
    assert np.mean(found > two_sample.independent(10, 400, 400).quantile(0.95)) == pytest.approx(0.05, abs=0.015)


def test_adjusted_p_values_are_those_of_scipy():
    p = np.array([0.001, 0.2, 0.03, 0.8])
    assert np.allclose(two_sample.adjusted(p), stats.false_discovery_control(p))
    assert not len(two_sample.adjusted(np.array([])))


@pytest.mark.parametrize(("features", "least"), [(10, 0.33), (50, 0.85)])
def test_uncorrected_tests_cry_wolf_as_published_and_adjusted_ones_do_not(features, least):
    """Ten features at 5 %: 0.41 of quiet windows alarm; fifty: 0.90. Adjusted: about 0.05."""
    rng = np.random.default_rng(3)
    p = np.array([_quiet_p(rng, features) for _ in range(150)])
    assert np.mean((p < 0.05).any(axis=1)) > least
    assert np.mean([(two_sample.adjusted(row) <= 0.05).any() for row in p]) <= 0.1


def _quiet_p(rng, features, rows=200):
    from pytest_mlready.drift import grid

    both = rng.normal(size=(features, 2, rows))
    distances = [grid.ks_distance(grid.gridded(first, second)) for first, second in both]
    return two_sample.ks_p(distances, rows / 2)
