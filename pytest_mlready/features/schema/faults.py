"""Damages one column of a batch, in the ways in which upstream data really change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.features.schema.seen import Seen

EVERY = 10  # one row in ten gets a value out of range, a null, a new category; units, types and swaps change them all
UNIT = 100  # cents for euros, per cent for shares, centimetres for metres


def out_of_range(seen: Seen, values: pl.Series, beyond: float) -> Iterator[tuple[str, pl.Series]]:
    """Below the smallest and above the largest value seen, by `beyond` times the width of the range."""
    if seen.family != "number" or seen.low is None or seen.high is None:
        return
    far = (seen.low - beyond * seen.span, seen.high + beyond * seen.span)
    for side, value in zip(("below", "above"), far, strict=True):
        if math.isfinite(value):
            exact = round(value) if seen.whole else value
            yield f"{seen.name} {side} ({exact:,})", _some(values, exact)


def missing(seen: Seen, values: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    """Nulls, where the training rows have none."""
    if not seen.nulls:
        yield seen.name, _some(values, None)


def new_category(seen: Seen, values: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    """A code that no training row has, made from the commonest one."""
    if seen.family != "category":
        return
    code = f"{seen.categories[0]}-2"
    while code in seen.categories:
        code += "-2"
    yield f'{seen.name} "{code}"', fitted(_some(values.cast(pl.String), code), values.dtype)


def other_unit(seen: Seen, values: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    """All values times 100."""
    if seen.family == "number":
        wide = values.cast(pl.Int64 if values.dtype.is_integer() else pl.Float64, strict=False)
        yield f"{seen.name} ×{UNIT}", fitted(wide * UNIT, values.dtype)


def other_type(seen: Seen, values: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    """Numbers as texts that name their unit, texts and categories as codes, truth and time as words of a locale.

    None of these can be read back as what it was, so that a schema which converts first must object too.
    """
    if seen.family == "number":
        yield f"{seen.name} as text", values.cast(pl.String) + " units"
    elif seen.family in ("category", "text"):
        yield f"{seen.name} as number", values.cast(pl.String).rank("dense").cast(pl.Int64)
    elif seen.family == "boolean":
        yield f"{seen.name} as text", values.replace_strict({True: "on", False: "off"}, return_dtype=pl.String)
    elif seen.family == "time":
        yield f"{seen.name} as text", ("day " + values.cast(pl.String)).rename(seen.name)


def swapped(first: pl.Series, second: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Each with the values of the other, in its own type where they fit."""
    return (
        fitted(second.rename(first.name), first.dtype),
        fitted(first.rename(second.name), second.dtype),
    )


def fitted(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """In a type where that changes no value; else as they are, as a table would have to hold them."""
    if values.dtype == dtype:
        return values
    narrow = values.cast(dtype, strict=False)
    return narrow if narrow.cast(values.dtype, strict=False).equals(values) else values


def _some(values: pl.Series, value: float | str | None) -> pl.Series:
    """With one row in ten replaced; in the column's own type where the value fits it."""
    if value is None:
        wide = values
    else:
        wide = values.cast({int: pl.Int64, float: pl.Float64, str: pl.String}[type(value)], strict=False)
    chosen = pl.int_range(pl.len()) % EVERY == 0
    damaged = wide.to_frame().select(
        pl.when(chosen).then(pl.lit(value, dtype=wide.dtype)).otherwise(pl.col(wide.name)).alias(wide.name)
    )
    return fitted(damaged.to_series(), values.dtype)
