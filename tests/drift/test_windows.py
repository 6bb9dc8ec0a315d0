from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pytest_mlready.drift import windows
from pytest_mlready.errors import Inconclusive
from pytest_mlready.values import Dataset


def dataset(name, frame, **more):
    more.setdefault("features", tuple(frame.columns))
    return Dataset(frame=frame, name=name, source=f"{name}.parquet", sha256=more.pop("sha256", name), **more)


def compared(reference, current, text=()):
    both = windows.Windows(reference=pl.DataFrame(reference), current=pl.DataFrame(current), text=frozenset(text))
    pairs, findings = windows.paired(both)
    return {p.name: p.kind for p in pairs}, {f.column: (f.part, f.state) for f in findings}


def test_columns_that_are_gone_or_new_alarm():
    kinds, found = compared({"a": [1], "b": [1]}, {"a": [1], "c": [1]})
    assert kinds == {"a": "number"}
    assert found == {"b": ("presence", "alarm"), "c": ("presence", "alarm")}


def test_a_near_name_is_offered_for_a_column_that_is_gone():
    _, findings = windows.paired(
        windows.Windows(reference=pl.DataFrame({"income": [1]}), current=pl.DataFrame({"Income": [1]}))
    )
    assert 'did you mean "Income"?' in findings[0].told


@pytest.mark.parametrize("now", [["1", "2"], [dt.date(2026, 1, 1)] * 2, [[1.0], [2.0]]])
def test_another_type_alarms(now):
    assert compared({"a": [1, 2]}, {"a": now})[1] == {"a": ("type", "alarm")}


@pytest.mark.parametrize(
    "now",
    [[1.0, 2.5], [True, False], [None, None], pl.Series([1, 2], dtype=pl.UInt8), pl.Series([1, 2], dtype=pl.Decimal)],
)
def test_another_way_to_write_numbers_is_the_same_type(now):
    kinds, found = compared({"a": [1, 2]}, {"a": now})
    assert (kinds, found) == ({"a": "number"}, {})


@pytest.mark.parametrize(
    ("values", "text", "kind"),
    [
        (["a", "b"], (), "category"),
        (pl.Series(["a", "b"], dtype=pl.Categorical), (), "category"),
        (pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])), (), "category"),
        (["a b c", "d"], ("x",), "text"),
        ([[0.1, 0.2], [0.3, 0.4]], (), "vector"),
        ([dt.timedelta(1), dt.timedelta(2)], (), "number"),
        ([True, None], (), "number"),
    ],
)
def test_kinds_of_columns(values, text, kind):
    assert compared({"x": values}, {"x": values}, text) == ({"x": kind}, {})


@pytest.mark.parametrize("values", [[dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], [{"a": 1}], [b"x"], [None]])
def test_what_cannot_be_compared_is_refused_and_never_passed(values):
    assert compared({"x": values}, {"x": values}) == ({}, {"x": ("values", "refused")})


def test_columns_can_be_named_or_left_out():
    frame = pl.DataFrame({"a": [1], "b": [2], "id": [3]})
    both = dataset("reference", frame), dataset("current", frame)
    assert windows.of(*both, columns=("b",)).reference.columns == ["b"]
    assert windows.of(*both, ignore=("id",)).current.columns == ["a", "b"]


def test_an_empty_window_is_inconclusive():
    frame = pl.DataFrame({"a": [1]})
    with pytest.raises(Inconclusive, match="the current window has no rows"):
        windows.of(dataset("reference", frame), dataset("current", frame.clear()))


def test_the_same_data_twice_are_inconclusive():
    frame = pl.DataFrame({"a": [1]})
    with pytest.raises(Inconclusive, match="are the same data"):
        windows.of(dataset("reference", frame, sha256="1"), dataset("current", frame, sha256="1"))


def test_windows_without_features_are_inconclusive():
    frame = pl.DataFrame({"a": [1]})
    with pytest.raises(Inconclusive, match="no feature columns"):
        windows.of(dataset("reference", frame), dataset("current", frame), ignore=("a",))
