"""Finds the oldest record of a data set, in whatever form its column holds time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    import polars as pl

# Numbers of seconds since 1970 in four units, told apart by size: each range covers 2001 to 2286.
_UNITS = ((1e18, 1e9), (1e15, 1e6), (1e12, 1e3), (1e9, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """The times of a data set's records.

    Attributes:
        oldest, newest: Days; None where no record has a time.
        untimed: Records without one that can be read.
        n: Records.
    """

    oldest: dt.date | None
    newest: dt.date | None
    untimed: int
    n: int


def of_column(frame: pl.DataFrame, column: str, *, source: str) -> Ages:
    """The oldest and newest day in a column.

    Args:
        frame: The data set.
        column: Dates, times, text in ISO 8601, or numbers: years, YYYYMMDD, or seconds, milliseconds, microseconds or
            nanoseconds since 1970.
        source: Name of the data set, for messages.

    Raises:
        DataError: there is no such column, or it is of another kind.
    """
    import polars as pl

    if column not in frame.columns:
        raise DataError(f"{source} has no column {column!r}{near(column, frame.columns)}", fix="correct `time`")
    values = frame[column]
    kind = values.dtype
    if kind in (pl.Date, pl.Datetime):
        days = values.dt.date()
    elif kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum):
        days = _of_text(values.cast(pl.String))
    elif kind.is_numeric():
        days = _of_numbers(values.cast(pl.Float64))
    else:
        raise DataError(f"{source}.{column} holds {kind}", expected="dates, times, ISO 8601, or seconds since 1970")
    found = days.drop_nulls()
    oldest, newest = found.min(), found.max()
    return Ages(
        oldest=oldest if isinstance(oldest, dt.date) else None,
        newest=newest if isinstance(newest, dt.date) else None,
        untimed=len(values) - len(found),
        n=len(values),
    )


def _of_text(values: pl.Series) -> pl.Series:
    """Days of texts that begin with YYYY-MM-DD (or with / between); others are null."""
    return values.str.strip_chars().str.slice(0, 10).str.replace_all("/", "-").str.to_date("%Y-%m-%d", strict=False)


def _of_numbers(values: pl.Series) -> pl.Series:
    import polars as pl

    number = pl.col("v")
    seconds = pl.lit(None, dtype=pl.Float64)
    for least, divisor in reversed(_UNITS):
        seconds = pl.when(number >= least).then(number / divisor).otherwise(seconds)
    # A year ends on its last day: a record is no older than that is certain.
    is_year, is_day = number.is_between(1900, 2200), number.is_between(19000101, 22001231)
    written = pl.when(is_year).then(number * 10_000 + 1231).when(is_day).then(number)
    as_text = written.cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    since = (seconds.fill_nan(None) * 1000).cast(pl.Int64, strict=False).cast(pl.Datetime("ms")).cast(pl.Date)
    return pl.DataFrame({"v": values}).select(pl.coalesce(as_text, since)).to_series()
