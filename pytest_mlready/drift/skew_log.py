"""Reads logged serving examples: what came in, the features that serving computed, and what was answered."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from pytest_mlready.errors import DataError, Inconclusive, near

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 500_000_000
AHEAD = dt.timedelta(minutes=5)  # by which clocks may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names in the log.

    Attributes:
        raw, features: Tables inside each record, or prefixes of columns ("raw.age").
        time: When it was served.
        versions: Columns with the version or the digest of the model that answered; one of them is enough.
        prediction, score: The answer, and the probability of the positive class; looked for, and not needed.
    """

    raw: str
    features: str
    time: str
    versions: tuple[str, ...]
    prediction: str
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Different examples of one model, n rows each.

    Attributes:
        raw: As they came in.
        features: As serving computed them.
        answers: Columns "prediction" and "score", where they were logged.
        left_out: Why records do not count, in words.
        newest: When the last of them was served.
    """

    raw: pl.DataFrame
    features: pl.DataFrame
    answers: pl.DataFrame
    left_out: Sequence[str]
    newest: dt.datetime | None

    def __len__(self) -> int:
        return self.raw.height


def lines(path: Path) -> pl.DataFrame:
    """A log of JSON lines as a table, one column for each key, tables inside as structs.

    Raises:
        DataError: It cannot be read, is too large, or a line is no JSON table.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} has more than {MAX_BYTES:,} bytes", fix="log a smaller sample")
        with path.open(encoding="utf-8") as stream:
            records = [_record(line, path, number) for number, line in enumerate(stream, 1) if line.strip()]
    except (OSError, UnicodeDecodeError) as reason:
        raise DataError(f"{path} cannot be read: {reason}") from None
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    try:
        return pl.DataFrame({name: _column(name, values) for name, values in columns.items()})
    except pl.exceptions.PolarsError as reason:
        raise DataError(f"{path} is no table: {reason}") from None


def read(frame: pl.DataFrame, columns: Columns, *, models: Sequence[str], now: dt.datetime, oldest: float) -> Served:
    """The examples that count: different ones, of the model under test, not too old.

    Args:
        frame: The log.
        columns: Names in it.
        models: Version and digest of the model under test.
        now: Ages are taken against it.
        oldest: Greatest age in seconds.

    Raises:
        DataError: Columns are missing, or times are none.
        Inconclusive: No record says which model answered.
    """
    raw, features = (_part(frame, name) for name in (columns.raw, columns.features))
    version, time = _versions(frame, columns), _times(frame, columns.time)
    ours = version.is_in(list(models)) if models else pl.Series([False] * frame.height, dtype=pl.Boolean)
    if frame.height and not ours.any():
        said = ", ".join(map(str, version.drop_nulls().unique().sort().head(3).to_list())) or "nothing"
        known = ", ".join(models) or "neither version nor digest"
        raise Inconclusive(f"no logged example is of the model under test ({known}); the log says {said}")
    recent = (time >= now - dt.timedelta(seconds=oldest)) & (time <= now + AHEAD)
    kept = (ours & recent).fill_null(value=False)
    different = _first_of_each(raw, features, kept)
    answers = frame.select(
        pl.col(column).alias(name)
        for name, column in (("prediction", columns.prediction), ("score", columns.score))
        if column in frame.columns
    )
    return Served(
        raw=raw.filter(different),
        features=features.filter(different),
        answers=answers.filter(different) if answers.width else answers,
        left_out=_left_out(ours, recent, kept, different),
        newest=time.filter(different).max(),  # type: ignore[arg-type]
    )


def _record(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as reason:
        raise DataError(f"{path}, line {number}, is no JSON: {reason}") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}, line {number}, is a {type(value).__name__}", expected="a JSON table on each line")
    return value


def _column(name: str, values: list[Any]) -> pl.Series:
    """A column of one type; tables are taken apart first, since their fields may differ in type from row to row."""
    if any(isinstance(value, dict) for value in values):
        tables = [value if isinstance(value, dict) else {} for value in values]
        keys = dict.fromkeys(key for table in tables for key in table)
        parts = {key: _column(key, [table.get(key) for table in tables]) for key in keys}
        return pl.DataFrame(parts).to_struct(name)
    return pl.Series(name, values, strict=False)


def _part(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The table inside each record, from a struct or from columns with its name as prefix."""
    if name in frame.columns and isinstance(frame[name].dtype, pl.Struct):
        return frame[name].struct.unnest()
    prefixed = {column: column.removeprefix(f"{name}.") for column in frame.columns if column.startswith(f"{name}.")}
    if not prefixed:
        raise DataError(
            f"the log has no table {name}{near(name, frame.columns)}",
            expected=f'a table "{name}" in each record, or columns named "{name}.…"; it has {", ".join(frame.columns)}',
        )
    return frame.select(pl.col(column).alias(short) for column, short in prefixed.items())


def _versions(frame: pl.DataFrame, columns: Columns) -> pl.Series:
    """What each record says about the model that answered; the first column that says anything."""
    present = [name for name in columns.versions if name in frame.columns]
    if not present:
        raise Inconclusive(
            f"the log does not say which model answered (no column {' or '.join(columns.versions)})",
            fix="log version or digest of the model with each example",
        )
    return frame.select(pl.coalesce(pl.col(name).cast(pl.String) for name in present)).to_series()


def _times(frame: pl.DataFrame, name: str) -> pl.Series:
    """When each was served, with time zone; text is read as ISO 8601, numbers as seconds since 1970."""
    if name not in frame.columns:
        raise DataError(f"the log has no column {name}{near(name, frame.columns)}", expected="the time of serving")
    column = frame[name]
    if column.dtype == pl.String:
        column = column.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    elif column.dtype.is_numeric():
        column = (column.cast(pl.Float64) * 1e6).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    if not isinstance(column.dtype, pl.Datetime) or (frame.height and not column.count()):
        raise DataError(f"the column {name} of the log holds no times", expected="ISO 8601 or seconds since 1970")
    return column.dt.replace_time_zone("UTC") if column.dtype.time_zone is None else column.dt.convert_time_zone("UTC")


def _first_of_each(raw: pl.DataFrame, features: pl.DataFrame, kept: pl.Series) -> pl.Series:
    """Which rows are kept: the same example a thousand times tells no more than once."""
    both = pl.concat(
        [raw.select(pl.all().name.prefix("r:")), features.select(pl.all().name.prefix("f:"))], how="horizontal"
    )
    first = (
        both.filter(kept).with_row_index("mlready:row").unique(subset=both.columns, keep="first", maintain_order=True)
    )
    places = kept.arg_true().gather(first["mlready:row"].cast(pl.Int64).to_list())
    return pl.int_range(raw.height, eager=True).is_in(places.cast(pl.Int64).to_list())


def _left_out(ours: pl.Series, recent: pl.Series, kept: pl.Series, different: pl.Series) -> list[str]:
    others = len(ours) - int(ours.sum())
    old = int((ours & ~recent.fill_null(value=False)).sum())
    again = int(kept.sum()) - int(different.sum())
    told = ((others, "of other models"), (old, "too old, or of no known time"), (again, "the same once more"))
    return [f"{count:,} {why}" for count, why in told if count]
