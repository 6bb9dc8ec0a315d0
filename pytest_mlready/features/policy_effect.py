"""Tries whether a forbidden column moves a model's answers: it is shuffled, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ModelError, ReadinessError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from pytest_mlready.values import Model

LEAST = 30  # rows whose value is another one after the shuffle, below which no movement says nothing
TOLERANCE = 1e-9  # of numeric answers; sums in another order differ by less


def judge(model: Model, X: pl.DataFrame, columns: Sequence[str], *, seed: int) -> Verdict:
    """No answer changes when a column's values are those of other rows.

    Args:
        model: The model.
        X: Rows that it can answer, with the columns in it, shape (n, d).
        columns: Those that must not matter.
        seed: Of the shuffles.
    """
    before = _answers(model, X)
    if _moved(before, _answers(model, X)):
        message = "the model gives two answers to the same rows, so that no change can be laid to a column"
        return Verdict(outcome="inconclusive", message=message)
    moved, tried, noted = [], 0, []
    for column in columns:
        shuffled = X[column].shuffle(seed=seed)
        others = int((shuffled.ne_missing(X[column])).sum())
        changed = _moved(before, _answers(model, X.with_columns(shuffled)))
        noted.append(Measurement(name=f"answers that follow {column}", value=changed, max=0, n=others))
        tried += others >= LEAST
        moved += [f"{changed} of {X.height} answers follow {column}"] if changed else []
    if moved:
        step = "Next step: find where the model reads it (its inputs, a pipeline's first step, an index, a join)"
        told = f"forbidden columns move answers: {'; '.join(moved)}. {step}"
        return Verdict(outcome="failed", message=told, measurements=tuple(noted))
    if tried < len(columns):
        short = [one.name.removeprefix("answers that follow ") for one in noted if (one.n or 0) < LEAST]
        told = f"too few rows differ in {', '.join(short)} to try it: a shuffle must change at least {LEAST}"
        return Verdict(outcome="inconclusive", message=told, measurements=tuple(noted))
    message = f"no answer on {X.height} rows follows {', '.join(columns)}"
    return Verdict(outcome="passed", message=message, measurements=tuple(noted))


def _answers(model: Model, X: pl.DataFrame) -> NDArray[Any]:
    """Probabilities where there are some, else what is predicted; shape (n, …)."""
    import numpy as np

    try:
        found = model.predict_proba(X)
        answers = np.asarray(model.predict(X) if found is None else found)
    except ReadinessError:
        raise
    except Exception as error:
        text = next(iter(str(error).splitlines()), "")[:160]
        raise ModelError(f"{model.source} raised {type(error).__name__} on held-out rows: {text}") from error
    if len(answers) != X.height:
        raise ModelError(f"{model.source} gave {len(answers)} answers to {X.height} rows")
    return answers


def _moved(before: NDArray[Any], after: NDArray[Any]) -> int:
    """In how many rows two sets of answers differ."""
    import numpy as np

    if before.shape != after.shape:
        return len(before)
    if before.dtype.kind in "fiub" and after.dtype.kind in "fiub":
        same = np.isclose(before.astype(float), after.astype(float), rtol=0, atol=TOLERANCE, equal_nan=True)
    else:
        same = before == after
    return int((~same.reshape(len(before), -1).all(axis=1)).sum())
