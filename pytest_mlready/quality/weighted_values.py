"""Evaluates metrics of numbers, texts and ranked lists under many weightings of the rows at once.

As in `weighted`: predictions in, a statistic out that takes weights of shape (b, n) and returns values of shape (b,).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import MissingExtra
from pytest_mlready.quality.weighted import mean_of, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.quality.bootstrap import Floats, Statistic
    from pytest_mlready.values import Predictions


def residuals(p: Predictions) -> Floats:
    """True less predicted value, shape (n,)."""
    return np.asarray(np.subtract(p.y, p.labels, dtype=float))


def mae(p: Predictions) -> Statistic:
    return mean_of(np.abs(residuals(p)))


def mse(p: Predictions) -> Statistic:
    return mean_of(residuals(p) ** 2)


def rmse(p: Predictions) -> Statistic:
    mean_square = mse(p)
    return lambda w: np.sqrt(mean_square(w))


def mape(p: Predictions) -> Statistic:
    """Mean absolute error relative to the true value, as a fraction; as scikit-learn, huge where a true value is 0."""
    return mean_of(np.abs(residuals(p)) / np.maximum(np.abs(np.asarray(p.y, float)), np.finfo(float).eps))


def median_absolute_error(p: Predictions) -> Statistic:
    """The weighted median; the middle of the two when exactly half of the weight lies on either side."""
    errors = np.abs(residuals(p))
    order = np.argsort(errors)
    ordered = errors[order]

    def statistic(w: Floats) -> Floats:
        reached = np.cumsum(w[:, order], axis=1)
        half = reached[:, -1:] / 2
        low = np.argmax(reached >= half * (1 - 1e-12), axis=1)
        high = np.argmax(reached > half * (1 + 1e-12), axis=1)
        return np.asarray((ordered[low] + ordered[high]) / 2)

    return statistic


def max_error(p: Predictions) -> Statistic:
    errors = np.abs(residuals(p))
    return lambda w: np.max(np.where(w > 0, errors, 0), axis=1)


def r2(p: Predictions) -> Statistic:
    """Share of the variance explained; NaN when the true values do not vary."""
    y = np.asarray(p.y, float)
    centred, squares = y - y.mean(), residuals(p) ** 2

    def statistic(w: Floats) -> Floats:
        variation = w @ centred**2 - ratio((w @ centred) ** 2, w.sum(axis=1))
        return 1 - ratio(w @ squares, variation, undefined=np.nan)

    return statistic


def ndcg(p: Predictions) -> Statistic:
    """Mean normalised discounted cumulative gain of the queries (Järvelin and Kekäläinen 2002), by their `group`.

    A query's rows share one weight, that of its first row: resample whole queries. Queries of one row are left out.
    """
    from sklearn.metrics import ndcg_score

    names, first, query = np.unique(np.asarray(p.extra["group"]), return_index=True, return_inverse=True)
    order = np.argsort(query, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(query))[:-1])
    scores = np.asarray(p.labels if p.score is None else p.score, float)
    known = np.array([len(m) > 1 for m in members])
    gains = np.array(
        [ndcg_score([np.asarray(p.y, float)[m]], [scores[m]]) for m, ok in zip(members, known, strict=True) if ok]
    )
    rows = first[known[: len(names)]]
    return lambda w: ratio(w[:, rows] @ gains, w[:, rows].sum(axis=1), undefined=np.nan)


def exact_match(p: Predictions) -> NDArray[np.bool_]:
    """Whether each text equals its reference (any of them, where a row has several), outer white space aside."""
    return np.array([str(t).strip() in _references(y) for y, t in zip(p.y, p.labels, strict=True)], bool)


def bleu(p: Predictions) -> Statistic:
    """Corpus BLEU, 0 to 100, with sacrebleu's defaults (tokeniser 13a, exponential smoothing)."""
    return _corpus_score("BLEU", p)


def chrf(p: Predictions) -> Statistic:
    """Corpus chrF, 0 to 100, with sacrebleu's defaults (six characters, beta 2)."""
    return _corpus_score("CHRF", p)


def _corpus_score(name: str, p: Predictions) -> Statistic:
    """The sums per text that sacrebleu's own significance tests draw from, added up under weights."""
    try:
        from sacrebleu import metrics
    except ImportError:
        raise MissingExtra("sacrebleu", "text", name) from None
    metric: Any = getattr(metrics, name)()
    references = [_references(y) for y in p.y]
    most = max(len(r) for r in references)
    columns: list[list[str | None]] = [[r[j] if j < len(r) else None for r in references] for j in range(most)]
    sums = np.asarray(metric._extract_corpus_statistics([str(t) for t in p.labels], columns), float)  # noqa: SLF001

    def statistic(w: Floats) -> Floats:
        return np.array([metric._compute_score_from_stats(row.tolist()).score for row in w @ sums])  # noqa: SLF001

    return statistic


def _references(y: Any) -> list[str]:
    several = not isinstance(y, str) and isinstance(y, (list, tuple, np.ndarray))
    return [str(one).strip() for one in y] if several else [str(y).strip()]
