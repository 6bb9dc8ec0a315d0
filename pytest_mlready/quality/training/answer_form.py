"""Judges the form of answers: one a row, known labels, probabilities that add up and stand in the classes' order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.quality.answers import ROUNDING
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pytest_mlready.quality.answers import Answer

FEWEST = 5  # rows of a class, from which its column is held against them
DEVIATIONS = 3.0  # standard errors by which a column may lie the wrong way round by chance


def judge(answer: Answer, y: NDArray[Any], classes: tuple[Any, ...] | None, *, classification: bool) -> Verdict:
    """Whether the answers have the shape, the types and the order that whoever serves them relies on.

    Args:
        answer: Of the model to n rows.
        y: Their true outcomes, shape (n,), rows that the model was trained on.
        classes: The model's classes in the order of its probabilities; None where it does not say.
        classification: Whether outcomes are classes.
    """
    mistakes = [problem] if (problem := answer.problem()) else list(_mistakes(answer, y, classes, classification))
    labels, proba = answer.labels, answer.proba
    measured = (
        Measurement(name="shape of predictions", value=str(getattr(labels, "shape", ())), n=answer.n),
        Measurement(name="type of predictions", value=str(getattr(labels, "dtype", "none"))),
        Measurement(name="shape of probabilities", value="none" if proba is None else str(proba.shape)),
    )
    if not mistakes:
        return Verdict(outcome="passed", message="", measurements=measured)
    said = "\n".join(f"- {mistake}" for mistake in mistakes)
    message = f"The model's answers to {answer.n:,} training rows are not what serving expects:\n{said}"
    return Verdict(outcome="failed", message=message, measurements=measured)


def _mistakes(
    answer: Answer,
    y: NDArray[Any],
    classes: tuple[Any, ...] | None,
    classification: bool,  # noqa: FBT001
) -> Iterator[str]:
    assert answer.labels is not None  # or it had a problem
    if answer.labels.shape != (answer.n,):
        yield f"predictions have shape {answer.labels.shape}; expected ({answer.n},)"
        return
    if not classification:
        if y.dtype.kind in "fiub" and answer.labels.dtype.kind not in "fiub":
            yield f"predictions are {answer.labels.dtype}; expected numbers, as the target is"
        return
    learnt = sorted({_text(v) for v in y.tolist()})
    if strange := sorted({_text(v) for v in answer.labels.tolist()} - set(learnt)):
        yield f'predictions hold "{strange[0]}", which no training row has; expected some of {", ".join(learnt[:8])}'
    if answer.proba is not None:
        yield from _probabilities(answer.proba, answer.labels, y, learnt, classes)


def _probabilities(
    proba: NDArray[np.float64],
    labels: NDArray[Any],
    y: NDArray[Any],
    learnt: list[str],
    classes: tuple[Any, ...] | None,
) -> Iterator[str]:
    if proba.shape != (len(y), len(learnt)):
        yield f"probabilities have shape {proba.shape}; expected ({len(y)}, {len(learnt)}), a column a class"
        return
    apart = np.abs(proba.sum(axis=1) - 1)
    if apart.max() > ROUNDING:
        row = int(apart.argmax())
        yield f"the probabilities of row {row} add up to {proba[row].sum():.6g}; expected 1"
    names = None if classes is None else [_text(c) for c in classes]
    if names is None:
        return
    if sorted(names) != learnt:
        yield f"the classes are {', '.join(names[:8])}; the training rows have {', '.join(learnt[:8])}"
        return
    truth = np.array([_text(v) for v in y.tolist()])
    for column, name in enumerate(names):
        if (z := _right_way_round(proba[:, column], truth == name)) < -DEVIATIONS:
            yield (
                f'column {column}, that of "{name}" by the order of classes, is lower on the training rows of that '
                f"class than on others ({-z:.0f} standard errors): the columns stand in another order than the classes"
            )
    if np.mean([names[k] == _text(v) for k, v in zip(proba.argmax(axis=1), labels.tolist(), strict=True)]) == 0:
        yield "no predicted label is that of the largest probability"


def _right_way_round(column: NDArray[np.float64], member: NDArray[np.bool_]) -> float:
    """By how many standard errors a class's probability is higher on its own rows than on others; 0 where few are."""
    own, others = column[member], column[~member]
    if min(len(own), len(others)) < FEWEST:
        return 0.0
    error = math.sqrt(own.var() / len(own) + others.var() / len(others))
    difference = float(own.mean() - others.mean())
    return difference / error if error > 0 else math.copysign(math.inf, difference) if difference else 0.0


def _text(value: Any) -> str:
    """A label as text: 1.0 and 1 are the same label."""
    return str(int(value)) if isinstance(value, (float, bool)) and float(value).is_integer() else str(value)
