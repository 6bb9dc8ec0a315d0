"""Compares features as serving computed them with features as training computes them, value by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

TINY = 1e-12  # difference that is none, whatever the tolerance: sums to 0 that are not quite


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One feature on which serving and training differ.

    Attributes:
        feature: Its name.
        rows: Where they differ, shape (n,).
        trained, served: Both columns, n rows.
    """

    feature: str
    rows: Mask
    trained: pl.Series
    served: pl.Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """n examples, computed twice.

    Attributes:
        n: Examples.
        features: Features that both computed.
        differences: Those that differ anywhere, most rows first.
        only_trained, only_served: Features of one side alone.
    """

    n: int
    features: tuple[str, ...]
    differences: tuple[Difference, ...]
    only_trained: tuple[str, ...] = ()
    only_served: tuple[str, ...] = ()

    @property
    def rows(self) -> Mask:
        """Examples with any difference, shape (n,)."""
        found = np.zeros(self.n, bool)
        for difference in self.differences:
            found |= difference.rows
        return found


def compare(trained: pl.DataFrame, served: pl.DataFrame, *, tolerance: float) -> Compared:
    """Compares every feature that both sides computed.

    Numbers are the same within the relative tolerance, whatever their type (a float may have been a float32 on its
    way); times as instants; texts and categories to the letter. Nothing, null and NaN are the same thing: JSON has one
    word for them. A text is never the same as a number.

    Args:
        trained: As training computes them, n rows.
        served: As serving did, n rows in the same order.
        tolerance: Relative, of numbers.
    """
    both = [name for name in trained.columns if name in served.columns]
    masks = {name: unequal(trained[name], served[name], tolerance=tolerance) for name in both}
    found = [
        Difference(feature=name, rows=rows, trained=trained[name], served=served[name])
        for name, rows in masks.items()
        if rows.any()
    ]
    return Compared(
        n=trained.height,
        features=tuple(both),
        differences=tuple(sorted(found, key=lambda d: -int(d.rows.sum()))),
        only_trained=tuple(name for name in trained.columns if name not in both),
        only_served=tuple(name for name in served.columns if name not in both),
    )


def unequal(trained: pl.Series, served: pl.Series, *, tolerance: float) -> Mask:
    """Where two columns differ, shape (n,)."""
    gone, also = missing(trained), missing(served)
    there, differ = ~(gone | also), np.zeros(len(trained), bool)
    if there.any():
        differ = _comparison(trained, served)(trained, served, tolerance)
    return np.where(there, differ, gone != also)


def missing(column: pl.Series) -> Mask:
    """Where a column holds null or NaN, shape (n,)."""
    gone = column.is_null()
    if column.dtype.is_float():
        gone |= column.is_nan().fill_null(value=False)
    return np.asarray(gone.to_numpy(), bool)


def numbers(column: pl.Series) -> NDArray[np.float64]:
    """A column of numbers or truth values as floats, NaN where there is none."""
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def instants(column: pl.Series) -> NDArray[np.float64]:
    """A column of times as seconds since 1970; texts as ISO 8601 has them; NaN where there is none."""
    if column.dtype == pl.String:
        column = column.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    elif column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    return numbers(column.dt.epoch("us")) / 1e6


def is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric() or column.dtype == pl.Boolean


def is_text(column: pl.Series) -> bool:
    return column.dtype in (pl.String, pl.Categorical, pl.Enum)


def is_time(column: pl.Series) -> bool:
    return column.dtype in (pl.Datetime, pl.Date)


def _comparison(trained: pl.Series, served: pl.Series) -> Callable[[pl.Series, pl.Series, float], Mask]:
    if is_number(trained) and is_number(served):
        return _whole if trained.dtype.is_integer() and served.dtype.is_integer() else _numbers
    if is_text(trained) and is_text(served):
        return _texts
    if is_time(trained) and (is_time(served) or served.dtype == pl.String):
        return _times
    if trained.dtype.is_nested() and served.dtype.is_nested():
        return _nested
    if trained.dtype == served.dtype:  # durations, times of day, bytes
        return _alike
    return lambda a, _b, _t: np.ones(len(a), bool)  # types that cannot hold the same


def _whole(trained: pl.Series, served: pl.Series, _: float) -> Mask:
    return (trained.cast(pl.Int128) != served.cast(pl.Int128)).fill_null(value=False).to_numpy()


def _numbers(trained: pl.Series, served: pl.Series, tolerance: float) -> Mask:
    return _apart(numbers(trained), numbers(served), tolerance)


def _texts(trained: pl.Series, served: pl.Series, _: float) -> Mask:
    return (trained.cast(pl.String) != served.cast(pl.String)).fill_null(value=False).to_numpy()


def _alike(trained: pl.Series, served: pl.Series, _: float) -> Mask:
    return np.asarray((trained != served).fill_null(value=False).to_numpy(), bool)


def _times(trained: pl.Series, served: pl.Series, _: float) -> Mask:
    with np.errstate(invalid="ignore"):
        close = np.abs(instants(trained) - instants(served)) < 1e-5  # epochs as floats are exact to a microsecond
    return np.logical_not(close)


def _nested(trained: pl.Series, served: pl.Series, tolerance: float) -> Mask:
    pairs = zip(trained.to_list(), served.to_list(), strict=True)
    return np.array([not _same(a, b, tolerance) for a, b in pairs], bool)


def _same(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key], tolerance) for key in a)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return not _apart(np.array([a], float), np.array([b], float), tolerance)[0]
    return bool(a == b)


def _apart(a: NDArray[np.float64], b: NDArray[np.float64], tolerance: float) -> Mask:
    with np.errstate(invalid="ignore"):
        close = np.abs(a - b) <= np.maximum(tolerance * np.maximum(np.abs(a), np.abs(b)), TINY)
    close &= np.isfinite(a) & np.isfinite(b)
    same: Mask = close | (a == b) | (np.isnan(a) & np.isnan(b))
    return ~same
