"""Measures how strongly every two columns depend on each other, on one scale from 0 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

MOST_ROWS = 5_000  # a correlation of 0.8 is then known to within 0.01
MOST_CATEGORIES = 100  # the rest is one category


def associations(frame: pl.DataFrame, *, text: Sequence[str] = (), seed: int = 0) -> Floats:
    """How strongly every two columns depend on each other, shape (d, d), symmetric, 1 on the diagonal.

    Two columns of numbers (or times): the absolute value of Spearman's rank correlation. Two of categories (or
    booleans): Cramér's V, corrected for bias (Bergsma 2013, Journal of the Korean Statistical Society 42:323). One of
    each: the correlation ratio of the ranks, corrected for the number of categories (Kelley 1935, PNAS 21:554). A
    dependence that goes up and then down again is not seen between numbers. Missing numbers take the middle rank,
    missing categories are one. Free text, lists and constant columns depend on nothing.

    Args:
        frame: Columns of n rows; of more than `MOST_ROWS` a sample is taken.
        text: Columns of free text.
        seed: Of the sample.
    """
    if frame.height > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, seed=seed)
    ranked = {i: r for i, c in enumerate(frame.iter_columns()) if (r := _ranks(c)) is not None}
    coded = {i: k for i, c in enumerate(frame.iter_columns()) if c.name not in text and (k := _codes(c)) is not None}
    found = np.eye(frame.width)
    if len(ranked) > 1:
        table = np.stack(list(ranked.values()))
        found[np.ix_(list(ranked), list(ranked))] = np.abs(table @ table.T) / frame.height
    for i, codes in coded.items():
        for j, ranks in ranked.items():
            found[i, j] = found[j, i] = correlation_ratio(codes, ranks)
        for j, others in coded.items():
            if j > i:
                found[i, j] = found[j, i] = cramers_v(codes, others)
    np.fill_diagonal(found, 1.0)
    return np.clip(found, 0.0, 1.0)


def cramers_v(first: Codes, second: Codes) -> float:
    """Cramér's V of two columns of codes 0, 1, …, shape (n,) each, corrected for bias; 0 to 1."""
    n, rows, columns = len(first), int(first.max()) + 1, int(second.max()) + 1
    table = np.bincount(first * columns + second, minlength=rows * columns).reshape(rows, columns)
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / n
    squared = float(((table - expected) ** 2 / np.where(expected > 0, expected, 1)).sum()) / n
    excess = max(0.0, squared - (rows - 1) * (columns - 1) / (n - 1))
    width = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(min(1.0, excess / width))) if width > 0 else 0.0


def correlation_ratio(codes: Codes, values: Floats) -> float:
    """The correlation ratio of values on categories, corrected for the number of categories; 0 to 1.

    Args:
        codes: 0, 1, …, shape (n,).
        values: Shape (n,), with mean 0 and variance 1.
    """
    n, counts = len(codes), np.bincount(codes)
    if n <= len(counts):
        return 0.0
    between = float((np.bincount(codes, values) ** 2 / np.maximum(counts, 1)).sum()) / n
    return float(np.sqrt(max(0.0, 1 - (1 - between) * (n - 1) / (n - len(counts)))))


def _ranks(column: pl.Series) -> Floats | None:
    """Ranks with mean 0 and variance 1; None for what is no number, or never varies."""
    import polars as pl

    if not (column.dtype.is_numeric() or column.dtype.is_temporal()):
        return None
    plain = column.cast(pl.Float64) if column.dtype.is_numeric() else column.to_physical().cast(pl.Float64)
    values = plain.fill_nan(None).to_numpy()
    known = ~np.isnan(values)
    ranks = np.full(len(values), (known.sum() + 1) / 2)
    ranks[known] = stats.rankdata(values[known])
    spread = float(ranks.std())
    return (ranks - ranks.mean()) / spread if spread > 0 else None


def _codes(column: pl.Series) -> Codes | None:
    """Categories as 0, 1, … in order of their frequency; None for what has none, only one, or mostly one a row."""
    import polars as pl

    if column.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Boolean):
        return None
    codes = np.unique(column.cast(pl.String).fill_null("\0").to_numpy().astype(str), return_inverse=True)[1]
    counts = np.bincount(codes)
    if len(counts) < 2 or (counts == 1).sum() > len(codes) / 2:
        return None
    place = np.empty(len(counts), np.intp)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(place[codes], MOST_CATEGORIES - 1)
