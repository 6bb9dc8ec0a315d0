"""Judges whether a model learns: its loss falls with more steps, and a few rows it learns by heart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from pytest_mlready.values import Predictions

NOTHING_LEFT = 1e-3  # loss below which more steps have nothing to lower
LEAST_PROBABILITY = 1e-15  # below which a logarithm is cut, as scikit-learn's log_loss does in double precision


def loss(p: Predictions) -> tuple[str, float]:
    """Name and mean of a model's loss on rows with known outcomes.

    The negative log-likelihood where there are probabilities, the share of wrong labels where there are only labels,
    the mean squared error of numbers.
    """
    if p.classes is None:
        if p.labels.dtype.kind not in "fiub":
            return "share of wrong answers", float(np.mean(p.labels != p.y))
        with np.errstate(over="ignore"):  # infinity is a finding, not a warning
            return "mean squared error", float(np.mean((p.labels.astype(float) - p.y.astype(float)) ** 2))
    if p.proba is None:
        return "share of wrong labels", float(np.mean(p.labels != p.y))
    place = {label: column for column, label in enumerate(p.classes)}
    likely = p.proba[np.arange(len(p)), [place[label] for label in p.y.tolist()]]
    return "log loss", float(-np.log(np.maximum(likely, LEAST_PROBABILITY)).mean())


def judge_fall(first: Predictions, later: Predictions, *, steps: int, least: float) -> Verdict:
    """Whether the loss on the training rows is lower after `steps` steps than after one.

    Args:
        first: Answers after one step, on the rows trained on.
        later: Answers after `steps`, on the same rows.
        steps: Steps of the later model.
        least: Share of the first loss by which it must fall.
    """
    name, before = loss(first)
    _, after = loss(later)
    fall = (before - after) / before if before > 0 else 0.0
    numbers = (
        Measurement(name=f"{name} after 1 step", value=before, n=len(first)),
        Measurement(name=f"{name} after {steps} steps", value=after, n=len(later), max=before * (1 - least)),
    )
    if not (math.isfinite(before) and math.isfinite(after)):
        message = f"The {name} is {before:g} after 1 step and {after:g} after {steps}; it must be finite."
        return Verdict(outcome="failed", message=message, measurements=numbers)
    if before <= NOTHING_LEFT and after <= NOTHING_LEFT:
        message = (
            f"The {name} is {before:.2g} after one step: nothing is left to learn on {len(first):,} rows. Next step: "
            "more training rows (rows), or a smaller step."
        )
        return Verdict(outcome="inconclusive", message=message, measurements=numbers)
    if fall >= least and fall > 0:
        return Verdict(outcome="passed", message="", measurements=numbers)
    what = "rises" if fall < 0 else "stays" if fall == 0 else "hardly falls"
    why = {
        "rises": "a loss with the wrong sign, or a step that is too long",
        "stays": "steps that are ignored, or a model that is not connected to its loss",
        "hardly falls": "a model that is not connected to its inputs, or too few or too short steps (steps)",
    }[what]
    message = (
        f"The {name} on {len(first):,} training rows {what}: {before:.6g} after 1 step, {after:.6g} after {steps}; "
        f"expected: {least:.0%} lower at least. Look for {why}."
    )
    return Verdict(outcome="failed", message=message, measurements=numbers)


def judge_overfit(p: Predictions, inputs: pl.DataFrame, *, limit: float) -> Verdict:
    """Whether a model that was trained on a few rows alone answers them rightly.

    Args:
        p: Its answers on these rows, one of each.
        inputs: What the model is given of them, shape (n, d): rows that are alike there can have one answer only.
        limit: Largest share of wrong labels; of numbers, of their variance that may be left unexplained.
    """
    known = _tellable(inputs, p.y)
    n, left_out = int(known.sum()), len(p) - int(known.sum())
    note = f"{left_out} rows left out: others have the same inputs and another outcome" if left_out else ""
    if n < 2 or n < len(p) / 2 or (p.classes is not None and len(set(p.y[known].tolist())) < 2):
        message = (
            f"Of {len(p)} rows, {left_out} have the same inputs as another with another outcome, so that no model can "
            "learn them by heart. Next step: more rows (overfit_rows)."
        )
        return Verdict(outcome="inconclusive", message=message)
    what, error = _error(p, known)
    measured = Measurement(name=f"{what} on rows learnt by heart", value=error, max=limit, n=n, note=note)
    if error <= limit:
        return Verdict(outcome="passed", message="", measurements=(measured,))
    message = (
        f"Trained on {len(p)} rows alone, the model has a {what} of {error:.3g} on these very rows; expected at most "
        f"{limit:g}. A model that can learn learns a few rows by heart: look for labels shifted against rows, inputs "
        "that are lost, or a save that forgets a part; or for regularisation that forbids it. Next step: mend it, or "
        'say why it cannot: cannot_overfit = "…".'
    )
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def _tellable(inputs: pl.DataFrame, y: NDArray[Any]) -> NDArray[np.bool_]:
    """Rows whose inputs no row with another outcome shares, shape (n,)."""
    outcomes: dict[tuple[Any, ...], set[Any]] = {}
    keys: Sequence[tuple[Any, ...]] = [tuple(map(repr, row)) for row in inputs.iter_rows()]
    for key, outcome in zip(keys, y.tolist(), strict=True):
        outcomes.setdefault(key, set()).add(outcome)
    return np.array([len(outcomes[key]) == 1 for key in keys], bool)


def _error(p: Predictions, known: NDArray[np.bool_]) -> tuple[str, float]:
    y, labels = p.y[known], p.labels[known]
    if p.classes is not None or labels.dtype.kind not in "fiub":
        return "share of wrong answers", float(np.mean(y != labels))
    variance = float(np.var(y.astype(float)))
    left = float(np.mean((y.astype(float) - labels.astype(float)) ** 2))
    return "unexplained share of the variance", left / variance if variance > 0 else math.inf
