from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pytest_mlready.drift.faults import faults

RNG = np.random.default_rng(0)
SHIFT, UNIT, STUCK, LOST, SPELT, GARBLED = faults(0.75)
NORMAL = pl.Series("x", RNG.normal(10, 2, 500))
COUNT = pl.Series("x", RNG.poisson(20, 500).astype(np.int16))
PLAN = pl.Series("x", ["basic"] * 300 + ["pro"] * 200)
PROSE = pl.Series("x", [f"text number {i}" for i in range(500)])


def planted(fault, series):
    return fault.plant(series, np.random.default_rng(1))


def test_a_shift_is_in_standard_deviations():
    moved = planted(SHIFT, NORMAL) - NORMAL
    assert moved.mean() == pytest.approx(0.75 * NORMAL.to_numpy().std())


def test_whole_numbers_stay_whole_and_do_not_overflow():
    assert planted(SHIFT, COUNT).dtype.is_integer()
    assert planted(UNIT, COUNT).max() == 100 * COUNT.max()


def test_a_column_sticks_at_a_value_it_has():
    assert planted(STUCK, PLAN).unique().to_list() == ["basic"]
    assert planted(STUCK, NORMAL).n_unique() == 1


def test_a_fifth_is_lost():
    assert planted(LOST, PLAN).null_count() == pytest.approx(100, abs=40)


def test_the_commonest_word_is_spelt_otherwise():
    assert set(planted(SPELT, PLAN)) == {"basic ", "pro"}


def test_every_planted_column_keeps_name_and_length():
    for fault in faults(0.75):
        for series in (NORMAL, COUNT, PLAN, PROSE):
            if fault.fits(series):
                broken = planted(fault, series)
                assert (broken.name, len(broken)) == ("x", 500)


@pytest.mark.parametrize(
    ("series", "fitting"),
    [
        (NORMAL, [SHIFT, UNIT, STUCK, LOST]),
        (COUNT, [SHIFT, UNIT, STUCK, LOST]),
        (PLAN, [STUCK, LOST, SPELT]),
        (PROSE, [STUCK, LOST, GARBLED]),
        (pl.Series("x", [0] * 480 + [1] * 20), [LOST]),
        (pl.Series("x", [[1.0, 2.0]] * 5), [LOST]),
        (pl.Series("x", [None] * 5), []),
        (pl.Series("x", [True, False]), [STUCK, LOST]),
        (PLAN.cast(pl.Categorical), [STUCK, LOST, SPELT]),
    ],
)
def test_faults_are_planted_only_where_they_can_happen(series, fitting):
    assert [f.name for f in faults(0.75) if f.fits(series)] == [f.name for f in fitting]
