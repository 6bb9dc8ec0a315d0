from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.drift import grid

SIZES = [(50, 50), (1000, 300), (30_000, 80_000), (7, 3), (1, 1), (1, 50), (2, 1)]


def samples(rng, n):
    yield "normal", rng.normal(size=n)
    yield "few integers", rng.integers(0, 9, n)
    yield "heavy tail", rng.standard_cauchy(n) ** 3
    yield "point mass", np.where(rng.random(n) < 0.9, 0, rng.lognormal(size=n))
    yield "rounded", rng.normal(size=n).round(1)
    yield "large integers", rng.integers(-(2**62), 2**62, n)
    yield "constant", np.full(n, 5.0)
    yield "infinite", np.where(rng.random(n) < 0.1, np.inf, np.where(rng.random(n) < 0.1, -np.inf, rng.normal(size=n)))
    yield "nothing but infinite", np.full(n, np.inf)
    yield "tiny", rng.normal(size=n) * 1e-310
    yield "overflowing range", rng.choice([-1e308, 1e308, 0, 1.0], n)
    yield "unsigned", rng.integers(0, 255, n).astype(np.uint8)


def cases(n, m):
    rng = np.random.default_rng(n + m)
    for (name, first), (_, second) in zip(samples(rng, n), samples(rng, m), strict=True):
        yield name, first, second


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_the_distance_is_that_of_scipy_whatever_the_values(n, m):
    for name, first, second in cases(n, m):
        expected = stats.ks_2samp(first, second, method="exact" if n * m < 10_000 else "asymp").statistic
        assert grid.ks_distance(grid.gridded(first, second)) == pytest.approx(expected, abs=1e-12), name


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_order_statistics_are_those_of_the_sorted_sample(n, m):
    ranks = np.random.default_rng(0).integers(0, min(n, m), 20)
    for name, first, second in cases(n, m):
        found = grid.gridded(first, second)
        assert np.array_equal(found.order_statistics(0, ranks), np.sort(first)[ranks]), name
        assert np.array_equal(found.order_statistics(1, ranks), np.sort(second)[ranks]), name


@pytest.mark.parametrize("how", ["left", "right"])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_counts_are_those_of_the_sorted_sample(n, m, how):
    for name, first, second in cases(n, m):
        found, values = grid.gridded(first, second), np.append(first[:5], second[-5:])
        for side, sample in enumerate((first, second)):
            assert np.array_equal(found.counts(side, values, how), np.searchsorted(np.sort(sample), values, how)), name


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_few_distinct_values_are_counted_and_many_are_not(n, m):
    for name, first, second in cases(n, m):
        values, found = np.unique(first), grid.few(grid.gridded(first, second), 10)
        assert (found is None) == (len(values) > 10), name
        if found is not None:
            assert np.array_equal(found[0], values), name
            assert found[1].tolist() == [(first == v).sum() for v in values], name
            assert found[2].tolist() == [(second == v).sum() for v in values], name


def test_values_closer_than_a_cell_are_told_apart():
    first, second = np.tile([0.0, 1e-9, 1.0], 100), np.tile([1e-9, 1.0], 100)
    values, left, right = grid.few(grid.gridded(first, second), 10)
    assert (values.tolist(), left.tolist(), right.tolist()) == ([0.0, 1e-9, 1.0], [100, 100, 100], [0, 100, 100])


def test_integers_and_floats_are_compared_as_numbers():
    assert grid.ks_distance(grid.gridded(np.arange(5), np.arange(5.0))) == 0
