"""Reads a table of past experiments, with an offline and an online difference each, and finds what is wrong in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from pytest_mlready.errors import DataError, near
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_JSON = 20_000_000  # bytes; a table of experiments has kilobytes
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of columns.

    Attributes:
        experiment: Name of the experiment.
        offline, online: The differences between the same two models, new less old.
        date: When it ended.
        offline_metric, online_metric: Names of the metrics; columns of these names may be absent.
        bounds: Lower and upper bound of the offline and of the online difference; may be absent.
    """

    experiment: str = "experiment"
    offline: str = "offline"
    online: str = "online"
    date: str = "date"
    offline_metric: str = "offline_metric"
    online_metric: str = "online_metric"
    bounds: tuple[tuple[str, str], tuple[str, str]] = (
        ("offline_lower", "offline_upper"),
        ("online_lower", "online_upper"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiments:
    """Rows of one pair of metrics.

    Attributes:
        table: Columns name, offline, online, date, and bounds offline_lower, offline_upper, online_lower, online_upper
            (null where the table has none).
        pair: Names of the offline and the online metric; None where neither table nor settings say.
        pairs: All pairs in the table, with their numbers of rows, most first.
    """

    table: pl.DataFrame
    pair: tuple[str, str] | None
    pairs: tuple[tuple[tuple[str, str], int], ...]


def read_json(path: Path) -> pl.DataFrame:
    """A table from a JSON file: a list of objects, one for each experiment.

    Raises:
        DataError: It is no such list, or larger than 20 MB.
    """
    expected = "a list of objects, one for each experiment"
    if path.stat().st_size > MAX_JSON:
        raise DataError(f"{path.name} has more than {MAX_JSON // 1_000_000} MB", expected=expected)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is not JSON: {error}", expected=expected) from None
    if not isinstance(found, list) or not found or not all(isinstance(row, dict) for row in found):
        raise DataError(f"{path.name} holds no rows", expected=expected)
    try:
        return pl.DataFrame(found, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise DataError(f"{path.name} is no table: {error}", expected="one type in each column") from None


def select(frame: pl.DataFrame, columns: Columns, *, pair: Sequence[str] = ()) -> Experiments:
    """The experiments on one pair of metrics.

    Args:
        frame: The table, one row for each experiment and pair.
        columns: Names of its columns.
        pair: Names of the offline and the online metric. Where the table names metrics it chooses among them; else it
            says what the table is about. Empty: the table's only pair.

    Raises:
        DataError: A column is missing or of another kind, or the table has no row of the pair.
    """
    table = pl.DataFrame([
        _column(frame, columns.experiment).cast(pl.String).alias("name"),
        _numbers(frame, columns.offline, "offline"),
        _numbers(frame, columns.online, "online"),
        _dates(frame, columns.date),
        *_bounds(frame, columns),
    ])  # fmt: skip
    named = [columns.offline_metric, columns.online_metric]
    if len(pair) not in (0, 2):
        raise DataError(f"pair names {len(pair)} metrics", expected="two: the offline and the online one")
    if not set(named) <= set(frame.columns):
        return Experiments(table=table, pair=(pair[0], pair[1]) if pair else None, pairs=())
    keys = frame.select(pl.col(named).cast(pl.String).fill_null("not named"))
    counts = keys.group_by(named, maintain_order=True).len().sort("len", descending=True, maintain_order=True)
    pairs = tuple(((str(a), str(b)), int(n)) for a, b, n in counts.iter_rows())
    chosen = (pair[0], pair[1]) if pair else (pairs[0][0] if len(pairs) == 1 else None)
    if chosen is None:
        return Experiments(table=table, pair=None, pairs=pairs)
    if chosen not in [p for p, _ in pairs]:
        known = [" and ".join(p) for p, _ in pairs]
        raise DataError(f"no experiment is about {' and '.join(chosen)}{near(' and '.join(chosen), known)}",
                        expected=f"one of {'; '.join(known[:5])}", fix="correct pair")  # fmt: skip
    mine = keys.select(pl.all_horizontal(pl.col(n) == c for n, c in zip(named, chosen, strict=True))).to_series()
    return Experiments(table=table.filter(mine), pair=chosen, pairs=pairs)


def mistakes(found: Experiments, *, today: dt.date) -> Iterator[Verdict]:
    """What must not be in such a table: failed where it is wrong, inconclusive where something is not said."""
    table = found.table
    named = table.filter(pl.col("name").is_not_null() & (pl.col("name") != ""))
    twice = named.filter(pl.col("name").is_duplicated())["name"].unique(maintain_order=True)
    yield from _told("failed", twice, "stand more than once in the table, so that one experiment would count as two")
    yield from _told("failed", _names(table, pl.col("date") > today), "ended on a day that is yet to come")
    for side in ("offline", "online"):
        low, value, high = (pl.col(c) for c in (f"{side}_lower", side, f"{side}_upper"))
        outside = _names(table, (value < low) | (value > high) | (low > high))
        yield from _told("failed", outside, f"have an {side} difference outside its own interval")
        unknown = _names(table, value.is_null() | ~value.is_finite())
        yield from _told(
            "inconclusive", unknown, f"have no {side} difference (left out, results look better than they are)"
        )
    yield from _told("inconclusive", _names(table, pl.col("date").is_null()), "have no date")
    if nameless := table.height - named.height:
        yield Verdict(outcome="inconclusive", message=f"{nameless} experiments have no name")


def _names(table: pl.DataFrame, where: pl.Expr) -> pl.Series:
    return table.filter(where)["name"].fill_null("(no name)")


def _told(outcome: Any, names: pl.Series, what: str) -> Iterator[Verdict]:
    if len(names):
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield Verdict(outcome=outcome, message=f"{', '.join(names.head(SHOWN))}{more} {what}")


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name not in frame.columns:
        raise DataError(f'the table of experiments has no column "{name}"{near(name, frame.columns)}',
                        expected=f"one of {', '.join(frame.columns[:20])}")  # fmt: skip
    return frame[name]


def _numbers(frame: pl.DataFrame, name: str, alias: str) -> pl.Series:
    column = _column(frame, name)
    if column.dtype == pl.Null:
        column = column.cast(pl.Float64)
    if not column.dtype.is_numeric():
        first = next((str(v) for v in column if v is not None), "")
        raise DataError(f'the column "{name}" holds "{first[:40]}"', expected="plain numbers, all in one unit")
    return column.cast(pl.Float64).alias(alias)


def _dates(frame: pl.DataFrame, name: str) -> pl.Series:
    column = _column(frame, name)
    if column.dtype == pl.String:
        column = column.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if not isinstance(column.dtype, pl.Date | pl.Datetime):
        raise DataError(f'the column "{name}" holds no dates', expected="dates such as 2027-01-31")
    return column.cast(pl.Date).alias("date")


def _bounds(frame: pl.DataFrame, columns: Columns) -> Iterator[pl.Series]:
    for side, names in zip(("offline", "online"), columns.bounds, strict=True):
        for end, name in zip(("lower", "upper"), names, strict=True):
            alias = f"{side}_{end}"
            absent = name not in frame.columns
            yield pl.Series(alias, [None] * frame.height, pl.Float64) if absent else _numbers(frame, name, alias)
