"""Measures a metric on a model's predictions, with confidence bounds or the reason why there are none.

Which bounds: Wilson for shares of rows (exact below 20), logit-DeLong for the area under the ROC curve, BCa bootstrap
for everything else: of all rows at once, since a held-out set is drawn at random and its class shares with it
(resampled by class, the one-sided 95 % bound of F1 covers 88 to 92 %; of all rows, 95 %). With clustered rows every
metric is bounded by a cluster bootstrap, with weighted rows by a bootstrap of the weighted metric: the closed forms
assume independent rows of equal weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_mlready.quality import intervals
from pytest_mlready.quality.bootstrap import RESAMPLES, bca
from pytest_mlready.quality.intervals import Interval
from pytest_mlready.quality.known_metrics import ALIASES, METRICS, Metric, names, resolve
from pytest_mlready.values import seed_of

if TYPE_CHECKING:
    from pytest_mlready.values import Predictions

__all__ = ["ALIASES", "METRICS", "Estimate", "Metric", "measure", "names", "resolve"]

MIN_RARER_CLASS = 50  # rows, for areas under curves: below, even logit-DeLong covers less than it says
MIN_ROWS = 100  # rows, for a bootstrap
MIN_WILSON = 20  # rows of a share: of 3 rows that are all right, Wilson's bound claims too much in 15 of 100 sets
MIN_CLUSTERS = 20  # clusters, for a cluster bootstrap; "few" starts between 20 and 50 (Cameron and Miller 2015)
DRAWN_RESAMPLES = 1000  # for metrics that must draw rows again one resample at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A metric's value with its bounds.

    Attributes:
        name: The metric's name.
        value: Point estimate; None when it could not be computed.
        lower, upper: One-sided bounds, each at `confidence` by itself; None when they cannot be formed.
        n: Rows (or queries, or rows of the denominator) behind the value.
        method: How the bounds were formed.
        greater_is_better: Whether more is better.
        confidence: Confidence of each bound; 0 when none was asked for.
        rows: What `n` counts, in words.
        reason: Why the value or its bounds cannot be judged; empty when they can. A fix, where there is one.
    """

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int = 0
    method: str = ""
    greater_is_better: bool = True
    confidence: float = 0.95
    rows: str = "rows"
    reason: str = ""


def measure(metric: Metric | str, p: Predictions, *, confidence: float = 0.95, seed: int | None = None) -> Estimate:
    """Measures one metric.

    Args:
        metric: A metric, or the name of one (see `resolve`).
        p: Predictions, n rows.
        confidence: Confidence of each bound by itself; 0 for the point estimate alone.
        seed: Seed of the resampling; by default from the digest of data and model.

    Returns:
        An estimate. Where nothing can be said (no rows, NaN, one class, too few rows), its `reason` says why.

    Raises:
        ReadinessError: no such metric, or not one of this task.
    """
    metric = resolve(metric, p.task) if isinstance(metric, str) else metric
    reason = _unusable(metric, p)
    if reason:
        return _estimate(
            metric,
            p,
            Interval(estimate=math.nan, lower=math.nan, upper=math.nan, n=len(p), method=""),
            confidence,
            reason,
        )
    seed = seed_of(p.sha256, metric.name) if seed is None else seed
    reason = _too_few(metric, p) if confidence else ""
    if reason or not confidence:
        value = float(metric.statistic(p)(np.ones((1, len(p))))[0])
        bare = Interval(estimate=value, lower=math.nan, upper=math.nan, n=len(p), method="point estimate")
        return _estimate(metric, p, bare, confidence, reason)
    return _estimate(metric, p, _bounded(metric, p, confidence, seed), confidence, "")


def _unusable(metric: Metric, p: Predictions) -> str:
    """Why the metric cannot be computed at all; empty when it can."""
    if len(p) == 0:
        return "there are no rows"
    if metric.needs == "group" and "group" not in p.extra:
        return 'the data name no group column (set group = "…" in [tool.mlready.data])'
    if metric.needs in ("proba", "score") and getattr(p, metric.needs) is None:
        return (
            f"the model gives no {'probabilities' if metric.needs == 'proba' else 'probabilities or decision values'}"
        )
    for what, values in (("target", p.y), ("predictions", p.labels), ("scores", p.score), ("probabilities", p.proba)):
        missing = 0 if values is None else _missing(values)
        if missing:
            return f"the {what} hold {missing} missing or non-finite values"
    if p.task.endswith("classification") and metric.parts is None and len(np.unique(p.y)) < 2:
        return f"every row is {p.y[0]!s}: a classifier cannot be judged on one class"
    return ""


def _missing(values: np.ndarray) -> int:
    if values.dtype.kind == "f":
        return int((~np.isfinite(values)).sum())
    if values.dtype.kind == "O":
        return sum(v is None or (isinstance(v, float) and not math.isfinite(v)) for v in values.ravel())
    return 0


def _too_few(metric: Metric, p: Predictions) -> str:
    """Why no bound would hold what it says; empty when one would."""
    if metric.kind == "extreme":
        return "no confidence bound exists for a maximum (set confidence = 0 to compare the largest error seen)"
    if metric.needs == "group" and (queries := len(np.unique(p.extra["group"]))) < MIN_ROWS:
        return f"only {queries} queries, and a bootstrap bound needs {MIN_ROWS}"
    if p.cluster is not None and (clusters := _clusters(metric, p, p.cluster)) < MIN_CLUSTERS:
        of = "" if metric.rows == "rows" else f" with {metric.rows}"
        return f"only {clusters} clusters{of}, and a cluster bootstrap needs {MIN_CLUSTERS}"
    if metric.kind == "general" and len(p) < MIN_ROWS:
        return f"only {len(p)} rows, and a bootstrap bound needs {MIN_ROWS}"
    if p.weight is not None and (worth := effective_rows(p.weight[_counted(metric, p)])) < MIN_ROWS:
        return f"by their weights the {metric.rows} are worth {worth:.0f}, and a bootstrap bound needs {MIN_ROWS}"
    ranks = metric.needs == "score" or (metric.needs == "proba" and "auc" in metric.plain)
    return _rare_class(p) if ranks else ""


