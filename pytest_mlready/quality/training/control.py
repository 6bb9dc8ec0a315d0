"""Spoils training rows in a way that any training which reads them must answer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_mlready.errors import DataError, Inconclusive

if TYPE_CHECKING:
    import polars as pl

KINDS = ("labels", "rows")


def spoilt(rows: pl.DataFrame, kind: str, *, target: str | None, seed: int) -> pl.DataFrame:
    """Rows from which another model must come.

    Args:
        rows: As trained on, n rows.
        kind: "labels": the targets are shuffled over the rows; "rows": half of the rows, drawn at random, in their
            order, for models that learn without a target.
        target: Its column.
        seed: Of the shuffle or draw.

    Raises:
        DataError: Another kind, or no such target.
        Inconclusive: Nothing would change: the target has one value, or there are fewer than two rows.
    """
    if kind not in KINDS:
        raise DataError(f'control is "{kind}"', expected=" or ".join(f'"{known}"' for known in KINDS))
    random = np.random.default_rng(seed)
    if kind == "rows":
        if rows.height < 2:
            raise Inconclusive(f"there are {rows.height} training rows, of which no half can be left out")
        return rows[np.sort(random.choice(rows.height, rows.height // 2, replace=False))]
    if target is None or target not in rows.columns:
        raise DataError("the training data have no target to shuffle", fix='control = "rows"')
    if rows[target].n_unique() < 2:
        raise Inconclusive(f"every training row has the same {target}: shuffled labels would be the same labels")
    return rows.with_columns(rows[target][random.permutation(rows.height)].alias(target))


def drawn(rows: pl.DataFrame, count: int | None, *, seed: int) -> pl.DataFrame:
    """At most `count` rows, drawn at random and in their order; all of them where it is None.

    Raises:
        DataError: `count` is below 1.
    """
    if count is None or count >= rows.height:
        return rows
    if count < 1:
        raise DataError(f"rows = {count}", expected="a number of training rows, or none for all")
    return rows[np.sort(np.random.default_rng(seed).choice(rows.height, count, replace=False))]
