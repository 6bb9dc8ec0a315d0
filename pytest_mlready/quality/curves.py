"""Traces a binary classifier's ROC and calibration curves, thinned to what a picture shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.quality.intervals import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.values import Predictions

POINTS = 100  # of a picture
BINS = 10  # of equally many rows: with bins of equal width most would be nearly empty
FEWEST = 20  # rows a bin


def roc(p: Predictions) -> dict[str, Any] | None:
    """Data of a plot "curve": true against false positive rate at every threshold, `POINTS` of them at most.

    None where there is no ranking score, one class alone, or a value that is not finite. Weights count.
    """
    truth = _truth(p)
    if truth is None or p.score is None or not _usable(truth, p.score):
        return None
    weight = np.ones(len(truth)) if p.weight is None else p.weight
    order = np.argsort(-p.score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(p.score[order])), len(order) - 1)  # of each run of equal scores
    hits, alarms = (
        np.concatenate([[0.0], np.cumsum(w[order])[last]]) for w in (weight * truth, weight * ~truth)
    )  # fmt: skip
    if not hits[-1] > 0 or not alarms[-1] > 0:
        return None
    false, true = alarms / alarms[-1], hits / hits[-1]
    kept = _spread(false, true)
    labels = {"x_label": "false positive rate", "y_label": "true positive rate", "diagonal": True}
    return {"x": false[kept], "y": true[kept], **labels}


def calibration(p: Predictions, *, confidence: float = 0.95) -> dict[str, Any] | None:
    """Data of a plot "curve": the observed share of positives against the mean probability, in bins of equal size.

    Args:
        p: Predictions with probabilities.
        confidence: Of the two-sided Wilson bounds of each share.

    Returns:
        None without probabilities, with weights (a share of rows has no bounds then) or with fewer than two bins of
        `FEWEST` rows.
    """
    truth = _truth(p)
    if truth is None or p.proba is None or p.classes is None or p.weight is not None:
        return None
    if p.positive not in p.classes:
        return None
    chance = p.proba[:, p.classes.index(p.positive)]
    count = min(BINS, len(truth) // FEWEST)
    if count < 2 or not _usable(truth, chance):
        return None
    bins = np.array_split(np.argsort(chance, kind="stable"), count)
    hits, sizes = np.array([truth[b].sum() for b in bins]), np.array([len(b) for b in bins])
    lower, upper = wilson(hits, sizes, confidence=confidence or 0.95)
    labels = {"x_label": "mean probability", "y_label": "observed share", "diagonal": True}
    return {
        "x": [chance[b].mean() for b in bins],
        "y": hits / sizes,
        "lower": lower,
        "upper": upper,
        "n": sizes,
        **labels,
    }


def _truth(p: Predictions) -> NDArray[np.bool_] | None:
    return np.asarray(p.y == p.positive, bool) if p.positive is not None and len(p) else None


def _usable(truth: NDArray[np.bool_], values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).all()) and 0 < int(truth.sum()) < len(truth)


def _spread(false: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places along the curve, evenly by the way along it, so that its steep beginning keeps its shape."""
    way = false + true  # from 0 to 2, never falling
    return np.unique(np.searchsorted(way, np.linspace(0, 2, POINTS)).clip(0, len(way) - 1))
