"""Compares two models on the same rows, and bounds the difference: rates, areas under a curve, anything else."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from pytest_mlready.errors import DataError
from pytest_mlready.quality import paired_rates
from pytest_mlready.quality.bootstrap import RESAMPLES, bca
from pytest_mlready.quality.comparison import Comparison
from pytest_mlready.quality.intervals import delong_paired
from pytest_mlready.quality.metrics import DRAWN_RESAMPLES, MIN_CLUSTERS, MIN_RARER_CLASS, MIN_ROWS, effective_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.quality.bootstrap import Floats, Statistic
    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.values import Predictions

POINT = 0.01  # default margin: one point of a rate, one per cent of an error; a convention, see STATISTICS.md 9
HUNDREDS = ("bleu", "chrf")  # metrics on a scale of 0 to 100, where a point is 1
ABSOLUTE = ("ece",)  # errors near 0, of which a per cent means nothing
POWER = 0.8


def default_margin(metric: Metric) -> float:
    """One point for a rate (1.0 for metrics that run to 100), one per cent of the reference for an error."""
    return 1.0 if metric.plain in HUNDREDS else POINT


def is_relative(metric: Metric) -> bool:
    """Whether differences are taken relative to the reference: errors without a natural scale, such as RMSE."""
    is_error = not metric.greater_is_better and metric.kind in ("general", "extreme") and metric.plain not in ABSOLUTE
    return is_error or metric.name.startswith("neg_")


def compare(  # noqa: PLR0913 - one knob each
    metric: Metric,
    candidate: Predictions,
    reference: Predictions,
    *,
    margin: float | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compares two models row by row.

    Rates by Tango's score interval with the exact McNemar test, areas under the ROC curve by paired DeLong. The rest,
    and everything whose rows have clusters or weights, by a paired BCa bootstrap of rows, or of whole
    clusters.

    Args:
        metric: From `metrics.resolve`.
        candidate: Predictions of the model under test.
        reference: Predictions of the other model on the same rows, in the same order.
        margin: See `Comparison`; None: `default_margin`.
        confidence: One-sided, for each bound; 0 compares the point estimates alone.
        seed: Of the bootstrap.

    Raises:
        DataError: the two are not on the same rows.

    Source: Tango 1998, Statistics in Medicine 17:891; DeLong et al. 1988, Biometrics 44:837; Efron 1987, JASA 82:171.
    """
    _check_aligned(candidate, reference)
    margin = default_margin(metric) if margin is None else margin
    question = _Question(metric, candidate, reference, margin, confidence or 0.5, seed)
    if lacking := _lacking(metric, candidate, reference):
        return question.unknown(lacking)
    found = None
    if candidate.cluster is None and candidate.weight is None:
        by_kind = {"proportion": _rates, "auc": _areas}
        found = by_kind[metric.kind](question) if metric.kind in by_kind else None
    found = found or _resampled(question)
    if confidence:
        return found
    point = found.difference
    return replace(
        found, lower=point, upper=point, confidence=0.0, mde=None, shortage="", method="point estimates only"
    )


@dataclass(frozen=True, slots=True)
class _Question:
    metric: Metric
    candidate: Predictions
    reference: Predictions
    margin: float
    confidence: float
    seed: int

    def answer(self, **found: Any) -> Comparison:
        return Comparison(metric=self.metric.name, margin=self.margin, confidence=self.confidence, **found)

    def unknown(self, shortage: str) -> Comparison:
        names = ("candidate", "reference", "difference", "lower", "upper")
        return self.answer(**dict.fromkeys(names, math.nan), n=0, method="none", shortage=shortage)


def _check_aligned(candidate: Predictions, reference: Predictions) -> None:
    a, b = candidate.y, reference.y
    if len(a) != len(b) or not _same(a, b):
        raise DataError(
            f"the two models were not asked about the same rows: {len(a):,} and {len(b):,} rows, or other outcomes",
            expected="both models' predictions on one data set, in one order",
            fix="predict with both models on the held-out set as it is",
        )
    if not len(a):
        raise DataError("there are no rows to compare two models on", fix="check the held-out data")


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    if object in (a.dtype, b.dtype):  # texts, or lists of reference texts
        return all(map(np.array_equal, a, b))
    return bool(np.all((a == b) | ((a != a) & (b != b))))  # noqa: PLR0124 - NaN equals NaN here


def _rates(q: _Question) -> Comparison | None:
    """None where the two rates are not shares of the same rows (such as precision)."""
    assert q.metric.parts is not None  # every proportion has parts
    (top, counted), (other_top, other_counted) = q.metric.parts(q.candidate), q.metric.parts(q.reference)
    if not np.array_equal(counted, other_counted):
        return None
    n, top, other_top = int(counted.sum()), top[counted], other_top[counted]
    if n == 0:
        return q.unknown(f"there are no {q.metric.rows}")
    good, other_good = (top, other_top) if q.metric.greater_is_better else (~top, ~other_top)
    b, c = int((good & ~other_good).sum()), int((other_good & ~good).sum())
    lower, upper = paired_rates.tango(b, c, n, confidence=q.confidence)
    return q.answer(
        candidate=float(top.mean()), reference=float(other_top.mean()), difference=(b - c) / n, lower=float(lower),
        upper=float(upper), n=n, method="Tango's score interval", p_mcnemar=paired_rates.mcnemar(b, c),
        mde=paired_rates.detectable_drop(max(b + c, 1) / n, n, confidence=q.confidence, power=POWER),
        discordant=(b, c), identical=b + c == 0,
    )  # fmt: skip


