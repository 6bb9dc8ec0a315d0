"""Counts two samples on one fine grid, from which order statistics and distances follow exactly without a full sort.

A cell of the grid is a range of values. Its bounds are rough, but values keep their order across cells, so whatever
needs single values looks only into the few cells that can hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.generic]
    Cells = NDArray[np.intp]

FINEST = 1 << 16  # cells: keys of two bytes, and counters that a processor's cache holds
MANY = 0.1  # share of a sample from which on it pays to find out first which cells hold a single value


@dataclass(frozen=True, slots=True, kw_only=True)
class Gridded:
    """Two samples on one grid of k cells.

    Attributes:
        values: Both samples, unsorted, without NaN, shape (n,) and (m,).
        keys: Cell of each value, shape (n,) and (m,).
        ranks: For each sample the number of values in cells before each cell, and all of them, shape (k + 1,).
        span: Values that the first and the last cell begin with.
    """

    values: tuple[Numbers, Numbers]
    keys: tuple[NDArray[np.uint16], NDArray[np.uint16]]
    ranks: tuple[Cells, Cells]
    span: tuple[float, float]

    def within(self, side: int, cells: Cells) -> tuple[Numbers, Cells]:
        """Values of a sample in these cells, ascending, and the rank of each in the whole sample.

        `cells` are ascending and distinct.
        """
        marked = np.zeros(len(self.ranks[side]) - 1, bool)
        marked[cells] = True
        found = np.sort(self.values[side][marked[self.keys[side]]])
        starts = self.ranks[side][cells]
        return found, _ranges(starts, self.ranks[side][cells + 1])

    def order_statistics(self, side: int, ranks: Sequence[int] | Cells) -> Numbers:
        """The values of these ranks (0: the smallest), in the order asked for."""
        wanted = np.asarray(ranks, np.intp)
        cells = np.unique(np.searchsorted(self.ranks[side], wanted, side="right") - 1)
        found, at = self.within(side, cells)
        return found[np.searchsorted(at, wanted)]

    def counts(self, side: int, values: Numbers, how: Literal["left", "right"]) -> Cells:
        """How many values of a sample are below each of these ("left"), or at most so large ("right")."""
        keys = _keys(values, *self.span, len(self.ranks[side]) - 1).astype(np.intp)
        cells = np.unique(keys)
        found, _ = self.within(side, cells)
        skipped = _skipped(self.ranks[side], cells)
        return np.asarray(np.searchsorted(found, values, side=how) + skipped[np.searchsorted(cells, keys)])


def gridded(first: Numbers, second: Numbers) -> Gridded:
    """Both samples, neither empty nor with NaN, on a grid that spans the finite values of both."""
    if first.dtype != second.dtype:
        first, second = first.astype(float), second.astype(float)
    span = _span(first, second)
    cells = 1 if span is None else max(2, min(FINEST, len(first) + len(second)))
    low, high = span or (0.0, 0.0)
    keys = _keys(first, low, high, cells), _keys(second, low, high, cells)
    ranks = [np.concatenate([[0], np.cumsum(np.bincount(k, minlength=cells))]) for k in keys]
    return Gridded(values=(first, second), keys=keys, ranks=(ranks[0], ranks[1]), span=(low, high))


def ks_distance(samples: Gridded) -> float:
    """The largest distance of the two empirical distribution functions, exactly.

    Between the bounds of a cell both only rise, so that the distance inside is bounded by their values at the bounds;
    cells are searched value by value only where that bound exceeds the best distance seen at any bound.
    """
    n, m = (len(v) for v in samples.values)
    f, g = samples.ranks[0] / n, samples.ranks[1] / m
    best = float(np.abs(f - g).max())
    cells = np.flatnonzero(np.maximum(f[1:] - g[:-1], g[1:] - f[:-1]) > best)
    if (f[cells + 1] - f[cells]).sum() > MANY:
        cells = cells[_varied(samples)[cells]]
    points, at = samples.within(1, cells)
    if not len(points):
        return best
    others, _ = samples.within(0, cells)
    place = np.searchsorted(samples.ranks[1][cells + 1], at, side="right")
    before = _skipped(samples.ranks[0], cells)[place]
    above = (at + 1) / m - (np.searchsorted(others, points, side="right") + before) / n
    below = (np.searchsorted(others, points, side="left") + before) / n - at / m
    return max(best, float(above.max()), float(below.max()))


def _varied(samples: Gridded) -> NDArray[np.bool_]:
    """Cells that hold more than one value; few where values are whole numbers, or rounded."""
    count = len(samples.ranks[0]) - 1
    standing = np.zeros(count, samples.values[0].dtype)
    varied = np.zeros(count, bool)
    for values, keys in zip(samples.values, samples.keys, strict=True):
        standing[keys] = values
    for values, keys in zip(samples.values, samples.keys, strict=True):
        varied[keys[standing[keys] != values]] = True
    return varied


def few(samples: Gridded, most: int) -> tuple[Numbers, Cells, Cells] | None:
    """The distinct values of the first sample where there are at most `most`, with their numbers in both samples."""
    used = np.flatnonzero(np.diff(samples.ranks[0]))
    if len(used) > most:
        return None
    standing = np.zeros(len(samples.ranks[0]) - 1, samples.values[0].dtype)
    standing[samples.keys[0]] = samples.values[0]
    if not (standing[samples.keys[0]] == samples.values[0]).all():  # values that differ by less than a cell
        values = np.unique(samples.values[0])
        first, second = (_equal(sample, values) for sample in samples.values)
        return None if len(values) > most else (values, first, second)
    same = samples.keys[1][standing[samples.keys[1]] == samples.values[1]]
    second = np.bincount(same, minlength=len(standing))[used]
    return standing[used], np.diff(samples.ranks[0])[used], second


def _equal(sample: Numbers, values: Numbers) -> Cells:
    ordered = np.sort(sample)
    return np.searchsorted(ordered, values, side="right") - np.searchsorted(ordered, values, side="left")


def _span(first: Numbers, second: Numbers) -> tuple[float, float] | None:
    """Smallest and largest finite value; None where these span no range that can be divided."""
    ends = [end for sample in (first, second) for end in _ends(sample)]
    low, high = min(ends), max(ends)
    width = high - low
    return (low, high) if np.isfinite(width) and width > FINEST / np.finfo(float).max else None


def _ends(sample: Numbers) -> tuple[float, float]:
    low, high = float(sample.min()), float(sample.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = sample[np.isfinite(sample)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def _keys(values: Numbers, low: float, high: float, cells: int) -> NDArray[np.uint16]:
    """Cell of each value: rounding may move bounds, and never swaps two values."""
    if cells == 1:
        return np.zeros(len(values), np.uint16)
    place = np.subtract(values, low, dtype=float)
    place *= (cells - 1) / (high - low)
    return np.clip(place, 0, cells - 1, out=place).astype(np.uint16)


def _skipped(ranks: Cells, cells: Cells) -> Cells:
    """For each of the marked cells, the values in unmarked ones before it."""
    sizes = ranks[cells + 1] - ranks[cells]
    return np.asarray(ranks[cells] - np.cumsum(sizes) + sizes)


def _ranges(starts: Cells, ends: Cells) -> Cells:
    """All integers from each start up to its end, one range after the other."""
    lengths = ends - starts
    offsets = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.asarray(np.arange(int(lengths.sum())) - offsets + np.repeat(starts, lengths))
