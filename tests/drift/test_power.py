from __future__ import annotations

import numpy as np
import pytest

from pytest_mlready.drift import power
from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.findings import Bands
from pytest_mlready.drift.windows import Windows


@pytest.mark.parametrize(("shift", "published"), [(0.316, 0.095), (0.5, 0.238), (0.0, 0.0)])
def test_the_index_of_a_shifted_normal_is_as_published(shift, published):
    assert power.population_psi(shift, 10) == pytest.approx(published, abs=0.001)


def test_from_a_thousand_rows_on_less_than_two_thirds_of_a_standard_deviation_are_seen():
    assert 0.55 < power.smallest_shift(1000, 1000, Bands()) < 0.65
    assert 0.6 < power.smallest_shift(340, 340, Bands()) < 0.7
    assert power.smallest_shift(10**6, 10**6, Bands()) == pytest.approx(0.51, abs=0.01)


def test_the_stated_shift_is_seen_nine_times_in_ten():
    import polars as pl

    rng, seen = np.random.default_rng(0), 0
    shift = power.smallest_shift(1000, 1000, Bands())
    for _ in range(300):
        first, second = rng.normal(size=1000), rng.normal(shift, size=1000)
        seen += bool(
            Builtin()(Windows(reference=pl.DataFrame({"x": first}), current=pl.DataFrame({"x": second}))).alarmed
        )
    assert seen / 300 == pytest.approx(0.9, abs=0.05)


def test_rows_that_ten_bins_need():
    assert power.rows_needed(Bands(), 10, 1000) == pytest.approx(204, abs=2)
    assert power.rows_needed(Bands(), 10, 100) == float("inf")
