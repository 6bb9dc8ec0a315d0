"""Spoils training rows on purpose: labels shuffled or exchanged, a feature that gives the target away, old rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pytest_mlready.quality.sabotage import NotMadeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OLDEST = 0.05  # share of rows that a stale model is trained on


def shuffled(rows: pl.DataFrame, target: str, *, seed: int) -> pl.DataFrame:
    """The rows with the target in random order: nothing can be learnt from them."""
    return rows.with_columns(rows[target].sample(fraction=1.0, shuffle=True, seed=seed).alias(target))


def exchanged(rows: pl.DataFrame, target: str) -> pl.DataFrame:
    """The rows with each class under the name of the next.

    Raises:
        NotMadeError: There is only one class.
    """
    classes = rows[target].unique(maintain_order=False).drop_nulls().sort().to_list()
    if len(classes) < 2:
        raise NotMadeError(f"the target {target} has one value only")
    following = dict(zip(classes, [*classes[1:], classes[0]], strict=True))
    return rows.with_columns(pl.col(target).replace_strict(following, default=None, return_dtype=rows[target].dtype))


def leaked(rows: pl.DataFrame, target: str, features: Sequence[str]) -> tuple[pl.DataFrame, str]:
    """The rows with one number in the order of the target, as a feature computed after the fact would be.

    A model learns to rely on it; on honest rows, where it means what it always meant, that is worth little.

    Args:
        rows: Training rows.
        target: Column with the outcome.
        features: Columns that the model takes; of the numbers, the one that tells least about the target is
            overwritten, by values of its own.

    Returns:
        The rows, and the feature.

    Raises:
        NotMadeError: No feature is a number that varies.
    """
    known = [name for name in features if name in rows.columns and name != target and rows[name].dtype.is_numeric()]
    numbers = [name for name in known if rows[name].drop_nulls().n_unique() > 1]
    if not numbers:
        raise NotMadeError("no feature is a number that varies")
    position = rows[target].rank("dense").cast(pl.Float64).to_numpy()
    feature = min(numbers, key=lambda name: abs(_correlation(rows[name], position)))
    return rows.with_columns(_at(rows[feature], _scaled(position)).alias(feature)), feature


def oldest(rows: pl.DataFrame, time: str | None) -> pl.DataFrame:
    """The oldest rows by their time.

    Raises:
        NotMadeError: There is no column with the time.
    """
    if time is None:
        raise NotMadeError('no time column says which rows are old (time = "…" in [tool.mlready.data]), and no `stale`')
    return rows.sort(time).head(max(2, int(rows.height * OLDEST)))


def _correlation(feature: pl.Series, position: NDArray[np.float64]) -> float:
    """Of ranks; 0 where one of them does not vary."""
    ranks = feature.fill_null(strategy="mean").rank().to_numpy()
    if not np.ptp(ranks) or not np.ptp(position):
        return 0.0
    return float(np.corrcoef(ranks, np.nan_to_num(position))[0, 1])


def _scaled(position: NDArray[np.float64]) -> NDArray[np.float64]:
    least, most = np.nanmin(position), np.nanmax(position)
    return (position - least) / max(most - least, 1e-12)


def _at(column: pl.Series, share: NDArray[np.float64]) -> pl.Series:
    """The column's own values at these shares of its range of values, so that none looks strange."""
    values = column.drop_nulls().unique().sort()
    places = np.nan_to_num(share * (len(values) - 1)).round().astype(int)
    return values.gather(places)
