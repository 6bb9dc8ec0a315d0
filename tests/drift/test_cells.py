from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pytest_mlready.drift import cells, grid

RNG = np.random.default_rng(0)


def of_numbers(reference, current, bins=10):
    return cells.of_numbers(grid.gridded(np.asarray(reference), np.asarray(current)), bins)


def test_numbers_are_cut_at_quantiles_of_the_reference():
    left, right, _ = of_numbers(RNG.normal(size=1000), RNG.normal(size=500))
    assert left.tolist() == [100] * 10
    assert right.sum() == 500


def test_a_value_that_fills_a_bin_has_a_cell_of_its_own_with_room_on_either_side():
    gain = np.where(RNG.random(1000) < 0.92, 0, RNG.lognormal(7, 1, 1000))
    codes = np.where(RNG.random(1000) < 0.92, -999, gain)  # a code for "unknown" where 0 stood
    left, right, _ = of_numbers(gain, codes)
    zero = int(left.argmax())
    assert left[zero] == (gain == 0).sum()
    assert right[zero - 1] == (codes == -999).sum()
    assert left[zero - 1] == 0


def test_what_lies_outside_the_reference_counts_by_itself_when_it_holds_rows():
    reference = np.linspace(0, 1, 1000)
    left, right, _ = of_numbers(reference, np.append(reference[:900], np.full(100, 7.0)))
    assert (left[-1], right[-1]) == (1, 100)  # the largest reference row was outside of all the others
    assert len(of_numbers(reference, reference)[0]) == 10


def test_fewer_bins_are_cut_where_rows_are_few():
    assert len(of_numbers(RNG.normal(size=20), RNG.normal(size=1000))[0]) == 4


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 40), (40, 1), (3, 3)])
def test_a_handful_of_rows_is_cut_without_an_error(n, m):
    left, right, _ = of_numbers(RNG.normal(size=n), RNG.normal(size=m))
    assert (left.sum(), right.sum()) == (n, m)


def test_codes_of_numbers_count_to_the_same_cells():
    gain = np.where(RNG.random(2000) < 0.6, 0, RNG.normal(size=2000))
    current = np.where(RNG.random(700) < 0.4, 0, RNG.normal(size=700))
    left, right, edges = of_numbers(gain, current)
    found = np.bincount(edges.codes(gain), minlength=len(left))
    assert np.abs(found - left).max() <= 2  # the reference's own smallest and largest row
    assert np.array_equal(np.bincount(edges.codes(current), minlength=len(right)), right)


def words(*counted):
    return pl.Series([word for word, count in counted for _ in range(count)], dtype=pl.String)


def test_words_have_cells_of_their_own_and_rare_ones_share_one():
    table = cells.of_words(
        words(("a", 50), ("b", 40), ("c", 4), ("d", 6)), words(("a", 60), ("b", 35), ("c", 5)), 10, 0.1
    )
    left, right = table.counts()
    assert sorted(left.tolist()) == [10, 40, 50]
    assert right.sum() == 100


def test_values_never_seen_are_a_cell_and_so_is_what_one_reference_row_holds_alone():
    table = cells.of_words(
        words(("a", 90), ("b", 8), ("lonely", 1), ("only", 1)), words(("a", 80), ("new", 20)), 10, 0.1
    )
    left, right = table.counts()
    assert (left[table.unseen], right[table.unseen]) == (2, 20)


def test_many_categories_are_pooled_until_the_sample_can_tell_a_change():
    many = pl.Series([f"c{i}" for i in range(150)] * 7)
    left, _ = cells.of_words(many, many, 10, 0.1).counts()
    assert 10 <= (left > 0).sum() <= 40


def test_codes_of_words_count_to_the_same_cells():
    reference, current = words(("a", 50), ("b", 9), ("c", 1)), words(("a", 30), ("b", 9), ("new", 21))
    table = cells.of_words(reference, current, 10, 0.1)
    left, right = table.counts()
    assert np.array_equal(np.bincount(table.codes(reference, reference=True), minlength=len(left)), left)
    assert np.array_equal(np.bincount(table.codes(current, reference=False), minlength=len(right)), right)


def test_few_numbers_are_categories_and_all_others_were_never_seen():
    reference, current = np.repeat([0.0, 1.0], 50), np.append(np.repeat([0.0, 1.0], 30), RNG.normal(size=40))
    found = grid.few(grid.gridded(reference, current), 10)
    table = cells.of_few_numbers(found, 100, 10, 0.1)
    assert table.counts()[1][table.unseen] == 40


def test_words_are_counted_in_slices_as_at_once(monkeypatch):
    series = pl.Series(RNG.choice(["a", "b", "c"], 1000))
    whole = cells.of_words(series, series, 10, 0.1)
    monkeypatch.setattr(cells, "SLICE", 90)
    sliced = cells.of_words(series, series, 10, 0.1)
    assert sliced.reference.tolist() == whole.reference.tolist()
