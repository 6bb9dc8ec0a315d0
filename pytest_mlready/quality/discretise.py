"""Cuts columns of any kind into a few labelled bins, so that rows can be counted by cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SAMPLE = 100_000  # rows that quantile edges are taken from; their sampling error is under half a percent of the rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Binned:
    """One column as small integers.

    Attributes:
        name: The column.
        codes: Bin of each row, shape (n,), uint8.
        labels: A condition per bin, e.g. "age in (28, 37]", "sex = Male", "age is missing".
    """

    name: str
    codes: NDArray[np.uint8]
    labels: tuple[str, ...]


def discretise(
    frame: pl.DataFrame, columns: Iterable[str], *, bins: int = 8, categories: int = 20
) -> tuple[list[Binned], list[tuple[str, str]]]:
    """Cuts each column: numbers and dates by quantiles, everything else by its most frequent values.

    A number that `1 / bins` of the rows share (capital-gain = 0) has a bin of its own, so have missing values and NaN;
    the quantiles are those of the other rows. Numbers with at most `bins` distinct values keep them. Of categories,
    the `categories` most frequent stay and the rest is "other", so that 10,000 of them cost no more than 21.

    Args:
        frame: n rows.
        columns: Which ones, in order.
        bins: Quantile bins a number is cut into, 2 to 100.
        categories: Values of a category that are kept, 2 to 250.

    Returns:
        The binned columns, and (column, reason) for those left out: constant ones, and kinds that have no order and no
        equality to speak of (lists, structs, bytes).
    """
    if not (2 <= bins <= 100 and 2 <= categories <= 250):
        raise ValueError(f"bins must lie in 2..100 and categories in 2..250, not {bins} and {categories}")
    kept, skipped = [], []
    for name in columns:
        series = frame[name]
        if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object, pl.Null):
            skipped.append((name, f"{series.dtype} cannot be cut into bins"))
            continue
        binned = _compact(_bin(series, bins, categories))
        if len(binned.labels) > 1:
            kept.append(binned)
        else:
            skipped.append((name, "constant"))
    return kept, skipped


def _bin(series: pl.Series, bins: int, categories: int) -> Binned:
    if series.dtype == pl.Boolean or not (series.dtype.is_numeric() or series.dtype.is_temporal()):
        return _by_value(series.cast(pl.String), categories)
    physical = series.cast(pl.Float64) if series.dtype.is_decimal() else series.to_physical()
    few = physical.fill_nan(None) if physical.dtype.is_float() else physical
    if few.head(SAMPLE).n_unique() <= bins and few.n_unique() <= bins + 1:
        return _by_value(series.set(physical.is_nan(), None) if physical.dtype.is_float() else series, bins + 1)
    return _by_quantile(series, physical, bins)


def _by_value(series: pl.Series, most: int) -> Binned:
    """A bin for each of the `most` most frequent values, one for the others, one for missing ones."""
    counts = series.drop_nulls().value_counts(name="rows").sort("rows", series.name, descending=[True, False])
    values = counts[series.name].head(most)
    shown = [f"{series.name} = {_text(value)}" for value in values]
    codes = np.full(len(series), most, np.uint8)
    if len(values):
        places = pl.Series(range(len(values)), dtype=pl.UInt8)
        codes = series.replace_strict(values, places, default=most, return_dtype=pl.UInt8).fill_null(most).to_numpy()
    codes = np.where(series.is_null().to_numpy(), np.uint8(most + 1), codes)
    fillers = [""] * (most - len(shown))
    return Binned(name=series.name, codes=codes, labels=(*shown, *fillers, f"{series.name} = other", _missing(series)))


def _by_quantile(series: pl.Series, physical: pl.Series, bins: int) -> Binned:
    """Bins between distinct quantiles, one for each value with a point mass, one for missing values and NaN."""
    values = physical.cast(pl.Float64).fill_null(np.nan).to_numpy()
    absent = np.isnan(values)
    cuts, masses = _cuts(values[:: max(1, len(values) // SAMPLE)], bins)
    codes = np.zeros(len(values), np.uint8)
    for cut in cuts:
        codes += values > cut
    codes[absent] = len(cuts) + 1
    bounds = [-np.inf, *cuts, np.inf]
    shown = [_range(series, low, high, masses) for low, high in pairwise(bounds)]
    return Binned(name=series.name, codes=codes, labels=(*shown, _missing(series)))


def _cuts(sample: NDArray[np.float64], bins: int) -> tuple[list[float], set[float]]:
    """Thresholds t (a row's bin is the number of t below its value), and the values that fill a bin alone."""
    sample = sample[~np.isnan(sample)]
    values, counts = np.unique(sample, return_counts=True)
    masses = values[counts * bins >= len(sample)]
    others = sample[~np.isin(sample, masses)]
    cuts = {float(m) for m in masses} | {float(np.nextafter(m, -np.inf)) for m in masses}
    if len(others):
        share = max(2, round(bins * len(others) / len(sample)))
        quantiles = np.quantile(others, np.arange(1, share) / share, method="inverted_cdf")
        cuts |= {float(q) for q in quantiles if q < others.max()}
    return sorted(cuts), {float(m) for m in masses}


def _range(series: pl.Series, low: float, high: float, masses: set[float]) -> str:
    if high in masses and low == np.nextafter(high, -np.inf):
        return f"{series.name} = {_of_kind(series, high)}"
    above = "" if np.isneginf(low) else f"> {_of_kind(series, low)}"
    below = "" if np.isposinf(high) else f"≤ {_of_kind(series, high)}"
    upper = float(np.nextafter(high, np.inf))
    if upper in masses:  # the bin ends just under a value that stands alone
        below = f"< {_of_kind(series, upper)}"
    if above and below:
        return f"{series.name} {above} and {below}"
    return f"{series.name} {above or below or 'is any number'}"


def _of_kind(series: pl.Series, value: float) -> str:
    """A threshold as the column would show it: dates as dates."""
    if series.dtype.is_temporal():
        return str(pl.Series([int(value)]).cast(series.dtype)[0])
    return f"{value:.6g}"


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _missing(series: pl.Series) -> str:
    return f"{series.name} is missing"


def _compact(binned: Binned) -> Binned:
    """The same without bins that no row is in."""
    used = np.flatnonzero(np.bincount(binned.codes, minlength=len(binned.labels)))
    if len(used) == len(binned.labels):
        return binned
    table = np.zeros(len(binned.labels), np.uint8)
    table[used] = np.arange(len(used))
    return Binned(name=binned.name, codes=table[binned.codes], labels=tuple(binned.labels[i] for i in used))
