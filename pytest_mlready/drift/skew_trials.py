"""Plants skew into served features and sees whether the comparison finds it: what cannot show it proves nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pytest_mlready.drift import skew

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOST = 0.01  # share of values that get lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One fault in a copy of the served features: its name, the feature concerned, and the copy."""

    name: str
    feature: str
    served: pl.DataFrame


def plant(served: pl.DataFrame, sound: Sequence[str]) -> list[Planted]:
    """Every fault that these features can have, in one feature each.

    Args:
        served: n examples.
        sound: Features on which serving and training agree.
    """
    columns = [served[name] for name in sound]
    made = (_unit(served, columns), _shift(served, columns), _swapped(served, columns), _default(served, columns))
    return [planted for candidates in made for planted in list(candidates)[:1]]


def found(trained: pl.DataFrame, planted: Planted, *, tolerance: float, share: float) -> bool:
    """Whether the comparison sees the fault in more than this share of the examples."""
    rows = skew.unequal(trained[planted.feature], planted.served[planted.feature], tolerance=tolerance)
    return float(rows.mean()) > share


def _unit(served: pl.DataFrame, columns: list[pl.Series]) -> Iterator[Planted]:
    for column in columns:
        if column.dtype.is_numeric() and (column.fill_null(0) != 0).any():
            yield _with(served, "another unit (× 100)", column.cast(pl.Float64) * 100)


def _shift(served: pl.DataFrame, columns: list[pl.Series]) -> Iterator[Planted]:
    for column in columns:
        if skew.is_time(column):
            yield _with(served, "an hour later", column.cast(pl.Datetime("us")) + dt.timedelta(hours=1))
    for column in columns:
        if column.dtype.is_numeric() and column.count():
            yield _with(served, "shifted by one", column.cast(pl.Float64) + 1)


def _swapped(served: pl.DataFrame, columns: list[pl.Series]) -> Iterator[Planted]:
    for i, one in enumerate(columns):
        for other in columns[i + 1 :]:
            alike = one.dtype.is_numeric() == other.dtype.is_numeric() and skew.is_text(one) == skew.is_text(other)
            if alike and not one.dtype.is_nested() and skew.unequal(one, other, tolerance=0.0).any():
                exchanged = served.with_columns(other.alias(one.name), one.alias(other.name))
                yield Planted(name=f"exchanged with {other.name}", feature=one.name, served=exchanged)


def _default(served: pl.DataFrame, columns: list[pl.Series]) -> Iterator[Planted]:
    for column in columns:
        if column.dtype.is_numeric() and skew.missing(column).any():
            filled = column.cast(pl.Float64).fill_nan(None).fill_null(0.0)
            yield _with(served, "0 where nothing is known", filled)
    for column in columns:
        if len(column) and not skew.missing(column).all() and not column.dtype.is_nested():
            lost = np.flatnonzero(~skew.missing(column))[: max(1, int(LOST * len(column)))]
            kept = ~pl.int_range(len(column), eager=True).is_in(lost.tolist())
            yield _with(
                served, "nothing instead of a value", column.zip_with(kept, pl.Series([None], dtype=column.dtype))
            )


def _with(served: pl.DataFrame, name: str, column: pl.Series) -> Planted:
    return Planted(name=name, feature=column.name, served=served.with_columns(column))
