"""Shuffles columns of held-out rows and measures, row by row, what a model loses.

The mean increase of the loss is a two-sample U-statistic: each row takes part as the one whose answer is judged, and as
the one that lends its values (Fisher, Rudin, Dominici 2019, JMLR 20:177, section 3.2). Bounds from the judged rows
alone are too narrow, by up to half for a strong feature; here every row's influence is the sum of both parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Losses = Callable[["pl.DataFrame", Rows], Floats]  # (frame, which held-out rows it holds) -> the loss of each

BLOCK_BYTES = 8 * 2**20  # of the rows that a model is asked about at once, at eight bytes a value
LEAST_BLOCK = 1_000  # rows
MOST_MOVED = 0.8  # share of rows with other values from which it is cheaper to ask about all than to pick them out


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What shuffling some columns does to the loss.

    Attributes:
        increase: Mean increase of the loss, over rows and repeats, in the unit of the loss.
        units: Influence of each row, or each cluster, on it, shape (c,), with mean 0.
        excess: Variance of `increase` that the units hold twice, since the repeats are few.
        moved: Rows that got other values in at least one repeat.
        effective: Rows that the increase rests on: (sum |d|)² / sum d², n where all lose alike, few where few do.
    """

    increase: float
    units: Floats
    excess: float
    moved: int
    effective: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Held-out rows and what is needed to judge a model on them.

    Attributes:
        frame: The model's inputs, n rows.
        losses: Asks the model, and gives the loss of each row.
        base: Loss of each row as it is, shape (n,).
        repeats: Shuffles of each group; scikit-learn's default is 5.
        weight: Weight of each row, shape (n,), or None.
        cluster: Code 0, 1, … of each row's cluster, shape (n,), or None where rows are independent.
    """

    frame: pl.DataFrame
    losses: Losses
    base: Floats
    repeats: int = 5
    weight: Floats | None = None
    cluster: Rows | None = None

    def __len__(self) -> int:
        return self.frame.height

    @property
    def share(self) -> Floats:
        """Weights with mean 1, shape (n,)."""
        if self.weight is None:
            return np.ones(len(self))
        return np.asarray(self.weight * (len(self) / self.weight.sum()), np.float64)

    def by_unit(self, influence: Floats) -> Floats:
        """Influence of rows as that of what is independent, scaled so that the mean stays the mean."""
        if self.cluster is None:
            return influence
        sums = np.bincount(self.cluster, influence)
        return np.asarray(sums * (len(sums) / len(influence)), np.float64)


def base_losses(frame: pl.DataFrame, losses: Losses) -> Floats:
    """The loss of each row as it is, shape (n,), asked in blocks."""
    return np.concatenate([losses(_taken(frame, rows), rows) for rows in _blocks(np.arange(frame.height), frame.width)])


def effect(sample: Sample, columns: Sequence[str], *, seed: int) -> Effect:
    """What it does to the loss when these columns are shuffled together, all by the same order.

    Rows that keep their values need no answer: a model's answer on a row is its own, whatever rows stand beside it.
    scikit-learn's `permutation_importance` agrees on single columns, and has neither groups nor losses by row.

    Memory beside the sample: about twenty arrays of n numbers, and one block of rows (`BLOCK_BYTES`) with what the
    model makes of it; no second copy of the whole frame.

    Args:
        sample: The rows.
        columns: Columns that keep their values together.
        seed: Of the orders.
    """
    n, share, rng = len(sample), sample.share, np.random.default_rng(seed)
    judged, lent, lent_share, ever = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, bool)
    noise = 0.0
    for _ in range(sample.repeats):
        order = rng.permutation(n)
        change, moved = _change(sample, list(columns), order)
        ever |= moved
        judged += change / sample.repeats
        lent[order] += share * change / sample.repeats
        lent_share[order] += share / sample.repeats
        noise += float(np.mean((share * (change - np.average(change, weights=share))) ** 2)) / sample.repeats
    increase = float(np.average(judged, weights=share))
    influence = share * (judged - increase) + lent - increase * lent_share
    return Effect(
        increase=increase,
        units=sample.by_unit(influence),
        excess=noise / sample.repeats / n,
        moved=int(ever.sum()),
        effective=_effective(share * judged),
    )


def _change(sample: Sample, columns: list[str], order: Rows) -> tuple[Floats, NDArray[np.bool_]]:
    """Increase of each row's loss, and which rows got other values: where these are few, only they are asked about."""
    frame = sample.frame
    moved = _moved(frame, columns, order)
    change = np.zeros(frame.height)
    asked = np.arange(frame.height) if moved.mean() > MOST_MOVED else np.flatnonzero(moved)
    for rows in _blocks(asked, frame.width):
        given = _taken(frame, rows).with_columns(frame[column][order[rows]] for column in columns)
        change[rows] = sample.losses(given, rows) - sample.base[rows]
    return np.where(moved, change, 0.0), moved


def _taken(frame: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    """Rows in ascending order; not copied where none is left out."""
    start, n = int(rows[0]), len(rows)
    return frame.slice(start, n) if rows[-1] - start + 1 == n else frame[rows]


def _moved(frame: pl.DataFrame, columns: list[str], order: Rows) -> NDArray[np.bool_]:
    moved = np.zeros(frame.height, bool)
    for column in columns:
        values = frame[column]
        if values.dtype.is_nested() or values.dtype.is_object():
            return np.ones(frame.height, bool)
        moved |= values.ne_missing(values[order]).to_numpy()
    return moved


def _blocks(rows: Rows, width: int) -> Iterator[Rows]:
    size = max(LEAST_BLOCK, BLOCK_BYTES // (8 * max(width, 1)))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _effective(change: Floats) -> float:
    squares = float(change @ change)
    return float(np.abs(change).sum()) ** 2 / squares if squares > 0 else 0.0
