"""Evaluates metrics of classes and ranking scores under many weightings of the rows at once.

Every function takes predictions and returns a statistic: weights of shape (b, n) in, values of shape (b,) out.
Undefined ratios follow scikit-learn (0 for a precision without predictions) or are NaN (a ranking of one class).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_mlready.quality.bootstrap import Floats, Statistic
    from pytest_mlready.values import Predictions

BINS = 10  # equal-width bins of the calibration error: Naeini, Cooper and Hauskrecht 2015, AAAI


def coded(p: Predictions) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """True and predicted class of each row as positions in the sorted union of classes, and the number of classes."""
    together = np.concatenate([p.y, p.labels])
    names, codes = np.unique(together, return_inverse=True)
    return codes[: len(p.y)], codes[len(p.y) :], len(names)


def ratio(top: Floats, bottom: Floats, *, undefined: float = 0.0) -> Floats:
    """Element-wise top / bottom, `undefined` where bottom is 0."""
    out = np.full(np.broadcast(top, bottom).shape, undefined)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return out


def mean_of(values: Floats) -> Statistic:
    """The weighted mean of a value per row, shape (n,)."""
    return lambda w: ratio(w @ values, w.sum(axis=1), undefined=np.nan)


def share(top: NDArray[np.bool_], bottom: NDArray[np.bool_]) -> Statistic:
    """The weighted share of rows in `top` among those in `bottom`, both shape (n,)."""
    over, under = (top & bottom).astype(float), bottom.astype(float)
    return lambda w: ratio(w @ over, w @ under, undefined=np.nan)


def from_counts(formula: Callable[[Floats, Floats, Floats], Floats]) -> Callable[[Predictions], Statistic]:
    """A metric that needs no more than hits, true rows and predicted rows of each class."""

    def build(p: Predictions) -> Statistic:
        y, label, k = coded(p)
        hits = np.flatnonzero(y == label)
        columns = np.concatenate([y[hits], k + y, 2 * k + label])
        rows = np.concatenate([hits, np.arange(len(y)), np.arange(len(y))])
        table = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(y), 3 * k))

        def statistic(w: Floats) -> Floats:
            cells = w @ table
            return formula(cells[:, :k], cells[:, k : 2 * k], cells[:, 2 * k :])

        return statistic

    return build


def precision_by_class(hit: Floats, true: Floats, told: Floats) -> Floats:
    return ratio(hit, told) + 0 * true


def recall_by_class(hit: Floats, true: Floats, told: Floats) -> Floats:
    return ratio(hit, true) + 0 * told


def f1_by_class(hit: Floats, true: Floats, told: Floats) -> Floats:
    return ratio(2 * hit, true + told)


def macro(by_class: Callable[[Floats, Floats, Floats], Floats]) -> Callable[[Floats, Floats, Floats], Floats]:
    """The plain mean over the classes that occur among truths or predictions."""
    return lambda hit, true, told: _mean_over(by_class(hit, true, told), ((true + told) > 0).astype(float))


def support_weighted(
    by_class: Callable[[Floats, Floats, Floats], Floats],
) -> Callable[[Floats, Floats, Floats], Floats]:
    """The mean over classes, each weighted by its true rows."""
    return lambda hit, true, told: _mean_over(by_class(hit, true, told), true)


def balanced_accuracy(hit: Floats, true: Floats, told: Floats) -> Floats:
    """Mean recall over the classes that have true rows."""
    return _mean_over(recall_by_class(hit, true, told), (true > 0).astype(float))


def mcc(hit: Floats, true: Floats, told: Floats) -> Floats:
    """Matthews' correlation for any number of classes (Gorodkin 2004, Comput. Biol. Chem. 28:367); 0 when undefined."""
    total, right = true.sum(axis=1), hit.sum(axis=1)
    spread = (total**2 - (true**2).sum(axis=1)) * (total**2 - (told**2).sum(axis=1))
    return ratio(right * total - (true * told).sum(axis=1), np.sqrt(np.maximum(spread, 0)))


def _mean_over(values: Floats, weights: Floats) -> Floats:
    return ratio((values * weights).sum(axis=1), weights.sum(axis=1), undefined=np.nan)


