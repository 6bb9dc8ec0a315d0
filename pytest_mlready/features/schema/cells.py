"""Reads a column of a table as the values that a document of rows would hold: JSON's kinds, and nulls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Kind = Literal["integer", "number", "boolean", "string", "time", "null", "array", "object", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One column, in the terms of JSON.

    Attributes:
        column: Its name.
        dtype: Its type in the table.
    """

    column: str
    dtype: pl.DataType

    @property
    def kind(self) -> Kind:
        """What its values are in JSON. Dates and times ("time") are texts there, in the form of ISO 8601."""
        if self.dtype.is_integer():
            return "integer"
        if self.dtype.is_float() or self.dtype.is_decimal():
            return "number"
        if self.dtype in (pl.Date, pl.Datetime, pl.Time):
            return "time"
        return _KINDS.get(self.dtype.base_type(), "other")

    @property
    def numeric(self) -> bool:
        return self.kind in ("integer", "number")

    @property
    def textual(self) -> bool:
        return self.kind in ("string", "time")

    @property
    def values(self) -> pl.Expr:
        """The values; NaN is null, since JSON has no NaN and tables write it for a missing number."""
        values = pl.col(self.column)
        return values.fill_nan(None) if self.dtype.is_float() else values

    @property
    def text(self) -> pl.Expr:
        """The values of a textual column as texts."""
        if self.kind == "time":
            return pl.col(self.column).dt.to_string("iso:strict")
        return pl.col(self.column) if self.dtype == pl.String else pl.col(self.column).cast(pl.String)

    @property
    def null(self) -> pl.Expr:
        """True where the value is missing."""
        return self.values.is_null()


_KINDS: dict[type[pl.DataType], Kind] = {
    pl.Boolean: "boolean",
    pl.String: "string",
    pl.Categorical: "string",
    pl.Enum: "string",
    pl.Null: "null",
    pl.List: "array",
    pl.Array: "array",
    pl.Struct: "object",
}


def one_of(cell: Cell, values: list[object]) -> pl.Expr:
    """True where the value is one of a list, in JSON's sense: 1 is 1.0, and true is not 1. Null where it is null."""
    words = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if cell.textual:
        return cell.text.is_in(words)
    if cell.kind == "boolean":
        return pl.col(cell.column).is_in([value for value in values if isinstance(value, bool)])
    if cell.kind == "integer":
        whole = [int(number) for number in numbers if number == number // 1 and -(2**63) <= number < 2**63]
        return pl.col(cell.column).cast(pl.Int64, strict=False).is_in(pl.Series(whole, dtype=pl.Int64).implode())
    if cell.kind == "number":
        return cell.values.cast(pl.Float64).is_in([float(number) for number in numbers])
    return pl.lit(False)


def whole(cell: Cell) -> pl.Expr:
    """True where a number has no fraction, as JSON Schema's "integer" means it: 39.0 is one."""
    if cell.kind == "integer":
        return pl.col(cell.column).is_not_null()
    values = cell.values.cast(pl.Float64)
    return (values.is_finite() & (values == values.floor())).fill_null(False)
