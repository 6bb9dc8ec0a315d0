"""Cuts a column into the cells whose shares are compared, by what the reference holds."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.drift.grid import Gridded

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.generic]

EXPECTED = 5.0  # rows that a cell must expect in either window (Cochran 1954, Biometrics 10:417)
SLICE = 1 << 17  # rows of words that are counted at a time
TOO_MANY = 100  # cells; more say nothing that a reader could follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Where cells of numbers begin: below each value in `before`, and above each value in `after`."""

    before: Numbers
    after: Numbers
    merged: NDArray[np.intp]  # cell that counts for each interval between neighbouring edges

    def codes(self, values: Numbers) -> NDArray[np.intp]:
        """The cell of each value, shape (n,)."""
        raw = np.searchsorted(self.before, values, side="right") + np.searchsorted(self.after, values, side="left")
        return np.asarray(self.merged[raw])


def of_numbers(samples: Gridded, bins: int) -> tuple[Floats, Floats, Edges]:
    """Counts by quantiles of the reference, which is the first sample.

    A value that fills a bin by itself gets a cell of its own. What lies outside the reference's range gets one on
    either side, when it holds enough rows: to a reference row the others are the reference, so that its one smallest
    and one largest value lie outside too, and no change means equal shares there as well.
    """
    n, m = (len(values) for values in samples.values)
    bins = max(2, min(bins, int(min(n, m) // EXPECTED)))
    inner = np.ceil(np.arange(1, bins) * n / bins).astype(np.intp) - 1
    found = samples.order_statistics(0, [0, min(1, n - 1), max(n - 2, 0), n - 1, *inner])
    outer, quantiles = found[:4], np.unique(found[4:])
    left, right = samples.counts(0, quantiles, "left"), samples.counts(0, quantiles, "right")
    before = np.unique(np.append(quantiles[(right - left) >= n / bins], outer[0]))
    after = np.unique(np.append(quantiles, outer[3]))
    first, second = (_counted(samples, side, before, after) for side in (0, 1))
    for end, inside, lonely in ((0, 1, outer[0] < outer[1]), (-1, -2, outer[2] < outer[3])):
        first[[end, inside]] += (1, -1) if lonely else (0, 0)
    merged = _merge_small(first, second)
    edges = Edges(before=before, after=after, merged=merged)
    return _summed(merged, first), _summed(merged, second), edges


def _summed(cells: NDArray[np.intp], rows: NDArray[Any]) -> Floats:
    return np.bincount(cells, weights=rows).astype(float)


def _counted(samples: Gridded, side: int, before: Numbers, after: Numbers) -> Floats:
    """Rows between neighbouring edges, shape (edges + 1,)."""
    below = np.sort(np.append(samples.counts(side, before, "left"), samples.counts(side, after, "right")))
    return np.diff(below, prepend=0, append=len(samples.values[side])).astype(float)


def _merge_small(reference: Floats, current: Floats) -> NDArray[np.intp]:
    """Numbers the cells after each that expects too few rows was joined to its neighbour nearer to the middle."""
    rows = reference.sum(), current.sum()
    expects = np.maximum((reference + current) / sum(rows), reference / rows[0]) * min(rows)
    middle = len(expects) // 2
    merged = np.arange(len(expects))
    for cell in (*range(middle), *range(len(expects) - 1, middle - 1, -1)):
        if expects[cell] < EXPECTED:
            neighbour = cell + 1 if cell < middle else cell - 1
            expects[neighbour] += expects[cell]
            merged[merged == merged[cell]] = merged[neighbour]
    return np.unique(merged, return_inverse=True)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """Rows of each value in both windows, and the cells that the values are pooled into.

    Attributes:
        values: Distinct values of both windows, shape (k,); None stands for all that are not listed.
        reference, current: Rows of each value, shape (k,).
        cell: Cell of each value, shape (k,); that of values never seen before is `unseen`.
        unseen: Cell of values that no other row of the reference holds.
    """

    values: pl.Series
    reference: NDArray[np.intp]
    current: NDArray[np.intp]
    cell: NDArray[np.intp]
    unseen: int

    def counts(self) -> tuple[Floats, Floats]:
        """Rows of each cell; a value that one reference row holds alone was unseen by all the others."""
        cells = int(max(self.cell.max(initial=0), self.unseen)) + 1
        reference = np.bincount(self._of_reference(), weights=self.reference, minlength=cells)
        current = np.bincount(self.cell, weights=self.current, minlength=cells)
        return reference.astype(float), current.astype(float)

    def codes(self, values: pl.Series, *, reference: bool) -> NDArray[np.intp]:
        """The cell of each row of a window, shape (n,)."""
        table = pl.DataFrame({"value": self.values, "cell": self._of_reference() if reference else self.cell})
        rows = pl.DataFrame({"value": values.cast(self.values.dtype)})
        found = rows.join(table, on="value", how="left", maintain_order="left")["cell"].fill_null(self.unseen)
        return found.to_numpy().astype(np.intp)

    def _of_reference(self) -> NDArray[np.intp]:
        return np.where(self.reference == 1, self.unseen, self.cell)


def of_words(reference: pl.Series, current: pl.Series, bins: int, warn: float) -> Categories:
    """Cells of a column of words without missing values, neither side empty; see `pooled`."""
    left, right = _value_counts(reference, "reference"), _value_counts(current, "current")
    both = left.join(right, on="value", how="full", coalesce=True).sort("value")
    r, c = (both[side].fill_null(0).to_numpy().astype(np.intp) for side in ("reference", "current"))
    return pooled(both["value"], r, c, bins, warn)


def _value_counts(words: pl.Series, name: str) -> pl.DataFrame:
    """Columns "value" and `name`; counted in slices, which keeps the memory of counting small."""
    words = words.rename("value")
    parts = [words.slice(start, SLICE).value_counts(name=name) for start in range(0, len(words), SLICE)]
    return parts[0] if len(parts) == 1 else pl.concat(parts).group_by("value").agg(pl.col(name).sum())


def of_few_numbers(
    found: tuple[Numbers, NDArray[np.intp], NDArray[np.intp]], current: int, bins: int, warn: float
) -> Categories:
    """Cells of numbers of which the reference holds only a few, with their rows in both windows; see `grid.few`.

    The rest of the `current` rows of that window hold values that the reference does not; None stands for them.
    """
    values, r, c = found
    others = current - int(c.sum())
    names = pl.Series(values.astype(float))
    if others:
        names, r, c = pl.concat([names, pl.Series([None], dtype=pl.Float64)]), np.append(r, 0), np.append(c, others)
    return pooled(names, r, c, bins, warn)


def pooled(values: pl.Series, r: NDArray[np.intp], c: NDArray[np.intp], bins: int, warn: float) -> Categories:
    """Each frequent value in a cell of its own, the rest pooled, and what was never seen apart.

    Values are frequent when they expect five rows in either window, by their share of both; there are at most so many
    of them that a sample of this size can still tell a change of `warn`. Both windows count alike in that choice, so
    that it cannot make a change out of chance.

    Args:
        values: Distinct values, shape (k,).
        r: Rows of each in the reference, shape (k,).
        c: Rows of each in the current window, shape (k,).
        bins: Cells that are always allowed.
        warn: Population stability index that should be told.
    """
    rows = int(r.sum()), int(c.sum())
    fresh, alone = r == 0, r == 1
    seen = np.append(np.where(fresh, 0, np.where(alone, 0, r) + c), c[fresh].sum() + alone.sum())
    most = max(bins, _most_cells(1 / rows[0] + 1 / rows[1], warn))
    names = _pool(seen * min(rows) / sum(rows), most)
    cell = np.where(fresh, names[-1], names[:-1])
    return Categories(values=values, reference=r, current=c, cell=cell, unseen=int(names[-1]))


def _pool(expects: Floats, most: int) -> NDArray[np.intp]:
    """Numbers the cells; the rarest share number 0, and take in the next until they, too, expect enough rows.

    The last one, that of unseen values, is taken in only when it is rare itself.
    """
    rank = np.append(expects[:-1], np.inf if expects[-1] >= EXPECTED else expects[-1])
    order = np.argsort(rank, kind="stable")
    total = np.cumsum(expects[order])
    small = max(int(np.searchsorted(rank[order], EXPECTED)), len(rank) - most + 1 if len(rank) > most else 0)
    while 0 < small < len(rank) and 0 < total[small - 1] < EXPECTED:
        small += 1
    names = np.empty(len(rank), np.intp)
    names[order] = np.maximum(np.arange(len(rank)) - small + 1, 0)
    return names


@functools.cache
def _chi_square_quantiles() -> Floats:
    return np.asarray(special.chdtri(np.arange(1, TOO_MANY), 0.05))


def _most_cells(scale: float, warn: float) -> int:
    """Cells up to which the index's noise, `scale` times a chi-square quantile, stays within `warn`."""
    return int(np.searchsorted(scale * _chi_square_quantiles(), warn)) + 1
