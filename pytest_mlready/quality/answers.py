"""Asks a model for answers under a time limit, and tells which rows got none that can be used."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import DataError, Ending, Inconclusive, ModelError, near

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from pytest_mlready.values import Model

TIME_LIMIT = 30.0  # seconds for one call
ROUNDING = 1e-5  # by which a probability may leave 0 to 1: sums over many trees in single precision do


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one call.

    Attributes:
        n: Rows asked for.
        labels: Predicted labels, values or texts, shape (n,); None after an error.
        proba: Class probabilities, shape (n, k), or None.
        error: The exception, or None.
        hung: No answer came within the time limit.
    """

    n: int
    labels: NDArray[Any] | None = None
    proba: NDArray[np.float64] | None = None
    error: BaseException | None = None
    hung: bool = False

    @property
    def crashed(self) -> bool:
        return self.error is not None or self.hung

    def bad_rows(self) -> NDArray[np.bool_]:
        """Rows without a usable answer: null, NaN, infinite, or probabilities outside 0 to 1; all after a crash."""
        if self.labels is None or self.labels.shape[0] != self.n:
            return np.ones(self.n, bool)
        bad = missing(self.labels)
        if self.proba is not None:
            with np.errstate(invalid="ignore"):
                inside = (self.proba >= -ROUNDING) & (self.proba <= 1 + ROUNDING)
            bad |= ~inside.all(axis=tuple(range(1, inside.ndim)))
        return bad

    def rows(self, which: NDArray[np.int64]) -> Answer:
        """The answers of those rows, in that order."""
        labels = None if self.labels is None else self.labels[which]
        return Answer(n=len(which), labels=labels, proba=None if self.proba is None else self.proba[which])

    def problem(self) -> str:
        """What is wrong with the answer, in words; empty for a usable one."""
        if self.hung:
            return "gives no answer within the time limit"
        if self.error is not None:
            return f"raises {type(self.error).__name__}: {shorten(str(self.error))}"
        if self.labels is None or self.labels.shape[0] != self.n:
            return f"answers with shape {getattr(self.labels, 'shape', ())} for {self.n} rows"
        bad = self.bad_rows()
        if not bad.any():
            return ""
        first = int(np.flatnonzero(bad)[0])
        value = self.proba[first].tolist() if self.proba is not None and not missing(self.labels)[first] else None
        return f"answers {self.labels[first] if value is None else value}"


def ask(model: Model, X: pl.DataFrame, *, time_limit: float = TIME_LIMIT) -> Answer:
    """Asks for labels and probabilities of the rows of `X`; an exception or a hang becomes part of the answer.

    The call runs in a thread of its own. One that hangs is left behind: it ends with the process.
    """
    box: list[Answer] = []

    def call() -> None:
        try:
            labels, proba = np.asarray(model.predict(X)), model.predict_proba(X)
            labels = labels.reshape(labels.shape[0]) if labels.ndim == 2 and labels.shape[1] == 1 else labels
            box.append(Answer(n=X.height, labels=labels, proba=None if proba is None else np.asarray(proba, float)))
        except BaseException as error:  # noqa: BLE001 - a model that exits or runs out of memory is a finding too
            said_by_model = isinstance(error, ModelError) and error.__cause__ is not None
            box.append(Answer(n=X.height, error=error.__cause__ if said_by_model else error))

    worker = threading.Thread(target=call, daemon=True, name="mlready-predict")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker.start()
        worker.join(time_limit)
    answer = box[0] if box else Answer(n=X.height, hung=True)
    if isinstance(answer.error, Ending):  # a library is missing: that is no answer of the model
        raise answer.error
    return answer


def usable(model: Model, X: pl.DataFrame, *, what: str, time_limit: float = TIME_LIMIT) -> Answer:
    """As `ask`, for rows the model must be able to answer.

    Raises:
        ModelError: the call as a whole fails.
        DataError: the rows lack columns that the model needs.
        Inconclusive: there are no rows.
    """
    if not X.height:
        raise Inconclusive("there are no rows to ask the model for", fix="give the held-out set some rows")
    answer = ask(model, X, time_limit=time_limit)
    if isinstance(answer.error, DataError):
        raise answer.error
    if answer.labels is None or answer.labels.shape[0] != X.height:
        raise ModelError(f"the model {answer.problem()} on {what}", expected="one answer a row")
    return answer


def scores(answer: Answer, model: Model, of: Any = None) -> NDArray[np.float64]:
    """One number a row: the probability of class `of`, or the predicted value; shape (n,).

    Without `of`, the last class of a two-class model is taken.

    Raises:
        DataError: `of` is unknown, missing where there are more than two classes, or labels are not numbers.
    """
    if answer.proba is None or model.classes is None:
        try:
            return np.asarray(answer.labels, float)
        except (TypeError, ValueError):
            raise DataError(
                "the model gives labels that are not numbers, and no probabilities",
                expected="predict_proba, or numeric predictions, to tell more from less",
            ) from None
    classes = list(model.classes)
    if of is None and len(classes) == 2:
        return answer.proba[:, 1]
    if of not in classes:
        found = "no class is named" if of is None else f"the model has no class {of!r}{near(of, classes)}"
        raise DataError(found, expected=f"one of {', '.join(map(repr, classes))}")
    return answer.proba[:, classes.index(of)]


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values are null, NaN or infinite; shape (n,)."""
    if values.dtype.kind in "fc":
        return np.asarray(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
    if values.dtype.kind == "O":
        return np.array([v is None or (isinstance(v, float) and not np.isfinite(v)) for v in values], bool)
    return np.zeros(len(values), bool)


def shorten(text: str, limit: int = 120) -> str:
    """The text on one line, cut in the middle where it is longer than `limit`; control characters made visible."""
    line = " ".join(text.split())
    visible = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
    half = (limit - 3) // 2
    return visible if len(visible) <= limit else f"{visible[:half]} … {visible[-half:]}"