def _areas(q: _Question) -> Comparison:
    assert q.candidate.score is not None  # or the comparison would lack it
    assert q.reference.score is not None
    positive = q.candidate.y == q.candidate.positive
    areas, covariance = delong_paired(positive, q.candidate.score, q.reference.score)
    difference = float(areas[0] - areas[1])
    error = math.sqrt(max(0.0, covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
    half = float(ndtri(q.confidence)) * error
    return q.answer(
        candidate=float(areas[0]), reference=float(areas[1]), difference=difference, lower=difference - half,
        upper=difference + half, n=len(positive), method="paired DeLong", mde=_detectable(half, q.confidence),
        identical=error == 0 and difference == 0, shortage=_shortage(q.metric, q.candidate),
    )  # fmt: skip


def _resampled(q: _Question) -> Comparison:
    ours, theirs = q.metric.statistic(q.candidate), q.metric.statistic(q.reference)
    n, relative = len(q.candidate), is_relative(q.metric)
    interval = bca(
        _improvement(ours, theirs, sign=1 if q.metric.greater_is_better else -1, relative=relative),
        n,
        cluster=q.candidate.cluster,
        confidence=q.confidence,
        sides=1,
        resamples=DRAWN_RESAMPLES if q.metric.draws_rows else RESAMPLES,
        seed=q.seed,
    )
    identical = interval.estimate == 0 and _same_answers(q.metric, q.candidate, q.reference)
    shortages = (_shortage(q.metric, p) for p in (q.candidate, q.reference))
    lower, upper = (0.0, 0.0) if identical else (interval.lower, interval.upper)
    return q.answer(
        candidate=float(ours(np.ones((1, n)))[0]), reference=float(theirs(np.ones((1, n)))[0]),
        difference=interval.estimate, lower=lower, upper=upper, n=n, method=f"paired {interval.method}",
        relative=relative, mde=_detectable((upper - lower) / 2, q.confidence), identical=identical,
        shortage=next(filter(None, shortages), ""),
    )  # fmt: skip


def _improvement(ours: Statistic, theirs: Statistic, *, sign: int, relative: bool) -> Statistic:
    def statistic(w: Floats) -> Floats:
        value, other = ours(w), theirs(w)
        gain = sign * (value - other)
        if not relative:
            return gain
        with np.errstate(all="ignore"):
            return np.where(gain == 0, 0.0, gain / np.where(other == 0, np.nan, np.abs(other)))

    return statistic


def _same_answers(metric: Metric, candidate: Predictions, reference: Predictions) -> bool:
    kind = metric.needs if metric.needs in ("proba", "score") else "labels"
    ours, theirs = getattr(candidate, kind), getattr(reference, kind)
    return ours is not None and theirs is not None and np.array_equal(ours, theirs)


def _lacking(metric: Metric, *models: Predictions) -> str:
    """What a model does not give, or the data do not have, and the metric needs."""
    if metric.needs == "group" and any("group" not in p.extra for p in models):
        return 'the data name no group column (set group = "…" in [tool.mlready.data])'
    if metric.needs in ("proba", "score") and any(getattr(p, metric.needs) is None for p in models):
        kind = "probabilities" if metric.needs == "proba" else "probabilities and no decision values"
        return f"one of the two models gives no {kind}"
    tasks = {p.task for p in models}
    alike = len(tasks) == 1 or (metric.needs == "labels" and tasks <= set(metric.tasks))
    if not alike or (len(tasks) == 1 and len({p.positive for p in models}) > 1):
        classes = " and ".join(", ".join(map(str, p.classes or ())) for p in models)
        return f"the two models do not know the same classes ({classes}), so that {metric.name} means two things"
    return ""


def _shortage(metric: Metric, p: Predictions) -> str:
    if metric.kind == "extreme":
        return f"{metric.name} is a maximum, for which no confidence bound exists"
    counted = np.ones(len(p), bool) if metric.parts is None else np.asarray(metric.parts(p)[1])
    if p.cluster is not None and (clusters := len(np.unique(p.cluster[counted]))) < MIN_CLUSTERS:
        of = "" if metric.rows == "rows" else f" with {metric.rows}"
        return f"there are {clusters} clusters{of}, and {MIN_CLUSTERS} are needed"
    if p.weight is not None and (worth := effective_rows(p.weight[counted])) < MIN_ROWS:
        return f"by their weights the {metric.rows} are worth {worth:.0f}, and a bootstrap needs {MIN_ROWS}"
    if metric.kind == "auc":
        positive = int((p.y == p.positive).sum())
        rarer = min(positive, len(p) - positive)
        return "" if rarer >= MIN_RARER_CLASS else f"the rarer class has {rarer} rows, and {MIN_RARER_CLASS} are needed"
    n = int(counted.sum())
    return "" if n >= MIN_ROWS else f"there are {n} {metric.rows}, and a bootstrap needs {MIN_ROWS}"


def _detectable(half: float, confidence: float) -> float | None:
    z = float(ndtri(confidence))
    return half / z * (z + float(ndtri(POWER))) if z > 0 and half > 0 and math.isfinite(half) else None
