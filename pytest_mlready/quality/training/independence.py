"""Judges whether the answer to a row is the same alone, in a batch, and in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import Inconclusive
from pytest_mlready.quality.answers import ask
from pytest_mlready.quality.training.agreement import TOLERANCE, apart_and_agree
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from pytest_mlready.quality.answers import Answer
    from pytest_mlready.values import Model

ALONE = 16  # rows asked one at a time; a batch of one is the request that most services get


def judge(model: Model, X: pl.DataFrame, *, tolerance: float = TOLERANCE) -> tuple[Verdict, ...]:
    """Asks for rows as one batch, and again in reverse, as a smaller batch, and one by one.

    Args:
        model: Answers a batch.
        X: n rows of features, at least 2.
        tolerance: Largest difference of two numbers, relative beyond 1; batches of other sizes sum in another order.

    Raises:
        Inconclusive: There are fewer than 2 rows.
    """
    n = X.height
    if n < 2:
        raise Inconclusive(f"there are {n} rows, and what a batch changes takes 2")
    whole = ask(model, X)
    if problem := whole.problem():
        return (Verdict(outcome="failed", message=f"The model {problem} in a batch of {n} rows."),)
    backwards = np.arange(n)[::-1]
    half, single = np.arange(n // 2), min(ALONE, n)
    again = [
        ("the same batch asked again", np.arange(n), ask(model, X)),
        ("the batch in reverse order", backwards, ask(model, X[backwards])),
        ("a batch of half the rows", half, ask(model, X[half])),
        *((f"row {i} alone", np.array([i]), ask(model, X[i : i + 1])) for i in range(single)),
    ]
    wrong = [said for how, rows, answer in again if (said := _differs(whole, rows, answer, how, tolerance))]
    measured = Measurement(name="other batches with other answers", value=len(wrong), max=0, n=len(again))
    if not wrong:
        return (Verdict(outcome="passed", message="", measurements=(measured,)),)
    message = (
        f"The answer to a row depends on the rest of the batch, or on chance ({len(wrong)} of {len(again)} times): "
        + "; ".join(wrong[:3])
        + ". Look for statistics, ranks or categories computed from the batch, and for layers left in training mode."
    )
    return (Verdict(outcome="failed", message=message, measurements=(measured,)),)


def restored(expected: Answer, places: Mapping[str, Answer], *, tolerance: float = TOLERANCE) -> tuple[Verdict, ...]:
    """Whether a saved model answers the same wherever it is loaded.

    Args:
        expected: Answers of the model as first loaded.
        places: Answers to the same rows, by where it was loaded: "loaded in a fresh process".
        tolerance: Largest difference of two numbers, relative beyond 1.
    """
    rows = np.arange(expected.n)
    wrong = [said for how, answer in places.items() if (said := _differs(expected, rows, answer, how, tolerance))]
    measured = Measurement(name="places with other answers", value=len(wrong), max=0, n=len(places))
    if not wrong:
        return (Verdict(outcome="passed", message="", measurements=(measured,)),)
    message = (
        f"The saved model does not answer the same wherever it is loaded: {'; '.join(wrong)}. Look for what depends on "
        "chance, on the order of sets, on hashes of texts, or on state that is not saved."
    )
    return (Verdict(outcome="failed", message=message, measurements=(measured,)),)


def _differs(whole: Answer, rows: NDArray[np.int64], answer: Answer, how: str, tolerance: float) -> str:
    expected = whole.rows(rows)
    if problem := answer.problem():
        return f"{how}: the model {problem}"
    pairs: list[tuple[Any, Any]] = [(expected.labels, answer.labels), (expected.proba, answer.proba)]
    for ours, theirs in pairs:
        if (ours is None) != (theirs is None) or (ours is not None and ours.shape != theirs.shape):
            return f"{how}: the answer has another shape"
        if ours is None:
            continue
        agree = _agree(ours, theirs, tolerance)
        if ours is expected.labels and expected.proba is not None:
            agree |= _tied(expected.proba, tolerance)
        if not agree.all():
            place = int(np.flatnonzero(~agree)[0])
            return f"{how}: {theirs[place].tolist()} instead of {ours[place].tolist()} for row {rows[place]}"
    return ""


def _agree(a: NDArray[Any], b: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    if a.dtype.kind in "fiu" and b.dtype.kind in "fiu":
        return apart_and_agree(a.astype(float), b.astype(float), tolerance)[1]
    return np.asarray(a == b, bool)


def _tied(proba: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Rows whose two largest probabilities are so near that rounding may decide the label, shape (n,)."""
    if proba.ndim != 2 or proba.shape[1] < 2:
        return np.zeros(len(proba), bool)
    top = np.sort(proba, axis=1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0] <= 2 * tolerance, bool)
