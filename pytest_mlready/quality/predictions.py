"""Asks a model for its answers on a data set and aligns them with the truth by class name, or says what is wrong."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import DataError, Inconclusive, ModelError, ReadinessError, near
from pytest_mlready.quality import class_names
from pytest_mlready.quality.answers import ROUNDING
from pytest_mlready.values import Predictions, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_mlready.values import Dataset, Model

MAX_INTEGER_CLASSES = 20  # more distinct whole numbers are taken for quantities


def predict(model: Model, dataset: Dataset, *, task: Task | None = None, positive: Any = None) -> Predictions:
    """The model's answers on a data set.

    Args:
        model: Any loaded model.
        dataset: With a target column; n rows.
        task: Inferred from model and target where it is None.
        positive: The positive class of a binary task. Without it: 1, True or a word like "yes" where just one class is
            such, else the last class in sorted order, as scikit-learn takes it.

    Raises:
        Inconclusive: no rows, a target with missing values, or a target that never varies.
        DataError: no target column, a target that does not suit the task, or labels that the model never learnt.
        ModelError: the model raises, or answers in a form that no metric can use.
    """
    y = _truth(dataset)
    task = infer_task(y, model) if task is None else task
    X = dataset.X
    labels = _answers(lambda: model.predict(X), "predict", len(y), model)
    shared: dict[str, Any] = {
        "cluster": _cluster(dataset),
        "weight": _weight(dataset),
        "sha256": hashlib.sha256(f"{dataset.sha256}\x1f{model.sha256 or model.source}".encode()).hexdigest(),
        "extra": {} if dataset.group is None else {"group": dataset.column(dataset.group)},
    }
    if task.endswith("classification"):
        return _classified(model, X, Predictions(task=task, y=y, labels=labels, positive=positive, **shared))
    if task == "text-generation":
        return Predictions(task=task, y=y, labels=labels.astype(object), **shared)
    y, labels = _numbers(y, f"the target {dataset.target}", DataError), _numbers(labels, "predict", ModelError)
    if len(y) > 1 and np.ptp(y) == 0:
        raise Inconclusive(f"every {dataset.name} row has the target {y[0]:g}: nothing can be told from it")
    return Predictions(task=task, y=y, labels=labels, score=labels if task == "ranking" else None, **shared)


def infer_task(y: NDArray[Any], model: Model | None = None) -> Task:
    """The task that a target (and a model's classes) suggest.

    Classes of the model decide. Else: fractional numbers, or more than 20 distinct whole ones, are regression; texts
    that mostly differ from row to row are text generation; anything else is classification. Ranking is never inferred.
    """
    classes = getattr(model, "classes", None)
    if classes:
        return "binary-classification" if len(classes) == 2 else "multiclass-classification"
    distinct = len(set(map(str, y.tolist())))
    if y.dtype.kind in "iuf" and (distinct > MAX_INTEGER_CLASSES or (y.dtype.kind == "f" and (y % 1 != 0).any())):
        return "regression"
    if y.dtype.kind in "OUT" and distinct > max(MAX_INTEGER_CLASSES, len(y) / 2):
        return "text-generation"
    return "binary-classification" if distinct == 2 else "multiclass-classification"


def _truth(dataset: Dataset) -> NDArray[Any]:
    """The target, none of it missing."""
    if len(dataset) == 0:
        raise Inconclusive(f"the {dataset.name} data have no rows", fix=f"give {dataset.source} some rows")
    if dataset.target is not None and dataset.target not in dataset.frame.columns:
        raise DataError(
            f"the {dataset.name} data have no column {dataset.target}{near(dataset.target, dataset.frame.columns)}",
            fix='correct target = "…" in [tool.mlready.data]',
        )
    y = dataset.y
    missing = int(class_names.missing(y).sum())
    if missing:
        raise Inconclusive(
            f"{missing:,} of {len(y):,} {dataset.name} rows have no target ({dataset.target})",
            fix="fill or drop these rows; a metric on the rest would not be the metric of the data",
        )
    return y


def _classified(model: Model, X: Any, raw: Predictions) -> Predictions:
    """Predictions with classes aligned, from labels as the model gave them."""
    y, labels = class_names.plain(raw.y), class_names.plain(raw.labels)
    if len(np.unique(y)) < 2:
        raise Inconclusive(f"every row of the target is {y[0]!s}: a classifier cannot be judged on one class")
    proba = _matrix(_asked(lambda: model.predict_proba(X), "predict_proba", model), len(y))
    learnt = class_names.learnt(model.classes, labels, proba)
    complete = model.classes is not None or proba is not None
    names = class_names.translate(learnt, y, raw.positive, complete=complete)
    labels = class_names.renamed(labels, learnt, names)
    classes = tuple(sorted({*names, *np.unique(y).tolist()}))
    binary = raw.task == "binary-classification"
    if binary and len(classes) != 2:
        raise DataError(f"the task is binary, and there are {len(classes)} classes", fix="set task in [tool.mlready]")
    positive = class_names.positive_of(classes, raw.positive) if binary else None
    score = None
    if binary and proba is not None:
        score = proba[:, names.index(positive)]
    elif binary:
        score = _decision(model, X, len(y), names, positive)
    return replace(
        raw,
        y=class_names.like(y, classes),
        labels=class_names.like(labels, classes),
        classes=classes,
        proba=None if proba is None else proba[:, [names.index(c) for c in classes]],
        score=score,
        positive=positive,
    )


def _asked(call: Callable[[], Any], method: str, model: Model) -> Any:
    try:
        return call()
    except ReadinessError:
        raise
    except (Exception, SystemExit) as error:
        text = next(iter(str(error).splitlines()), "")[:160]
        raise ModelError(
            f"{method} of {model.source} raised {type(error).__name__}: {text}",
            expected="an answer for every row",
            fix="run the model on these data by hand; columns and types must be those of training",
        ) from error


def _answers(call: Callable[[], Any], method: str, n: int, model: Model) -> NDArray[Any]:
    """One answer a row, shape (n,), none of them missing."""
    found = np.asarray(_asked(call, method, model))
    found = found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
    if found.shape != (n,):
        raise ModelError(f"{method} of {model.source} answered with shape {found.shape}", expected=f"({n},)")
    bad = int(class_names.missing(found).sum())
    if bad:
        raise ModelError(f"{method} of {model.source} gave NaN, infinity or nothing for {bad:,} of {n:,} rows")
    return found


def _matrix(found: Any, n: int) -> NDArray[np.float64] | None:
    """Probabilities, shape (n, k); a single column becomes two, the second of them as given."""
    if found is None:
        return None
    proba = _numbers(np.asarray(found), "predict_proba", ModelError)
    if proba.shape in ((n,), (n, 1)):
        proba = np.column_stack([1 - proba.ravel(), proba.ravel()])
    if proba.ndim != 2 or len(proba) != n:
        raise ModelError(f"predict_proba answered with shape {proba.shape}", expected=f"({n}, number of classes)")
    if not np.isfinite(proba).all():
        bad = int((~np.isfinite(proba).all(axis=1)).sum())
        raise ModelError(f"predict_proba gave NaN or infinity for {bad:,} of {n:,} rows")
    if proba.min() < -ROUNDING or proba.max() > 1 + ROUNDING or np.abs(proba.sum(axis=1) - 1).max() > 1e-3:
        least, most, total = proba.min(), proba.max(), proba.sum(axis=1)
        raise ModelError(
            f"predict_proba gave {least:.3g} to {most:.3g}, and rows with sums {total.min():.3g} to {total.max():.3g}",
            expected="probabilities that add up to 1",
        )
    return np.clip(proba, 0.0, 1.0)


def _decision(model: Model, X: Any, n: int, names: list[Any], positive: Any) -> NDArray[np.float64] | None:
    """The decision value, turned so that larger means positive."""
    found = _asked(lambda: model.decision_function(X), "decision_function", model)
    if found is None or len(names) != 2:
        return None
    values = np.asarray(found, float)
    values = values[:, 1] - values[:, 0] if values.shape == (n, 2) else values
    values = _answers(lambda: values, "decision_function", n, model)
    return values if names.index(positive) == 1 else -values


def _numbers(values: NDArray[Any], what: str, error: type[ReadinessError]) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise error(
            f"{what} holds {values.dtype} values", expected="numbers", fix="set task in [tool.mlready]"
        ) from None


def _cluster(dataset: Dataset) -> NDArray[Any] | None:
    cluster = dataset.column(dataset.cluster)
    if cluster is not None and class_names.missing(cluster).any():
        raise DataError(f"the cluster column {dataset.cluster} has missing values", fix="give every row its cluster")
    return None if cluster is None else class_names.plain(cluster)


def _weight(dataset: Dataset) -> NDArray[np.float64] | None:
    weight = dataset.column(dataset.weight)
    if weight is None:
        return None
    weight = _numbers(weight, f"the weight column {dataset.weight}", DataError)
    if not np.isfinite(weight).all() or (weight < 0).any() or weight.sum() == 0:
        raise DataError(f"the weight column {dataset.weight} has missing, negative or only zero values")
    return weight
