"""Finds how many independent rows a window of dependent ones is worth: rows of one cluster, or of one period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pytest_mlready.drift.two_sample import Null
from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.values import Dataset

    Codes = NDArray[np.intp]
    Floats = NDArray[np.float64]

LEAST = 10  # degrees of freedom below which the correlation within blocks is a guess


def blocks(reference: Dataset, current: Dataset, period: str) -> tuple[tuple[Codes, Codes] | None, str]:
    """The block of each row, by the cluster column or else the period of the time column; and a remark for the reader.

    Args:
        reference: The older window; `cluster` and `time` are its roles.
        current: The newer one.
        period: Length of a period, in polars' words ("1d", "6h", "1w"); "" takes rows as independent of their time.

    Raises:
        DataError: `period` is no length of time.
    """
    windows = (reference, current)
    if all(w.cluster for w in windows):
        codes = [_ranks(w.frame[w.cluster]) for w in windows]  # type: ignore[index]
        return (codes[0], codes[1]), f"rows of one {reference.cluster} depend on one another"
    if not period or not all(w.time for w in windows):
        return None, "rows count as independent"
    times = [w.frame[w.time] for w in windows]  # type: ignore[index]
    if not all(isinstance(t.dtype, pl.Date | pl.Datetime) for t in times):
        return None, f"rows count as independent: {reference.time} holds no dates in both windows"
    codes = [_ranks(_truncated(t, period)) for t in times]
    return (codes[0], codes[1]), f"rows of one period of {period} of {reference.time} depend on one another"


def _truncated(times: pl.Series, period: str) -> pl.Series:
    try:
        return times.dt.truncate(period)
    except (pl.exceptions.PolarsError, ValueError) as reason:
        raise DataError(f'period is "{period}": {reason}', expected='a length such as "1d", "6h" or "1w"') from None


def _ranks(series: pl.Series) -> Codes:
    """Numbers the distinct values from 0; a row without a value is a block of its own."""
    ranks = series.rank("dense").to_numpy().astype(float)
    empty = np.isnan(ranks)
    ranks[empty] = np.nanmax(ranks, initial=0) + 1 + np.arange(empty.sum())
    return np.unique(ranks, return_inverse=True)[1]


def null(cells: tuple[Codes, Codes], blocks: tuple[Codes, Codes]) -> Null:
    """How far the shares of the cells lie apart by chance, where rows of one block depend on one another.

    The covariance of the shares has a part within blocks and one between them, by the analysis of variance over both
    windows (as Donner 1986, International Statistical Review 54:67, for one share); in a window of n rows in blocks of
    m_j rows, these count 1/n and Σm_j²/n² times. What lies between blocks is never taken as less than nothing: noise
    may widen what counts as chance, and never narrow it.

    Args:
        cells: Cell of each row, for each window, shape (n,).
        blocks: Block of each row, likewise.
    """
    width = 1 + max(int(c.max()) for c in cells)
    counts = [_counts(c, b, width) for c, b in zip(cells, blocks, strict=True)]
    shares = sum(c.sum(axis=0) for c in counts)
    used = shares > 0
    counts = [c[:, used] for c in counts]
    shares = shares[used] / shares.sum()
    root = 1 / np.sqrt(shares)
    within, between, degrees = _components(counts)
    within, between = (root[:, None] * part * root for part in (within, between))
    values, vectors = np.linalg.eigh(between)
    between = (vectors * np.maximum(values, 0)) @ vectors.T
    rows = [c.sum() for c in counts]
    repeated = [float((c.sum(axis=1) ** 2).sum()) / n**2 for c, n in zip(counts, rows, strict=True)]
    parts = [within / n + between * share for n, share in zip(rows, repeated, strict=True)]
    spread = np.linalg.eigvalsh(parts[0] + parts[1])
    mean = float(spread.sum())
    worth = [(len(shares) - 1) / max(float(np.trace(part)), 1e-300) for part in parts]
    satterthwaite = mean**2 / float((spread**2).sum()) if len(shares) > 1 and mean > 0 else 0.0
    return Null(
        mean=mean, degrees=satterthwaite, worth=(worth[0], worth[1]),
        blocks=float(max(degrees, 1)), largest=float(spread[-1]),
    )  # fmt: skip


def _counts(cell: Codes, block: Codes, width: int) -> Floats:
    """Rows of each block in each cell, shape (blocks, cells); blocks without a row are left out."""
    counts = np.bincount(block * width + cell, minlength=(int(block.max()) + 1) * width).reshape(-1, width)
    return counts[counts.any(axis=1)].astype(float)


def _components(counts: list[Floats]) -> tuple[Floats, Floats, int]:
    """Covariance of a row's cell within a block, that between blocks, and the blocks less one for each window."""
    width = counts[0].shape[1]
    within, between = np.zeros((width, width)), np.zeros((width, width))
    spread, degrees, rest = 0.0, 0, 0
    for count in counts:
        size, n = count.sum(axis=1), count.sum()
        apart = count / size[:, None] - count.sum(axis=0) / n
        between += (apart * size[:, None]).T @ apart
        within += np.diag(count.sum(axis=0)) - (count / size[:, None]).T @ count
        spread += n - float((size**2).sum()) / n
        degrees, rest = degrees + len(size) - 1, rest + int(n) - len(size)
    within /= max(rest, 1)
    if not degrees or not rest:
        return (within if rest else between / max(degrees, 1)), np.zeros_like(within), degrees
    return within, (between / degrees - within) * degrees / spread, degrees
