from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from scipy import stats

from pytest_mlready.features import association


def codes(values):
    return np.unique(values, return_inverse=True)[1]


def pair(first, second, **more):
    return association.associations(pl.DataFrame({"a": first, "b": second}), **more)[0, 1]


def test_two_numbers_have_the_absolute_value_of_spearmans_correlation():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 9, 500)
    b = -np.exp(a + rng.normal(size=500))
    assert pair(a, b) == pytest.approx(-stats.spearmanr(a, b).statistic)


def test_two_categories_have_cramers_v_as_scipy_has_it_where_rows_are_many():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 100_000)
    b = np.where(rng.random(100_000) < 0.4, a, rng.integers(0, 4, 100_000))
    table = np.histogram2d(a, b, bins=4)[0].astype(int)
    assert association.cramers_v(a, b) == pytest.approx(stats.contingency.association(table), abs=2e-4)


def test_independent_categories_are_not_associated_for_being_many():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 60, 2000), rng.integers(0, 60, 2000)
    table = np.histogram2d(a, b, bins=60)[0].astype(int)
    assert stats.contingency.association(table) > 0.15
    assert association.cramers_v(a, b) < 0.06


def test_a_number_and_a_category_have_the_correlation_ratio_that_kruskals_test_rests_on():
    rng = np.random.default_rng(2)
    names = rng.choice(["a", "b", "c"], 5000)
    values = (names == "a") * 1.0 + rng.normal(size=5000)
    h = stats.kruskal(*(values[names == name] for name in "abc")).statistic
    n, k = 5000, 3
    assert pair(names, values) == pytest.approx(np.sqrt((h - k + 1) / (n - k)), rel=1e-6)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["a", "b", "c", "d"] * 50, ["A", "B", "C", "D"] * 50),
        (["a", "b", "c", "d"] * 50, ["x", "x", "y", "y"] * 50),  # a country and its continent
        (["a", "b", "c", "d"] * 50, [7, 1, 9, 3] * 50),
        ([True, False] * 100, [1.0, 0.0] * 100),
        ([dt.date(2026, 1, 1 + i) for i in range(28)], list(range(28))),
    ],
)
def test_what_follows_from_the_other_is_fully_associated(first, second):
    assert pair(first, second) > 0.95


@pytest.mark.parametrize(
    "other",
    [["same"] * 200, [1.0] * 200, [None] * 200, [[1, 2]] * 200, [f"text {i}" for i in range(200)]],
    ids=["one category", "one number", "nulls", "lists", "a word a row"],
)
def test_what_says_nothing_is_associated_with_nothing(other):
    assert pair(other, [float(i) for i in range(200)]) == 0
    assert pair(other, ["a", "b"] * 100) == 0


def test_free_text_is_left_out_where_it_is_named():
    words = ["yes please", "no thanks"] * 100
    assert pair(words, [1, 0] * 100) > 0.99
    assert pair(words, [1, 0] * 100, text=["a"]) == 0


def test_missing_numbers_do_not_hide_an_association():
    values = [None if i % 50 == 0 else float(i) for i in range(1000)]
    assert pair(values, [float(i) for i in range(1000)]) > 0.95


def test_large_tables_are_sampled_with_the_seed():
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(rng.normal(size=(30_000, 2)), schema=["a", "b"])
    found = association.associations(frame, seed=1)
    assert (found == association.associations(frame, seed=1)).all()
    assert found[0, 1] < 0.05
