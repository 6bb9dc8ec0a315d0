from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pytest_mlready.features.schema import faults, mutants, seen

ROWS = 1000


def rows(seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": pl.Series(rng.integers(17, 91, ROWS), dtype=pl.Int8),
            "share": rng.uniform(0, 1, ROWS),
            "job": rng.choice(["clerk", "driver", "nurse"], ROWS),
            "owner": rng.choice([True, False], ROWS),
            "since": [dt.date(2020, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 900, ROWS)],
            "note": [f"note {n}" for n in range(ROWS)],
        }
    )


def made(frame, columns=None, **changes):
    looks = seen.look(frame, columns or frame.columns)
    return mutants.make(frame, looks, **{"beyond": 1.0, "most": 1000, "seed": 1, **changes})[0]


def of_kind(kind, frame, columns=None, **changes):
    return {mutant.told: mutant for mutant in made(frame, columns, **changes) if mutant.kind == kind}


def column(kind, frame, name):
    (mutant,) = of_kind(kind, frame, [name]).values()
    return mutant.of(frame)[name]


def test_families_follow_from_the_values():
    families = {one.name: one.family for one in seen.look(rows(), rows().columns)}
    assert families == {
        "age": "number", "share": "number", "job": "category", "owner": "boolean", "since": "time", "note": "text",
    }  # fmt: skip


def test_text_that_keeps_bringing_new_values_has_no_unknown_category():
    frame = pl.DataFrame({"code": ["a"] * 997 + ["b", "c", "d"]})
    assert seen.look(frame, ["code"])[0].family == "text"
    assert of_kind("category", frame) == {}
    frame = pl.DataFrame({"code": ["a"] * 997 + ["b", "b", "b"]})
    assert seen.look(frame, ["code"])[0].categories == ("a", "b")


def test_range_mutants_lie_beyond_both_ends_by_the_width_of_the_range_in_one_row_of_ten():
    frame = pl.DataFrame({"age": pl.Series([17, 90] * 50, dtype=pl.Int8)})
    found = of_kind("range", frame)
    assert set(found) == {"age below (-56)", "age above (163)"}
    damaged = found["age above (163)"].of(frame)["age"]
    assert (damaged == 163).sum() == 10
    assert damaged.dtype == pl.Int64  # no Int8 holds it
    assert found["age below (-56)"].of(frame)["age"].dtype == pl.Int8
    assert set(of_kind("range", frame, beyond=2.0)) == {"age below (-129)", "age above (236)"}


def test_whole_numbers_stay_whole_and_constants_have_a_width():
    assert seen.look(pl.DataFrame({"x": [1.0, 2.0]}), ["x"])[0].whole
    frame = pl.DataFrame({"x": [5.0] * 100})
    assert set(of_kind("range", frame)) == {"x below (0)", "x above (10)"}


def test_nulls_are_a_fault_only_where_there_were_none():
    frame = rows().with_columns(share=pl.when(pl.int_range(pl.len()) == 7).then(float("nan")).otherwise("share"))
    assert set(of_kind("null", frame)) == {"age", "job", "owner", "since", "note"}
    assert column("null", frame, "age").null_count() == ROWS / 10


def test_an_unknown_category_is_really_unknown():
    frame = pl.DataFrame({"job": ["clerk"] * 60 + ["clerk-2"] * 40})
    assert set(of_kind("category", frame)) == {'job "clerk-2-2"'}
    coded = frame.with_columns(pl.col("job").cast(pl.Enum(["clerk", "clerk-2"])))
    assert column("category", coded, "job").dtype == pl.String  # no such Enum holds it


@pytest.mark.parametrize(
    ("name", "value"),
    [("age", "17 units"), ("job", 1), ("owner", "on"), ("since", "day 2020-01-01"), ("note", 1)],
)
def test_every_kind_of_column_can_have_another_type(name, value):
    first = {"age": 17, "job": "clerk", "owner": True, "since": dt.date(2020, 1, 1), "note": "note 0"}
    frame = rows().with_columns(pl.lit(first[name], dtype=rows().schema[name]).alias(name))
    assert column("type", frame, name)[0] == value


def test_a_unit_changes_every_value():
    frame = pl.DataFrame({"euro": [1.5, 2.0] * 50, "count": pl.Series([1, 300] * 50, dtype=pl.Int16)})
    found = of_kind("unit", frame)
    assert set(found) == {"euro ×100", "count ×100"}
    assert found["euro ×100"].of(frame)["euro"][:2].to_list() == [150.0, 200.0]
    assert found["count ×100"].of(frame)["count"].dtype == pl.Int16


@pytest.mark.parametrize("values", [[0] * 100, [0] * 9_999 + [5]])
def test_a_unit_that_hardly_changes_anything_is_no_mutant(values):
    assert of_kind("unit", pl.DataFrame({"gain": values})) == {}


def test_swaps_take_each_pair_once_and_only_where_it_shows():
    frame = pl.DataFrame(
        {
            "low": [1, 2] * 50,
            "also low": [2, 1] * 50,
            "high": [70, 80] * 50,
            "word": ["a", "b"] * 50,
            "yes": [True] * 100,
        }
    )
    found = of_kind("swap", frame)
    assert set(found) == {"low and high", "also low and high"}
    assert found["low and high"].of(frame)["low"].to_list()[:2] == [70, 80]
    assert found["low and high"].of(frame)["high"].to_list()[:2] == [1, 2]


def test_categories_are_swapped_too():
    frame = pl.DataFrame({"job": ["clerk", "nurse"] * 50, "town": ["Bern", "Cork"] * 50})
    assert set(of_kind("swap", frame)) == {"job and town"}


def test_swapped_values_keep_the_types_that_can_hold_them():
    small, large = pl.Series("a", [1, 2], dtype=pl.Int8), pl.Series("b", [1.5, 300.0])
    first, second = faults.swapped(small, large)
    assert (first.name, first.dtype, second.name, second.dtype) == ("a", pl.Float64, "b", pl.Float64)


def test_every_mutant_differs_and_leaves_the_other_columns_alone():
    frame = rows()
    for mutant in made(frame):
        damaged = mutant.of(frame)
        changed = {name for name in frame.columns if not damaged[name].equals(frame[name], check_dtypes=True)}
        assert changed
        assert changed <= set(mutant.columns)


def test_columns_without_values_have_no_mutants():
    frame = pl.DataFrame({"x": pl.Series([None] * 100, dtype=pl.Float64), "y": pl.Series([[1]] * 100)})
    assert [mutant.kind for mutant in made(frame)] == ["null"]  # of the list column


def test_more_mutants_than_asked_for_are_drawn_the_same_way_each_time():
    looks = seen.look(rows(), rows().columns)
    made, possible = mutants.make(rows(), looks, beyond=1.0, most=5, seed=3)
    again, _ = mutants.make(rows(), looks, beyond=1.0, most=5, seed=3)
    assert (len(made), possible) == (5, 20)
    assert [one.told for one in made] == [one.told for one in again]


@pytest.mark.parametrize("dtype", [pl.UInt8, pl.UInt64, pl.Int64, pl.Float32, pl.Decimal(10, 2)])
def test_every_type_of_number_can_be_damaged(dtype):
    frame = pl.DataFrame({"x": pl.Series([1, 2, 3, 4] * 25).cast(dtype)})
    kinds = sorted(mutant.kind for mutant in made(frame))
    assert kinds == ["null", "range", "range", "type", "unit"]
