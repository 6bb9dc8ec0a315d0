"""Chooses a few distinct training rows that a model able to learn can learn by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_mlready.errors import DataError, Inconclusive

if TYPE_CHECKING:
    import polars as pl

    from pytest_mlready.values import Dataset

POOL = 20_000  # rows looked at


def few(train: Dataset, count: int, *, classes: bool, seed: int) -> pl.DataFrame:
    """About `count` rows that differ in their features.

    Classes alternate, so that each has its share; without classes the targets are spread from the smallest to the
    largest.

    Args:
        train: With a target.
        count: Rows; one of each class where there are more classes.
        classes: Whether the target holds classes.
        seed: Of the draw.

    Raises:
        DataError: No target, or fewer than two rows asked for.
        Inconclusive: There are fewer than two distinct rows, or one target value.
    """
    import polars as pl

    if train.target is None:
        raise DataError("the training data have no target column", fix='set target = "…" in [tool.mlready.data]')
    if count < 2:
        raise DataError(f"overfit_rows = {count}", expected="2 or more")
    order = np.random.default_rng(seed).permutation(len(train))[:POOL]
    features = list(train.features) or None
    pool = train.frame[order].drop_nulls(train.target).unique(subset=features, keep="first", maintain_order=True)
    if pool.height < 2 or pool[train.target].n_unique() < 2:
        raise Inconclusive(f"the training data have too few distinct rows to learn by heart ({pool.height})")
    if classes:
        turn = pl.int_range(pl.len()).over(train.target)
        return (
            pool.with_columns(turn.alias("\x00turn"))
            .sort("\x00turn", maintain_order=True)
            .drop("\x00turn")
            .head(max(count, pool[train.target].n_unique()))
        )
    places = np.unique(np.linspace(0, pool.height - 1, min(count, pool.height)).round().astype(int))
    return pool.sort(train.target, maintain_order=True)[places]


def repeated(rows: pl.DataFrame, times: int) -> pl.DataFrame:
    """The rows `times` over: smallest leaves, batches and folds find enough of them, and nothing new to learn.

    Raises:
        DataError: `times` is below 1.
    """
    import polars as pl

    if times < 1:
        raise DataError(f"overfit_repeats = {times}", expected="1 or more")
    return pl.concat([rows] * times)
