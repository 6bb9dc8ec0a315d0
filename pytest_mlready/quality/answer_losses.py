"""Asks a model about rows that were changed, and gives each the loss of the answer against the outcome it had."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pytest_mlready.errors import DataError, Inconclusive, ModelError
from pytest_mlready.quality import class_names, row_losses
from pytest_mlready.quality.groups import take

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

    from pytest_mlready.values import Model, Predictions

    Floats = NDArray[np.float64]
    Losses = Callable[[pl.DataFrame, NDArray[np.intp]], Floats]

Kind = Literal["brier", "error", "squared", "absolute", "chrf"]
KINDS: dict[str, tuple[Kind, ...]] = {  # by task, the default first
    "binary-classification": ("brier", "error"),
    "multiclass-classification": ("brier", "error"),
    "regression": ("squared", "absolute"),
    "text-generation": ("chrf",),
    "ranking": (),
}


def kind_of(known: Predictions, wanted: str | None = None) -> Kind:
    """The loss that suits a task: the Brier score where there are probabilities, the squared error for values.

    Raises:
        DataError: another one is wanted that does not suit it.
        Inconclusive: a ranking, whose rows have no loss of their own.
    """
    kinds = KINDS[known.task]
    if not kinds:
        raise Inconclusive("a ranking has no loss by row", fix="mark a test of yours that shuffles features by query")
    if known.proba is None:
        kinds = tuple(kind for kind in kinds if kind != "brier")
    if wanted is not None and wanted not in kinds:
        raise DataError(f'loss is "{wanted}"', expected=" or ".join(f'"{kind}"' for kind in kinds))
    return next((kind for kind in kinds if kind == wanted), kinds[0])


def losses_of(model: Model, known: Predictions, X: pl.DataFrame, *, kind: Kind) -> Losses:
    """A function of (frame, rows) that asks the model about rows and returns their losses, more is worse.

    Args:
        model: Gives the answers.
        known: Its answers on the rows as they are; outcomes and classes are taken from there.
        X: Those rows, for a model that does not name its classes: it is asked once more to learn their order.
        kind: "brier" (half the squared distance from the true class, over all classes: the Brier score of two), "error"
            (0 or 1), "squared", "absolute", "chrf" (100 less chrF).

    The function raises ModelError for answers of another shape, and for NaN.
    """
    if kind == "brier":
        return _brier(model, known, X)
    if kind == "error":
        return _error(model, known, X)

    def of_values(frame: pl.DataFrame, rows: NDArray[np.intp]) -> Floats:
        answers = _checked(model.predict(frame), len(rows))
        if kind == "chrf":
            return row_losses.loss(replace(take(known, rows), labels=answers.astype(object)))
        distance = np.abs(known.y[rows] - answers.astype(np.float64))
        return np.asarray(distance**2 if kind == "squared" else distance)

    return of_values


def _brier(model: Model, known: Predictions, X: pl.DataFrame) -> Losses:
    place = {name: i for i, (_, name) in enumerate(_names(model, known, X))}
    truth = np.array([place.get(label, -1) for label in known.y.tolist()])

    def of_probabilities(frame: pl.DataFrame, rows: NDArray[np.intp]) -> Floats:
        proba = _checked(model.predict_proba(frame), len(rows)).astype(np.float64)
        if proba.ndim == 1 or proba.shape[1] == 1:
            proba = np.column_stack([1 - proba.ravel(), proba.ravel()])
        given = np.where(truth[rows] < 0, 0.0, proba[np.arange(len(rows)), truth[rows]])
        return np.asarray((np.einsum("ij,ij->i", proba, proba) - 2 * given + 1) / 2)

    return of_probabilities


def _error(model: Model, known: Predictions, X: pl.DataFrame) -> Losses:
    pairs = _names(model, known, X)
    learnt, names = [a for a, _ in pairs], [b for _, b in pairs]
    classes = known.classes or ()

    def of_labels(frame: pl.DataFrame, rows: NDArray[np.intp]) -> Floats:
        answers = class_names.plain(_checked(model.predict(frame), len(rows)))
        labels = class_names.like(class_names.renamed(answers, learnt, names), classes)
        return np.asarray(labels != known.y[rows], np.float64)

    return of_labels


def _names(model: Model, known: Predictions, X: pl.DataFrame) -> list[tuple[Any, Any]]:
    """The model's classes in the order of its probabilities, each with its name in the data."""
    if model.classes is not None:
        learnt = list(np.asarray(model.classes).tolist())
    else:
        labels, proba = class_names.plain(np.asarray(model.predict(X))), model.predict_proba(X)
        learnt = class_names.learnt(None, labels, None if proba is None else np.asarray(proba))
    complete = model.classes is not None or known.proba is not None
    names = class_names.translate(learnt, known.y, known.positive, complete=complete)
    return list(zip(learnt, names, strict=True))


def _checked(answers: Any, n: int) -> NDArray[Any]:
    """One answer a row, none of them missing."""
    found = np.asarray(answers)
    if found.shape[:1] != (n,):
        raise ModelError(f"the model answered with shape {found.shape} for {n} shuffled rows", expected="one a row")
    bad = class_names.missing(found.reshape(n, -1)[:, 0] if found.dtype.kind == "O" else found)
    if bad.any():
        raise ModelError(f"the model gave NaN, infinity or nothing for {int(bad.sum()):,} of {n:,} shuffled rows")
    return found
