"""Fits the simple models that a candidate must beat: a constant guess, a random guess, and a linear model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.errors import DataError, ModelError
from pytest_mlready.quality.baseline_encoding import Encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_mlready.values import Dataset, Task

MAX_ROWS = 50_000  # rows that a linear model is fitted on at most


@dataclass(slots=True, kw_only=True)  # not frozen: the protocol's attributes are plain ones
class Baseline:
    """A fitted baseline; satisfies `values.Model`.

    Attributes:
        estimator: The fitted scikit-learn estimator.
        encode: Turns a frame of features into the matrix that `estimator` takes, shape (n, p).
        rows: Rows it was fitted on.
    """

    source: str
    estimator: Any
    encode: Callable[[pl.DataFrame], Any]
    classes: tuple[Any, ...] | None
    feature_names: tuple[str, ...] | None
    rows: int
    kind: str = "scikit-learn"
    sha256: str | None = None
    path: str | None = None

    def predict(self, X: Any) -> NDArray[Any]:
        """Predicted labels or values, shape (n,)."""
        return np.asarray(self.estimator.predict(self._matrix(X)))

    def predict_proba(self, X: Any) -> NDArray[np.float64] | None:
        """Class probabilities, shape (n, k), in the order of `classes`; None for a regressor."""
        if self.classes is None:
            return None
        return np.asarray(self.estimator.predict_proba(self._matrix(X)), dtype=np.float64)

    def decision_function(self, X: Any) -> NDArray[np.float64] | None:
        """Decision values of a linear classifier; None for the others."""
        if self.classes is None or not hasattr(self.estimator, "decision_function"):
            return None
        return np.asarray(self.estimator.decision_function(self._matrix(X)), dtype=np.float64)

    def _matrix(self, X: Any) -> Any:
        return self.encode(_as_polars(X, self.feature_names))


def dummy(train: Dataset, *, task: Task) -> Baseline:
    """Fits the constant guess: the most frequent class with the class shares as probabilities, or the mean.

    Args:
        train: The training set; rows without a target are left out.
        task: Classification, or anything whose target is a number.

    Raises:
        DataError: no target, or no row that has one.
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor

    if _is_classification(task):
        return _without_features(train, DummyClassifier(strategy="prior"), "most frequent class")
    return _without_features(train, DummyRegressor(strategy="mean"), "mean of the training target")


def dummies(train: Dataset, *, task: Task, seed: int) -> tuple[Baseline, ...]:
    """Fits every guess that uses no feature: `dummy`, and for classes a random guess with their shares.

    The random guess is the better of the two for a metric such as F1, for which the most frequent class scores 0.

    Args:
        train: As for `dummy`.
        task: As for `dummy`.
        seed: Of the random guess.
    """
    from sklearn.dummy import DummyClassifier

    constant = dummy(train, task=task)
    if not _is_classification(task):
        return (constant,)
    random = DummyClassifier(strategy="stratified", random_state=seed % 2**32)
    return constant, _without_features(train, random, "random guess with the class shares")


def _without_features(train: Dataset, estimator: Any, source: str) -> Baseline:
    y = _known_target(train)[_target(train)].to_numpy()
    estimator.fit(np.zeros((len(y), 1)), y)
    classes = tuple(estimator.classes_.tolist()) if hasattr(estimator, "classes_") else None
    return Baseline(
        source=source, estimator=estimator, encode=_nothing, classes=classes, feature_names=None, rows=len(y)
    )


def linear(train: Dataset, *, task: Task, seed: int, max_rows: int = MAX_ROWS) -> Baseline:
    """Fits a logistic regression (classification) or a ridge regression (everything else) with default strength.

    Numbers and dates are standardised, missing ones filled with the median and marked; categories of at least
    10 rows, at most 50 a column, get an indicator each and the others share one; free text becomes hashed words.

    Args:
        train: The training set; rows without a target are left out, weights are used where the set has them.
        task: Decides the kind of model.
        seed: Of the sample that is drawn where there are more than `max_rows` rows.
        max_rows: Bound on the rows used; with more than 10 classes fewer, so that the time stays bounded.

    Raises:
        DataError: no target, no usable feature, or a single class.
        ModelError: the fit gave numbers that are not finite.
    """
    frame = _sample(_known_target(train), train, task, seed, max_rows)
    y = frame[_target(train)].to_numpy()
    if _is_classification(task) and len(np.unique(y)) < 2:
        raise DataError(
            f'the target "{train.target}" has a single value in the {train.name} data',
            expected="two classes or more",
            fix="check [tool.mlready.data] target, and the file that train names",
        )
    encoder = Encoder.learn(frame, train)
    weight = None if train.weight is None else frame[train.weight].to_numpy()
    estimator = _fit_linear(encoder.matrix(frame), y, weight, task)
    return Baseline(
        source=f"linear model on {len(y):,} training rows",
        estimator=estimator,
        encode=encoder.matrix,
        classes=tuple(estimator.classes_.tolist()) if _is_classification(task) else None,
        feature_names=encoder.names,
        rows=len(y),
    )


def _fit_linear(matrix: Any, y: NDArray[Any], weight: NDArray[Any] | None, task: Task) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    estimator = LogisticRegression(max_iter=200) if _is_classification(task) else Ridge()
    # One thread: sums come in one order, so the same data give the same coefficients; and small fits are faster so.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # A baseline that has not fully converged is still a baseline; the bound on time matters more.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(matrix, y, sample_weight=weight)
    if not np.isfinite(estimator.coef_).all():
        raise ModelError("the linear baseline's coefficients are not finite", fix="look for extreme values in train")
    return estimator


def _sample(frame: pl.DataFrame, train: Dataset, task: Task, seed: int, max_rows: int) -> pl.DataFrame:
    if _is_classification(task):
        classes = frame[_target(train)].n_unique()
        max_rows = min(max_rows, max(2_000, max_rows * 10 // max(classes, 1)))
    if frame.height <= max_rows:
        return frame
    chosen = np.random.default_rng(seed).choice(frame.height, size=max_rows, replace=False)
    return frame[np.sort(chosen)]


def _target(train: Dataset) -> str:
    if train.target is None:
        raise DataError(f"the {train.name} data have no target column", fix='set target = "…" in [tool.mlready.data]')
    return train.target


def _known_target(train: Dataset) -> pl.DataFrame:
    target = train.frame[_target(train)]
    known = target.is_not_null()
    if target.dtype.is_float():
        known &= target.is_finite().fill_null(value=False)
    if not known.any():
        raise DataError(f'no row of the {train.name} data has a value in the target "{train.target}"')
    return train.frame.filter(known)


def _as_polars(X: Any, names: tuple[str, ...] | None) -> pl.DataFrame:
    if isinstance(X, pl.DataFrame):
        return X
    if isinstance(X, np.ndarray):
        return pl.DataFrame(X, schema=list(names) if names and len(names) == X.shape[1] else None)
    import narwhals as nw

    frame: pl.DataFrame = nw.from_native(X, eager_only=True).to_polars()
    return frame


def _nothing(frame: pl.DataFrame) -> NDArray[np.float64]:
    return np.zeros((frame.height, 1))


def _is_classification(task: Task) -> bool:
    return task in ("binary-classification", "multiclass-classification")
