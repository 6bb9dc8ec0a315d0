from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from stand_ins import rows

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality.feature_schema import MAX_CATEGORIES, infer, merge


def test_kinds_bounds_and_nulls_are_as_seen():
    schema = infer(rows())
    assert [c.kind for c in schema.columns] == ["integer", "numeric", "category", "numeric"]
    age = schema["age"]
    assert (age.min, age.max, age.nullable) == (rows()["age"].min(), rows()["age"].max(), False)
    assert schema["gain"].nullable
    assert schema["gain"].null_share == pytest.approx(rows()["gain"].null_count() / 400)
    assert schema["job"].categories == ("clerk", "driver", "nurse", "smith")  # most frequent first
    assert schema.typical()["job"] == "clerk"


def test_every_kind_of_column_is_known():
    frame = pl.DataFrame(
        {
            "flag": [True, False, True],
            "since": [dt.date(2020, 1, 1), dt.date(2021, 1, 1), dt.date(2022, 1, 1)],
            "note": ["the quick brown fox jumps", "over the lazy old dog", "and runs into a wood"],
            "whole": [1.0, 2.0, 3.0],
            "level": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
            "empty": pl.Series([None] * 3, dtype=pl.Float64),
        }
    )
    schema = infer(frame)
    assert [c.kind for c in schema.columns] == ["boolean", "datetime", "text", "integer", "category", "numeric"]
    assert schema["note"].min == 20
    assert schema["empty"].nullable
    assert schema["empty"].min is None
    assert schema.frame([schema.typical()]).schema == frame.schema


def test_nan_counts_as_null_and_infinity_is_no_bound():
    schema = infer(pl.DataFrame({"x": [1.5, float("nan"), float("inf"), 2.5]}))
    assert schema["x"].null_share == 0.25
    assert (schema["x"].min, schema["x"].max) == (1.5, 2.5)


def test_ten_thousand_categories_are_capped_and_counted():
    schema = infer(pl.DataFrame({"c": [f"v{i}" for i in range(10_000)]}))
    assert len(schema["c"].categories) == MAX_CATEGORIES
    assert schema["c"].n_categories == 10_000


def test_a_declared_text_column_is_text_whatever_it_holds():
    assert infer(rows(), text=("job",))["job"].kind == "text"


def test_the_settings_override_what_was_seen():
    schema = infer(rows(), overrides={"age": {"max": 120, "nullable": True}, "job": {"categories": ["baker", "smith"]}})
    assert (schema["age"].max, schema["age"].nullable) == (120, True)
    assert schema["job"].categories == ("baker", "smith")
    assert schema.typical()["job"] == "baker"


def test_all_mistakes_in_the_overrides_are_told_at_once():
    with pytest.raises(DataError) as error:
        infer(
            rows(), overrides={"agee": {}, "hours": {"maxx": 3, "kind": "number"}, "job": {"categories": []}, "gain": 1}
        )
    for part in (
        'did you mean "age"',
        'did you mean "max"',
        "expected one of numeric",
        "categories is []",
        '"gain" is 1',
    ):
        assert part in str(error.value)


def test_a_merged_contract_holds_the_rows_of_both():
    a, b = infer(rows(50)), infer(rows(50, seed=9).with_columns(job=pl.lit("baker"), age=pl.lit(120)))
    both = merge(a, b)
    assert both["age"].max == 120
    assert "baker" in both["job"].categories
    assert both["job"].n_categories == len(both["job"].categories)
    assert both.n == 100


def test_no_rows_are_inconclusive():
    with pytest.raises(Inconclusive, match="0 rows"):
        infer(rows().clear())


def test_an_unknown_column_is_answered_with_the_nearest():
    with pytest.raises(DataError, match='did you mean "hours"'):
        infer(rows())["hour"]
