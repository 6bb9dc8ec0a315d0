"""Logs of served examples in every form; which of their records count, and why the others do not."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest

from pytest_mlready.drift import skew_log
from pytest_mlready.errors import DataError, Inconclusive

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
COLUMNS = skew_log.Columns(
    raw="raw", features="features", time="time", versions=("model_sha256", "model_version"), prediction="prediction",
    score="score",
)  # fmt: skip


def record(n, **more):
    return {
        "time": (NOW - dt.timedelta(hours=1)).isoformat(), "model_version": "2.0.0", "raw": {"age": n, "job": "clerk"},
        "features": {"age": float(n), "job": "clerk"}, "prediction": "no", **more,
    }  # fmt: skip


def frame(records):
    return pl.DataFrame(records)


def read(table, **more):
    return skew_log.read(table, COLUMNS, **{"models": ["2.0.0"], "now": NOW, "oldest": 7 * 86400.0, **more})


def written(path, records):
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records))
    return path


def test_json_lines_are_taken_apart(tmp_path):
    served = read(skew_log.lines(written(tmp_path / "log.ndjson", [record(n) for n in range(20)])))
    assert len(served) == 20
    assert served.raw.columns == served.features.columns == ["age", "job"]
    assert served.answers.columns == ["prediction"]
    assert served.newest == NOW - dt.timedelta(hours=1)


def test_a_number_that_is_text_in_some_records_does_not_stop_the_reading(tmp_path):
    records = [record(1), record(2, features={"age": "2", "job": "clerk"})]
    served = read(skew_log.lines(written(tmp_path / "log.ndjson", records)))
    assert served.features["age"].dtype == pl.String


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_flat_tables_name_the_parts_by_prefix(tmp_path, suffix):
    table = frame([record(n) for n in range(9)])
    parts = [
        table["raw"].struct.unnest().select(pl.all().name.prefix("raw.")),
        table["features"].struct.unnest().select(pl.all().name.prefix("features.")),
        table.drop("raw", "features"),
    ]
    flat = pl.concat(parts, how="horizontal")
    getattr(flat, f"write_{suffix}")(tmp_path / f"log.{suffix}")
    assert len(read(getattr(pl, f"read_{suffix}")(tmp_path / f"log.{suffix}"))) == 9


def test_only_recent_examples_of_the_model_under_test_count_and_each_once():
    old = (NOW - dt.timedelta(days=8)).isoformat()
    records = [
        record(1),
        record(1),
        record(2),
        record(3, model_version="1.9.0"),
        record(4, time=old),
        record(5, time=None),
    ]
    served = read(frame(records))
    assert sorted(served.raw["age"].to_list()) == [1, 2]
    assert served.left_out == ["1 of other models", "2 too old, or of no known time", "1 the same once more"]


def test_the_same_input_with_other_features_is_another_example():
    assert len(read(frame([record(1), record(1, features={"age": 9.0, "job": "clerk"})]))) == 2


def test_a_digest_goes_before_a_version():
    records = [record(1, model_sha256="abc"), record(2, model_sha256="def"), record(3, model_sha256=None)]
    assert sorted(read(frame(records), models=["abc", "2.0.0"]).raw["age"].to_list()) == [1, 3]


@pytest.mark.parametrize("time", [NOW.timestamp() - 60, NOW - dt.timedelta(minutes=1), "2026-11-24T11:00:00+00:00"])
def test_times_come_in_several_forms(time):
    assert len(read(frame([record(1, time=time)]))) == 1


def test_a_log_of_another_model_is_inconclusive_and_says_which():
    with pytest.raises(Inconclusive, match=r"model under test \(3\.0\.0\); the log says 2\.0\.0"):
        read(frame([record(1)]), models=["3.0.0"])


def test_a_log_that_does_not_say_which_model_answered_is_inconclusive():
    with pytest.raises(Inconclusive, match="does not say which model answered"):
        read(frame([record(1)]).drop("model_version"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.rename({"raw": "row"}), "no table raw"),
        (lambda t: t.drop("time"), "no column time"),
        (lambda t: t.with_columns(time=pl.lit("soon")), "holds no times"),
    ],
)
def test_a_log_that_lacks_something_is_an_error(change, said):
    with pytest.raises(DataError, match=said):
        read(change(frame([record(1)])))


@pytest.mark.parametrize("text", ["{", "[1]", "3"])
def test_a_line_that_is_no_table_is_named(tmp_path, text):
    (tmp_path / "log.ndjson").write_text(json.dumps(record(1)) + f"\n{text}\n")
    with pytest.raises(DataError, match="line 2"):
        skew_log.lines(tmp_path / "log.ndjson")


def test_an_empty_log_has_no_examples(tmp_path):
    (tmp_path / "log.ndjson").write_text("")
    with pytest.raises(DataError, match="no table raw"):
        read(skew_log.lines(tmp_path / "log.ndjson"))
