"""Defines the plain values that checks, domain packages and teams hand to one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

Outcome = Literal["passed", "failed", "inconclusive"]
Task = Literal["binary-classification", "multiclass-classification", "regression", "ranking", "text-generation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number (or short text) that a check measured, with what it was held against.

    Attributes:
        name: What was measured, in the field's words ("roc_auc", "exact duplicate rows").
        value: The point estimate. None when it could not be computed.
        min: Lower limit that `value` was held against.
        max: Upper limit.
        interval: (lower, upper) confidence bounds; an open side is None.
        n: Sample size behind the value (rows, calls, ...).
        unit: Unit of value, limits and interval ("s", "bytes", "" for a plain number).
        note: One short remark, e.g. the method of the interval.
    """

    name: str
    value: float | int | str | bool | None
    min: float | None = None
    max: float | None = None
    interval: tuple[float | None, float | None] | None = None
    n: int | None = None
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judgement with its numbers. Domain functions return it; `evidence.conclude` makes it a test's ending."""

    outcome: Outcome
    message: str
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A table with named roles.

    Attributes:
        frame: All columns, n rows.
        name: "train", "heldout", "reference", "current".
        source: Path or "module:function" it came from.
        sha256: Digest of its content.
        target: Column with the true outcome, or None.
        features: Columns the model may use, in order: all but the target, the role columns and those dropped.
        group, cluster, time, weight, id: role columns, or None.
        text: Those features that hold free text.
    """

    frame: pl.DataFrame
    name: str
    source: str
    sha256: str
    target: str | None = None
    features: tuple[str, ...] = ()
    id: str | None = None
    group: str | None = None
    cluster: str | None = None
    time: str | None = None
    weight: str | None = None
    text: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.frame.height

    @property
    def X(self) -> pl.DataFrame:  # noqa: N802
        """The feature columns, shape (n, len(features))."""
        return self.frame.select(self.features)

    @property
    def y(self) -> NDArray[Any]:
        """The target, shape (n,). Raises DataError without a target."""
        from pytest_mlready.errors import DataError

        if self.target is None:
            raise DataError(
                f"the {self.name} data have no target column", fix='set target = "…" in [tool.mlready.data]'
            )
        return self.frame[self.target].to_numpy()

    def column(self, name: str | None) -> NDArray[Any] | None:
        """One column as an array of shape (n,), or None when `name` is None."""
        return None if name is None else self.frame[name].to_numpy()


@runtime_checkable
class Model(Protocol):
    """What every loader returns, whatever library the model comes from."""

    source: str
    sha256: str | None  # digest of the artifact's bytes; None for module:function and HTTP
    kind: str  # "scikit-learn", "onnx", "xgboost", "lightgbm", "function", "http", "mlflow"
    path: str | None  # local artifact on disk, when there is one
    classes: tuple[Any, ...] | None  # class labels in the order of predict_proba's columns; None: regression or unknown
    feature_names: tuple[str, ...] | None  # as recorded at training; None: unknown
    estimator: Any  # the loaded object itself

    def predict(self, X: Any) -> NDArray[Any]:
        """Predicted labels or values, shape (n,). X: polars or pandas frame, or a 2-d array."""

    def predict_proba(self, X: Any) -> NDArray[np.float64] | None:
        """Class probabilities, shape (n, k), columns in the order of `classes`; None when the model has none."""

    def decision_function(self, X: Any) -> NDArray[np.float64] | None:
        """Decision values, shape (n,) for two classes (larger: classes[1]) or (n, k); None when the model has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """A model's answers on one data set, aligned by class name.

    Attributes:
        y: True outcomes, shape (n,).
        labels: Predicted labels, values or texts, shape (n,).
        classes: Sorted union used for the columns of `proba`, or None.
        proba: Class probabilities, shape (n, k), columns in the order of `classes`, or None.
        score: Ranking score for `positive` (binary tasks), shape (n,), or None.
        positive: The positive class (binary tasks), or None.
        cluster, weight: From the data set's role columns, shape (n,), or None.
        sha256: Digest over data and model digests; seeds are derived from it.
    """

    task: Task
    y: NDArray[Any]
    labels: NDArray[Any]
    classes: tuple[Any, ...] | None = None
    proba: NDArray[np.float64] | None = None
    score: NDArray[np.float64] | None = None
    positive: Any = None
    cluster: NDArray[Any] | None = None
    weight: NDArray[np.float64] | None = None
    sha256: str = ""
    extra: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)


def seed_of(*parts: str) -> int:
    """A 63-bit seed from digests and a check's id: same inputs, same verdict, and none can be shopped for."""
    import hashlib

    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:8]) >> 1