def _rare_class(p: Predictions) -> str:
    classes, counts = np.unique(p.y, return_counts=True)
    if counts.min() < MIN_RARER_CLASS:
        return f"only {counts.min()} rows of the rarest class, and a bound needs {MIN_RARER_CLASS}"
    if p.cluster is None:
        return ""
    fewest = min(len(np.unique(p.cluster[p.y == name])) for name in classes)
    text = f"only {fewest} clusters with rows of one class, and a cluster bootstrap needs {MIN_CLUSTERS}"
    return text if fewest < MIN_CLUSTERS else ""


def effective_rows(weight: np.ndarray) -> float:
    """Rows of equal weight that tell as much as these (Kish 1965, Survey Sampling, 11.7)."""
    total = float(weight.sum())
    return total**2 / float((weight**2).sum()) if total else 0.0


def _counted(metric: Metric, p: Predictions) -> np.ndarray:
    """The rows that the metric counts: the positive ones for a recall, all for most; boolean, shape (n,)."""
    return np.ones(len(p), bool) if metric.parts is None else np.asarray(metric.parts(p)[1])


def _clusters(metric: Metric, p: Predictions, cluster: np.ndarray) -> int:
    """Clusters that hold rows which count."""
    return len(np.unique(cluster[_counted(metric, p)]))


def _cluster(metric: Metric, p: Predictions) -> np.ndarray | None:
    if p.cluster is None and metric.needs == "group":
        return np.asarray(p.extra["group"])
    return p.cluster


def _bounded(metric: Metric, p: Predictions, confidence: float, seed: int) -> Interval:
    independent = p.cluster is None and p.weight is None
    if metric.parts and independent:
        return _wilson(metric, p, confidence)
    if metric.kind == "auc" and independent and p.score is not None:
        return _area(p.y == p.positive, p.score, confidence)
    found = bca(
        metric.statistic(p),
        len(p),
        cluster=_cluster(metric, p),
        confidence=confidence,
        sides=1,
        resamples=DRAWN_RESAMPLES if metric.draws_rows else RESAMPLES,
        seed=seed,
    )
    if metric.parts and found.estimate in (0.0, 1.0):
        return _wilson_of_units(metric, p, found, confidence)
    return found


def _wilson(metric: Metric, p: Predictions, confidence: float) -> Interval:
    assert metric.parts is not None
    top, bottom = metric.parts(p)
    k, n = int((top & bottom).sum()), int(bottom.sum())
    exact = n < MIN_WILSON
    bounds = intervals.clopper_pearson if exact else intervals.wilson
    lower, upper = bounds(k, n, confidence=confidence, sides=1)
    method = "Clopper-Pearson" if exact else "Wilson"
    return Interval(estimate=k / n if n else math.nan, lower=float(lower), upper=float(upper), n=n, method=method)


def _wilson_of_units(metric: Metric, p: Predictions, found: Interval, confidence: float) -> Interval:
    """Where no row differs, resampling shows no spread: each cluster, or row by its worth, counts as one trial."""
    if p.cluster is not None:
        n, method = float(_clusters(metric, p, p.cluster)), "Wilson over clusters"
    else:
        n, method = effective_rows(np.asarray(p.weight)[_counted(metric, p)]), "Wilson over effective rows"
    lower, upper = intervals.wilson(found.estimate * n, n, confidence=confidence, sides=1)
    return Interval(estimate=found.estimate, lower=float(lower), upper=float(upper), n=found.n, method=method)


def _area(positive: np.ndarray, score: np.ndarray, confidence: float) -> Interval:
    """Logit-DeLong; where every positive outranks every negative, the exact bound from disjoint pairs.

    The rarer class's m rows can be paired with m rows of the other: m independent pairs, none of them the wrong way
    round, so that the rule of three bounds the share of wrong pairs, which is 1 - area.
    """
    found = intervals.logit_delong(positive, score, confidence=confidence, sides=1)
    if found.estimate not in (0.0, 1.0):
        return found
    pairs = int(min(positive.sum(), (~positive).sum()))
    wrong = intervals.rule_of_three(pairs, confidence=confidence)
    lower, upper = (1 - wrong, 1.0) if found.estimate == 1 else (0.0, wrong)
    return Interval(estimate=found.estimate, lower=lower, upper=upper, n=found.n, method="disjoint pairs")


def _estimate(metric: Metric, p: Predictions, found: Interval, confidence: float, reason: str) -> Estimate:
    value, lower, upper = (x if math.isfinite(x) else None for x in (found.estimate, found.lower, found.upper))
    if value is None:
        lower = upper = None
        reason = reason or (f"there are no {metric.rows} to count" if metric.parts else "it is undefined on these rows")
    elif not reason and confidence and lower is None:
        reason = "no resample differs, so that no bound can be formed (an exact one exists for accuracy)"
    return Estimate(
        name=metric.name, value=value, lower=lower, upper=upper, n=found.n or len(p), method=found.method,
        greater_is_better=metric.greater_is_better, confidence=confidence, rows=metric.rows, reason=reason,
    )  # fmt: skip
