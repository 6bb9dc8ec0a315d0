"""Features computed twice: what counts as the same, what is found, and in what way it differs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pytest_mlready.drift import skew, skew_kinds, skew_trials

RNG = np.random.default_rng(5)
N = 400
BEGAN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
TRAINED = pl.DataFrame(
    {
        "age": RNG.integers(17, 90, N),
        "hours": RNG.uniform(1, 99, N),
        "gain": [None if r < 0.2 else float(v) for r, v in zip(RNG.random(N), RNG.exponential(100, N), strict=True)],
        "job": RNG.choice(["clerk", "nurse"], N),
        "seen": [BEGAN + dt.timedelta(minutes=int(m)) for m in RNG.integers(0, 9999, N)],
    }
)


def differing(trained, served, tolerance=1e-6):
    return skew.unequal(pl.Series(trained), pl.Series(served), tolerance=tolerance).tolist()


@pytest.mark.parametrize(
    ("trained", "served"),
    [
        (pl.Series([1, 2, None]), pl.Series([1.0, 2.0, float("nan")])),
        (pl.Series([0.1, 1e9]), pl.Series([0.1, 1e9], dtype=pl.Float32)),
        (pl.Series(["a", None]), pl.Series(["a", None], dtype=pl.Categorical)),
        (pl.Series([True, False]), pl.Series([1, 0])),
        (pl.Series([0.1 + 0.2 - 0.3]), pl.Series([0.0])),
        (pl.Series([float("inf")]), pl.Series([float("inf")])),
        (pl.Series([BEGAN]), pl.Series(["2026-11-01T00:00:00Z"])),
        (pl.Series([[1.0, 2.0]]), pl.Series([[1.0, 2.0 + 1e-9]])),
        (pl.Series([None, None]), pl.Series([float("nan")] * 2)),
    ],
)
def test_the_same_value_in_another_form_is_no_skew(trained, served):
    assert not any(differing(trained, served))


@pytest.mark.parametrize(
    ("trained", "served"),
    [
        (pl.Series([1.0]), pl.Series([1.00001])),
        (pl.Series([2**60]), pl.Series([2**60 + 1])),
        (pl.Series([None], dtype=pl.Float64), pl.Series([0.0])),
        (pl.Series([0.0]), pl.Series([None], dtype=pl.Float64)),
        (pl.Series([39]), pl.Series(["39"])),
        (pl.Series(["a"]), pl.Series(["A"])),
        (pl.Series([BEGAN]), pl.Series([BEGAN + dt.timedelta(hours=1)])),
        (pl.Series([[1.0, 2.0]]), pl.Series([[2.0, 1.0]])),
        (pl.Series([[1.0]]), pl.Series([[1.0, 1.0]])),
        (pl.Series([float("inf")]), pl.Series([1e300])),
        (pl.Series([BEGAN]), pl.Series(["yesterday"])),
    ],
)
def test_another_value_is_skew(trained, served):
    assert all(differing(trained, served))


def test_examples_are_counted_once_however_many_features_differ():
    served = TRAINED.with_columns(pl.col("age") + 1, pl.col("hours") * 2)
    compared = skew.compare(TRAINED, served, tolerance=1e-6)
    assert int(compared.rows.sum()) == N
    assert {d.feature for d in compared.differences} == {"age", "hours"}


def test_features_of_one_side_are_told_apart():
    compared = skew.compare(TRAINED, TRAINED.rename({"job": "occupation"}), tolerance=1e-6)
    assert (compared.only_trained, compared.only_served) == (("job",), ("occupation",))
    assert not compared.rows.any()


def kinds(served):
    compared = skew.compare(TRAINED, served, tolerance=1e-6)
    return {d.feature: skew_kinds.kind(d, TRAINED, tolerance=1e-6) for d in compared.differences}


@pytest.mark.parametrize(
    ("change", "feature", "said"),
    [
        (pl.col("hours") * 100, "hours", "100 times as much"),
        (pl.col("hours") + 5, "hours", "+5"),
        (pl.col("hours").round(1), "hours", "rounded, or of lower precision"),
        (pl.col("seen").dt.offset_by("1h"), "seen", "1:00:00 later"),
        (pl.col("seen").dt.offset_by("-1h").dt.to_string("iso:strict"), "seen", "1:00:00 earlier"),
        (pl.col("gain").fill_null(0.0), "gain", "a value where training has none, always the same one"),
        (pl.lit(None, dtype=pl.Int64).alias("age"), "age", "nothing where training has a value"),
        (pl.col("hours").alias("age"), "age", "what training calls hours"),
        (pl.col("job").str.to_uppercase(), "job", "the same text in other case or with spaces around it"),
        (pl.col("age").cast(pl.String), "age", "String where training has Int64"),
        (pl.col("hours").reverse(), "hours", "other values"),
    ],
)
def test_the_kind_of_difference_is_named(change, feature, said):
    assert kinds(TRAINED.with_columns(change)) == {feature: said}


def test_values_of_a_personal_field_are_not_shown():
    served = TRAINED.with_columns(pl.col("age") * 100)
    compared = skew.compare(TRAINED, served, tolerance=1e-6)
    shown = skew_kinds.described(compared, TRAINED, set(), tolerance=1e-6)[0]
    masked = skew_kinds.described(compared, TRAINED, {"age"}, tolerance=1e-6)[0]
    assert f"served {served['age'][0]} for {TRAINED['age'][0]}" in shown
    assert str(served["age"][0]) not in masked
    assert "100 times as much" in masked


def planted(frame):
    return {p.name: p for p in skew_trials.plant(frame, frame.columns)}


def test_every_kind_of_skew_that_fits_is_planted_and_found():
    made = planted(TRAINED)
    assert set(made) == {"another unit (× 100)", "an hour later", "exchanged with hours", "0 where nothing is known"}
    assert all(skew_trials.found(TRAINED, one, tolerance=1e-6, share=0.001) for one in made.values())


def test_a_log_without_gaps_loses_values_instead():
    assert "nothing instead of a value" in planted(TRAINED.drop("gain"))


def test_features_that_do_not_vary_offer_nothing_to_plant():
    empty = pl.DataFrame({"a": [None, None], "b": [None, None]}, schema={"a": pl.Float64, "b": pl.Float64})
    assert [p for p in skew_trials.plant(empty, ["a", "b"]) if p.name != "0 where nothing is known"] == []


def test_a_comparison_that_is_too_tolerant_does_not_find_what_was_planted():
    one = planted(TRAINED)["another unit (× 100)"]
    assert not skew_trials.found(TRAINED, one, tolerance=1.0, share=0.001)


@pytest.mark.parametrize(
    ("one", "other"),
    [(dt.timedelta(days=1), dt.timedelta(days=2)), (dt.time(1), dt.time(2)), (b"a", b"b")],
    ids=["durations", "times of day", "bytes"],
)
def test_values_of_any_one_type_are_compared(one, other):
    assert differing([one, one, None], [one, other, None]) == [False, True, False]
