"""Numbers against their definition, and the coverage of bounds of values that depend on one another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from pytest_mlready import bounds


def test_independent_flags_are_inflated_by_little():
    rng = np.random.default_rng(1)
    found = [bounds.inflation(rng.random(4000) < 0.01) for _ in range(300)]
    assert np.mean(found) < 1.25
    assert np.quantile(found, 0.95) < 1.7


def test_stretches_of_flags_count_as_one_each():
    flags = np.zeros(10_000)
    flags[2000:2100] = 1
    assert bounds.inflation(flags) > 50


@pytest.mark.parametrize("flags", [[], [1.0] * 5, np.zeros(1000), np.ones(1000)])
def test_flags_that_tell_nothing_are_not_inflated(flags):
    assert bounds.inflation(flags) == 1.0


def test_the_bound_of_dependent_values_covers_where_the_plain_one_does_not():
    rng = np.random.default_rng(2)
    plain, corrected = 0, 0
    for _ in range(300):
        values = lfilter([1.0], [1.0, -0.9], rng.normal(size=4200))[200:]
        truth = 1.6449 / math.sqrt(1 - 0.9**2)
        above = values > np.quantile(values, 0.95)
        plain += bounds.quantile_upper(values, 0.95) >= truth
        corrected += bounds.quantile_upper(values, 0.95, effective_n=4000 / bounds.inflation(above)) >= truth
    assert plain < 0.85 * 300
    assert corrected > 0.91 * 300


def test_an_effective_size_moves_the_bound_up_and_at_last_to_infinity():
    values = np.arange(1000.0)
    sizes = (1000, 500, 299, 298)
    found = [bounds.quantile_upper(values, 0.99, effective_n=n) for n in sizes]
    assert found == sorted(found)
    assert math.isfinite(found[2])
    assert found[3] == math.inf


def test_an_effective_size_of_all_values_changes_nothing():
    values = np.random.default_rng(3).random(500)
    assert bounds.quantile_upper(values, 0.95, effective_n=500) == bounds.quantile_upper(values, 0.95)


@pytest.mark.parametrize(("share", "allowed", "expected"), [(0.0, 0.001, 2995), (0.0, 0.01, 299), (0.005, 0.01, 1200)])
def test_rows_that_show_a_share_are_those_of_the_exact_bound(share, allowed, expected):
    n = bounds.rows_that_show(share, allowed)
    assert n == pytest.approx(expected, rel=0.15)
    assert bounds.clopper_pearson(share * n, n, sides=1)[1] <= allowed


@pytest.mark.parametrize(("share", "allowed"), [(0.01, 0.01), (0.02, 0.01), (0.0, 0.0)])
def test_no_number_of_rows_shows_what_is_not_so(share, allowed):
    assert bounds.rows_that_show(share, allowed) == math.inf