def binary_f1(p: Predictions) -> Statistic:
    true, told = p.y == p.positive, p.labels == p.positive
    twice_hit, both = 2.0 * (true & told), true.astype(float) + told
    return lambda w: ratio(w @ twice_hit, w @ both)


def rank_area(score: Floats, positive: NDArray[np.bool_]) -> Statistic:
    """Area under the ROC curve; ties count one half; NaN without both classes."""
    at_score = _by_score(score, positive, descending=False)

    def statistic(w: Floats) -> Floats:
        pos, neg = at_score(w)
        below = np.cumsum(neg, axis=1) - neg / 2
        return ratio((pos * below).sum(axis=1), pos.sum(axis=1) * neg.sum(axis=1), undefined=np.nan)

    return statistic


def average_precision(p: Predictions) -> Statistic:
    """Precision averaged over the recall steps, tied scores as one step, as scikit-learn computes it."""
    at_score = _by_score(_score(p), p.y == p.positive, descending=True)

    def statistic(w: Floats) -> Floats:
        pos, neg = at_score(w)
        found = np.cumsum(pos, axis=1)
        steps = pos * ratio(found, found + np.cumsum(neg, axis=1))
        return ratio(steps.sum(axis=1), found[:, -1], undefined=np.nan)

    return statistic


def binary_area(p: Predictions) -> Statistic:
    return rank_area(_score(p), p.y == p.positive)


def one_versus_rest_area(p: Predictions) -> Statistic:
    """The plain mean of each class's area against all others; NaN when a class of the model has no row."""
    proba, classes = _proba(p)
    areas = [rank_area(proba[:, j], p.y == name) for j, name in enumerate(classes)]
    return lambda w: np.mean([area(w) for area in areas], axis=0)


def log_loss(p: Predictions) -> Statistic:
    """Mean negative log-probability of the true class, clipped at the precision of the type, as scikit-learn does."""
    true, _, proba = _truth(p)
    return mean_of(-np.log(np.clip(proba[true], np.finfo(proba.dtype).eps, 1.0)))


def brier(p: Predictions) -> Statistic:
    """Mean squared error of the probabilities: of the positive class, or summed over classes when there are more."""
    true, _, proba = _truth(p)
    squared = ((proba - true) ** 2).sum(axis=1)
    return mean_of(squared / 2 if p.task == "binary-classification" else squared)


def calibration_error(p: Predictions) -> Statistic:
    """Expected calibration error over ten equal-width bins.

    Binary: probability of the positive class against its frequency. More classes: confidence of the most likely class
    against its accuracy (Guo et al. 2017, ICML).
    """
    true, classes, proba = _truth(p)
    column = np.full(len(p), classes.index(p.positive)) if p.positive is not None else proba.argmax(axis=1)
    told = proba[np.arange(len(p)), column]
    gap = told - true[np.arange(len(p)), column]
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    table = np.eye(BINS)[np.digitize(told, edges, right=True)] * gap[:, None]
    return lambda w: ratio(np.abs(w @ table).sum(axis=1), w.sum(axis=1), undefined=np.nan)


def _by_score(
    score: Floats, positive: NDArray[np.bool_], *, descending: bool
) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Weights of positives and negatives at each distinct score, in order of the score."""
    order = np.argsort(-score if descending else score, kind="stable")
    ordered, flag = score[order], positive[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))

    def at_score(w: Floats) -> tuple[Floats, Floats]:
        w = w[:, order]
        pos = np.add.reduceat(w * flag, starts, axis=1)
        return pos, np.add.reduceat(w, starts, axis=1) - pos

    return at_score


def _truth(p: Predictions) -> tuple[NDArray[np.bool_], tuple[Any, ...], Floats]:
    proba, classes = _proba(p)
    return p.y[:, None] == np.asarray(classes)[None, :], classes, proba


def _proba(p: Predictions) -> tuple[Floats, tuple[Any, ...]]:
    assert p.proba is not None  # `measure` has asked for both
    assert p.classes is not None
    return p.proba, p.classes


def _score(p: Predictions) -> Floats:
    assert p.score is not None
    return p.score
