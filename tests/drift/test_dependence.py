from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from drift_windows import clustered

from pytest_mlready.drift import dependence
from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.windows import Windows
from pytest_mlready.errors import DataError
from pytest_mlready.values import Dataset


def codes(rng, blocks, rows, same):
    """A cell of two for each row; in a block it is the same one with this probability, else anybody's."""
    common = np.repeat(rng.random(blocks) < 0.3, rows)
    own = rng.random(blocks * rows) < 0.3
    return np.where(rng.random(blocks * rows) < same, common, own).astype(int), np.repeat(np.arange(blocks), rows)


def test_equal_rows_within_blocks_are_worth_one_row_a_block():
    rng = np.random.default_rng(0)
    (left, first), (right, second) = codes(rng, 400, 10, 1.0), codes(rng, 400, 10, 1.0)
    null = dependence.null((left, right), (first, second))
    assert null.worth == pytest.approx((400, 400), rel=0.05)
    assert null.mean == pytest.approx(2 / 400, rel=0.05)


def test_independent_rows_are_worth_themselves():
    rng = np.random.default_rng(1)
    (left, first), (right, second) = codes(rng, 400, 10, 0.0), codes(rng, 400, 10, 0.0)
    assert min(dependence.null((left, right), (first, second)).worth) > 3500


def test_blocks_of_one_row_are_independent_rows():
    rng = np.random.default_rng(2)
    (left, first), (right, second) = codes(rng, 1000, 1, 1.0), codes(rng, 500, 1, 1.0)
    null = dependence.null((left, right), (first, second))
    assert null.mean == pytest.approx(1 / 1000 + 1 / 500, rel=0.01)


def test_a_window_of_one_block_is_judged_by_what_lies_between_those_of_the_reference():
    rng = np.random.default_rng(3)
    (left, first), (right, second) = codes(rng, 30, 100, 0.2), codes(rng, 1, 100, 0.2)
    null = dependence.null((left, right), (first, second))
    assert null.worth[1] < 60
    assert null.blocks == 29


def dataset(name, frame, **roles):
    return Dataset(frame=frame, name=name, source=name, sha256=name, features=("x",), **roles)


def test_the_cluster_column_makes_the_blocks():
    frame = pl.DataFrame({"x": range(6), "user": ["a", "a", "b", "b", None, None]})
    both = dataset("reference", frame, cluster="user"), dataset("current", frame, cluster="user")
    (first, _), told = dependence.blocks(*both, "1d")
    assert first.tolist() == [0, 0, 1, 1, 2, 3]  # a row of nobody stands for itself
    assert "user" in told


def test_periods_of_the_time_column_make_the_blocks():
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    frame = pl.DataFrame({"x": range(48), "at": [start + dt.timedelta(hours=h) for h in range(48)]})
    both = dataset("reference", frame, time="at"), dataset("current", frame, time="at")
    assert len(np.unique(dependence.blocks(*both, "1d")[0][0])) == 2
    assert len(np.unique(dependence.blocks(*both, "6h")[0][0])) == 8
    assert dependence.blocks(*both, "") == (None, "rows count as independent")
    with pytest.raises(DataError, match='period is "a while"'):
        dependence.blocks(*both, "a while")


def test_a_time_column_without_dates_is_said_to_tell_nothing():
    frame = pl.DataFrame({"x": [1], "at": [1]})
    both = dataset("reference", frame, time="at"), dataset("current", frame, time="at")
    assert dependence.blocks(*both, "1d") == (None, "rows count as independent: at holds no dates in both windows")


def alarms(rng, reference, current, trials, *, told):
    found = []
    for _ in range(trials):
        (first, left), (second, right) = clustered(rng, *reference), clustered(rng, *current)
        windows = Windows(reference=first, current=second, blocks=(left, right) if told else None)
        found.append(Builtin()(windows))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reference", "current"),
    [((60, 20, 0.5), (60, 20, 0.5)), ((30, 300, 0.1), (7, 300, 0.1)), ((30, 300, 0.05), (1, 300, 0.05))],
)
def test_dependent_rows_seldom_alarm_when_their_blocks_are_named(reference, current):
    found = alarms(np.random.default_rng(4), reference, current, 60, told=True)
    assert np.mean([bool(d.alarmed) for d in found]) <= 0.05


@pytest.mark.slow
def test_dependent_rows_taken_as_independent_cry_wolf():
    found = alarms(np.random.default_rng(5), (12, 500, 0.1), (1, 500, 0.1), 30, told=False)
    assert np.mean([bool(d.alarmed) for d in found]) > 0.3


def test_too_few_blocks_are_told_and_do_not_pass():
    rng = np.random.default_rng(6)
    found = alarms(rng, (6, 500, 0.0), (3, 500, 0.0), 1, told=True)[0]
    assert "6 and 3 blocks of dependent rows: too few" in found.doubt


def test_a_gross_change_in_dependent_rows_alarms():
    rng = np.random.default_rng(7)
    (first, left), (second, right) = clustered(rng, 200, 10, 0.5), clustered(rng, 200, 10, 0.5)
    moved = second.with_columns(pl.col("x0") + 1.5)
    assert Builtin()(Windows(reference=first, current=moved, blocks=(left, right))).alarmed == {"x0"}
