"""Lays out a model's answers as columns whose distribution can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_mlready.values import Dataset

MOST = 20  # classes whose probabilities are compared one by one


def table(
    labels: NDArray[Any], proba: NDArray[np.float64] | None, classes: Sequence[Any] | None, positive: Any = None
) -> pl.DataFrame:
    """Predicted labels or values as "prediction", and probabilities beside them.

    Args:
        labels: Shape (n,). Words and classes become categories; numbers without classes stay numbers.
        proba: Probabilities, shape (n, k), or None.
        classes: Classes in the order of the columns of `proba`, or None.
        positive: The class whose probability is the "score" where there are two; the last when it is None or unknown.
    """
    columns = {"prediction": _labels(labels, classes)}
    names = list(classes or ())
    if proba is not None and len(names) == 2:
        columns["score"] = pl.Series(proba[:, names.index(positive) if positive in names else 1])
    elif proba is not None and 2 < len(names) <= MOST:
        columns |= {f"probability of {name}": pl.Series(proba[:, i]) for i, name in enumerate(names)}
    return pl.DataFrame(columns)


def _labels(labels: NDArray[Any], classes: Sequence[Any] | None) -> pl.Series:
    if classes is None and labels.dtype.kind in "fiu":
        return pl.Series(labels)
    return pl.Series([None if _is_missing(v) else str(v) for v in labels.tolist()], dtype=pl.String)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def logged(window: Dataset, columns: Sequence[str]) -> pl.DataFrame:
    """The columns in which a window holds what was answered at the time.

    Raises:
        DataError: it has no such column.
    """
    for column in columns:
        if column not in window.frame.columns:
            raise DataError(
                f'the {window.name} window has no column "{column}"{near(column, window.frame.columns)}',
                fix="correct `prediction` or `score`, or log the answers with both windows",
            )
    return window.frame.select(columns)
