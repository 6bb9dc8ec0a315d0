"""Notes what training data look like, column by column: the measure by which a damaged copy is a violation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from pytest_mlready.features.schema.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable

Family = Literal["number", "boolean", "category", "text", "time", "other"]

MOST_CATEGORIES = 1000
# Estimated chance that the next row brings a value never met (Good 1953: the share of values met once); above it a new
# value is nothing unusual, and the column is text rather than categories. A convention.
OPEN = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the training rows hold in one column.

    Attributes:
        name: The column.
        dtype: Its type in the table.
        family: Which faults it can have.
        rows: How many rows there are.
        nulls: Whether any value is missing (null, or NaN).
        whole: Numbers: none has a fraction.
        low, high: Numbers: smallest and largest finite value; None where there is none.
        categories: Categories, most frequent first.
    """

    name: str
    dtype: pl.DataType
    family: Family
    rows: int
    nulls: bool
    whole: bool = False
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()

    @property
    def span(self) -> float:
        """The width of the range; for a constant its size, and at least 1."""
        if self.low is None or self.high is None:
            return 1
        return self.high - self.low or max(abs(self.high), 1)

    def outside(self, values: pl.Series) -> pl.Series:
        """True where a value is none that the training rows would lead one to expect."""
        cell = Cell(column=values.name, dtype=values.dtype)
        nulls = values.to_frame().select(cell.null).to_series()
        strange = self._strange(values, cell).fill_null(False)
        return strange if self.nulls else strange | nulls

    def _strange(self, values: pl.Series, cell: Cell) -> pl.Series:
        frame = values.to_frame()
        if self.family == "number" and cell.numeric and self.low is not None:
            beyond = (cell.values < self.low) | (cell.values > self.high)
            broken = cell.values.cast(pl.Float64) % 1 != 0 if self.whole and cell.kind == "number" else pl.lit(False)
            return frame.select(beyond | broken).to_series()
        if self.family == "category" and cell.textual:
            return frame.select(cell.text.is_in(list(self.categories)).not_()).to_series()
        return frame.select(pl.repeat(False, pl.len())).to_series()


def look(frame: pl.DataFrame, columns: Iterable[str]) -> tuple[Seen, ...]:
    """What the rows of a frame hold in some of its columns."""
    return tuple(_column(frame[name]) for name in columns)


def _column(values: pl.Series) -> Seen:
    cell = Cell(column=values.name, dtype=values.dtype)
    filled = values.to_frame().select(cell.values).to_series().drop_nulls()
    plain: dict[str, Any] = {
        "name": values.name, "dtype": values.dtype, "rows": len(values), "nulls": len(filled) < len(values),
    }  # fmt: skip
    if cell.numeric:
        return _numbers(filled, plain)
    if cell.kind == "string":
        return _words(filled, plain)
    families: dict[str, Family] = {"boolean": "boolean", "time": "time"}
    return Seen(family=families.get(cell.kind, "other"), **plain)


def _numbers(filled: pl.Series, plain: dict[str, Any]) -> Seen:
    if filled.dtype.is_decimal():
        filled = filled.cast(pl.Float64)
    finite = filled.filter(filled.is_finite()) if filled.dtype.is_float() else filled
    fractions = bool((finite != finite.floor()).any()) if finite.dtype.is_float() else False
    ends: dict[str, Any] = {"low": finite.min(), "high": finite.max()}
    return Seen(family="number", whole=not fractions, **ends, **plain)


def _words(filled: pl.Series, plain: dict[str, Any]) -> Seen:
    counts = filled.cast(pl.String).value_counts(sort=True, name="rows")
    once = counts.filter(pl.col("rows") == 1).height
    if not len(filled) or once > OPEN * len(filled) or counts.height > MOST_CATEGORIES:
        return Seen(family="text", **plain)
    ordered = counts.sort(["rows", filled.name], descending=[True, False])
    return Seen(family="category", categories=tuple(ordered[filled.name]), **plain)
