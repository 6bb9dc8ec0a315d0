from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from drift_windows import mixed, numbers, pair

from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.findings import Bands
from pytest_mlready.drift.windows import Windows, with_current

DETECT = Builtin()


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def quiet(rng):
    return pair(mixed, rng, 2000)


def changed(windows, **expressions):
    return DETECT(Windows(reference=windows.reference, current=windows.current.with_columns(**expressions)))


def states(found):
    return {(f.column, f.part): f.state for f in found.findings}


def test_windows_without_a_change_are_quiet(quiet):
    found = DETECT(quiet)
    assert {f.state for f in found.findings} == {"quiet"}
    assert {f.column for f in found.findings} == set(quiet.reference.columns)


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ("normal", pl.col("normal") + 7.5),
        ("normal", pl.col("normal") * 100),
        ("normal", pl.lit(50.0)),
        ("normal", pl.lit(float("inf"))),
        ("count", pl.col("count") * 100),
        ("count", pl.lit(0)),
        ("gain", pl.col("gain") * 1e6),
        ("gain", pl.when(pl.col("gain") == 0).then(-999).otherwise(pl.col("gain"))),
        ("flag", ~pl.col("flag")),
        ("plan", pl.lit("basic")),
        ("plan", pl.col("plan").str.to_uppercase()),
        ("plan", pl.when(pl.col("plan") == "plus").then(pl.lit("pro")).otherwise(pl.col("plan"))),
        ("city", pl.col("city") + " "),
    ],
)
def test_a_fault_in_one_column_alarms_there_and_nowhere_else(quiet, column, fault):
    assert changed(quiet, **{column: fault}).alarmed == {column}


def test_lost_values_alarm_as_a_part_of_their_own(quiet):
    found = changed(quiet, plan=pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit(None)).otherwise(pl.col("plan")))
    assert states(found)["plan", "missing share"] == "alarm"
    assert states(found)["plan", "values"] == "quiet"


@pytest.mark.parametrize("nothing", [pl.lit(None), pl.lit(float("nan"))])
def test_a_column_without_any_value_left_alarms(quiet, nothing):
    assert states(changed(quiet, normal=nothing))["normal", "missing share"] == "alarm"


def test_values_that_appear_where_all_were_missing_alarm(quiet):
    before = quiet.reference.with_columns(normal=pl.lit(None, dtype=pl.Float64))
    assert "normal" in DETECT(Windows(reference=before, current=quiet.current)).alarmed


def test_a_constant_that_stays_is_quiet_and_one_that_changes_alarms(quiet):
    both = Windows(
        reference=quiet.reference.with_columns(one=pl.lit(1)), current=quiet.current.with_columns(one=pl.lit(1))
    )
    assert states(DETECT(both))["one", "values"] == "quiet"
    assert "one" in DETECT(with_current(both, pl.Series("one", np.full(2000, 2)))).alarmed


def test_a_change_that_is_real_and_small_is_told_and_does_not_alarm(rng):
    both = pair(numbers, rng, 20_000, columns=5)
    found = DETECT(with_current(both, both.current["x0"] + 0.4))
    assert states(found)["x0", "values"] == "warning"
    tiny = DETECT(with_current(both, both.current["x0"] + 0.1))
    assert states(tiny)["x0", "values"] == "quiet"
    assert next(f for f in tiny.findings if f.column == "x0").q < 0.001


def test_small_samples_are_refused_though_a_gross_change_alarms(rng):
    both = pair(numbers, rng, 100, columns=3)
    assert set(states(DETECT(both)).values()) == {"refused"}
    found = states(DETECT(with_current(both, both.current["x0"] * 100)))
    assert found["x0", "values"] == "alarm"
    assert found["x1", "values"] == "refused"


def test_340_rows_are_where_ten_bins_begin_to_tell(rng):
    assert set(states(DETECT(pair(numbers, rng, 330, columns=3))).values()) == {"refused"}
    assert set(states(DETECT(pair(numbers, rng, 345, columns=3))).values()) == {"quiet"}


def test_long_tails_of_categories_do_not_alarm_for_the_values_that_each_window_adds(rng):
    def ids(rng, rows):
        return pl.DataFrame({"id": pl.Series(rng.integers(0, 10**9, rows)).cast(pl.String)})

    assert not DETECT(pair(ids, rng, 1000)).alarmed
    assert not DETECT(pair(ids, rng, 1000, 300)).alarmed


def test_threads_change_nothing(rng, monkeypatch):
    both = pair(mixed, rng, 1500)
    alone = DETECT(both)
    monkeypatch.setattr("pytest_mlready.drift.builtin.WORTH_A_THREAD", 1)
    assert DETECT(both) == alone


def test_bands_can_be_moved(rng):
    both = pair(numbers, rng, 5000, columns=3)
    shifted = with_current(both, both.current["x0"] + 0.4)
    assert Builtin(bands=Bands(fail=0.1, warn=0.05))(shifted).alarmed == {"x0"}


def test_a_type_change_and_a_shift_are_found_together(quiet):
    found = changed(quiet, count=pl.col("count").cast(pl.String), normal=pl.col("normal") + 10)
    assert found.alarmed == {"count", "normal"}
    assert found.of("alarm")[0].part == "type"
