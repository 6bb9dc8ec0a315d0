"""Measures a model on named groups of rows, and tests each group against its floor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from scipy import stats
from scipy.special import logit, ndtr

from pytest_mlready.quality.group_tests import Design, Finding, adjust, rows_at_error, rows_to_show
from pytest_mlready.quality.groups import take
from pytest_mlready.quality.metrics import measure
from pytest_mlready.quality.paired import HUNDREDS, is_relative
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from pytest_mlready.quality.groups import Group, Partition
    from pytest_mlready.quality.metrics import Estimate, Metric
    from pytest_mlready.values import Predictions

    Progress = Callable[[str], None]

DROP = 0.15  # a convention: 15 points of a rate, 15 per cent of an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a metric must reach in every group.

    Attributes:
        metric: The metric.
        limit: Least value (`side` 1), or the most it may be (`side` -1).
        side: 1 or -1.
        derived: The limit follows from the overall value, since the settings give none.
        overall: The metric on all rows.
        drop: What a group must be large enough to show, in the metric's unit.
    """

    metric: Metric
    limit: float
    side: Literal[1, -1]
    derived: bool
    overall: float
    drop: float


def floors(
    wanted: Sequence[tuple[Metric, float | None, float | None]], p: Predictions, *, drop: float = DROP
) -> tuple[Floor, ...]:
    """The limits to hold groups against.

    Args:
        wanted: (metric, least value in every group, most in every group). With neither, the limit is the value on all
            rows less `drop` (for an error plus that share of it).
        p: Predictions on all rows.
        drop: In points of a rate; for errors such as RMSE a share of the overall value.
    """
    found: list[Floor] = []
    for metric, least, most in wanted:
        overall = measure(metric, p, confidence=0).value
        if overall is None:
            continue  # see `unmeasured`
        scale = abs(overall) if is_relative(metric) else 100 if metric.plain in HUNDREDS else 1
        floor = Floor(metric=metric, limit=0.0, side=1, derived=False, overall=overall, drop=drop * scale)
        if least is None and most is None:
            side: Literal[1, -1] = 1 if metric.greater_is_better else -1
            found.append(replace(floor, limit=overall - side * floor.drop, side=side, derived=True))
        found += [replace(floor, limit=least)] if least is not None else []
        found += [replace(floor, limit=most, side=-1)] if most is not None else []
    return tuple(found)


def unmeasured(metrics: Sequence[Metric], p: Predictions) -> tuple[Verdict, ...]:
    """An inconclusive verdict for each metric that has no value on all rows, and which `floors` leaves out."""
    found = [measure(metric, p, confidence=0) for metric in metrics]
    return tuple(
        Verdict(outcome="inconclusive", message=f"no group could be judged by {e.name}: {e.reason}")
        for e in found
        if e.value is None
    )


def without_bounds(limited: Iterable[str], examined: Collection[str]) -> tuple[Verdict, ...]:
    """An inconclusive verdict for each metric that has a limit for groups and was not examined: a maximum."""
    return tuple(
        Verdict(outcome="inconclusive", message=f"no group could be judged by {name}: no bound exists for a maximum")
        for name in limited
        if name not in examined
    )


def examine(
    p: Predictions,
    partitions: Sequence[Partition],
    limits: Sequence[Floor],
    *,
    design: Design | None = None,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """Tests every group against every limit, Holm-adjusted over all of them.

    Shares of rows by the exact binomial test, the rest by the normal test that belongs to their bound (on the logit
    scale for areas under the ROC curve). Any of the groups may raise the alarm: hence the adjustment (Holm 1979,
    Scandinavian Journal of Statistics 6:65).

    Args:
        p: Predictions on all rows.
        partitions: From `groups_of`, on the same rows.
        limits: From `floors`.
        design: Confidence, power and seed; `tests` is filled in here.
        progress: Told how far the work is.
    """
    groups = [g for part in partitions for g in part.groups]
    design = replace(design or Design(), tests=len(groups) * len(limits))
    found: list[Finding] = []
    for i, group in enumerate(groups):
        if progress:
            progress(f"subgroups: {i + 1:,} of {len(groups):,}")
        rows = take(p, group.rows)
        found += [_against(rows, group, limit, design) for limit in limits]
    return adjust(found)


def _against(p: Predictions, group: Group, floor: Floor, design: Design) -> Finding:
    e = measure(floor.metric, p, confidence=design.confidence, seed=design.seed)
    finding = Finding(
        group=group.name, columns=group.columns, metric=floor.metric.name, n=e.n, rows=len(group), value=e.value,
        lower=e.lower, upper=e.upper, limit=floor.limit, side=floor.side, p=None, reason=e.reason,
    )  # fmt: skip
    if e.value is None:
        return finding
    if not design.confidence:
        return replace(finding, p=float(floor.side * (e.value - floor.limit) >= 0), needed=1)
    if floor.metric.parts is not None and p.cluster is None and p.weight is None:
        needed = rows_to_show(floor.limit, floor.drop, design, side=floor.side)
        return replace(finding, p=_p_exact(p, floor), needed=needed)
    bound = e.upper if floor.side > 0 else e.lower
    if bound is None or e.reason:
        return finding
    needed = rows_at_error(e.n, abs(bound - e.value) / design.z, floor.drop, design)
    return replace(finding, p=_p_from_bound(e, bound, floor, design.z), needed=needed)


def _p_exact(p: Predictions, floor: Floor) -> float:
    """Binomial tail of a share of rows, towards the bad side of the limit."""
    assert floor.metric.parts is not None
    top, counted = floor.metric.parts(p)
    hits, n = int((top & counted).sum()), int(counted.sum())
    limit = min(max(floor.limit, 0.0), 1.0)  # one that follows from the overall value may lie outside
    tail = stats.binom.cdf(hits, n, limit) if floor.side > 0 else stats.binom.sf(hits - 1, n, limit)
    return float(tail)


def _p_from_bound(e: Estimate, bound: float, floor: Floor, z: float) -> float:
    value, limit, far = e.value or 0.0, floor.limit, bound
    if floor.metric.kind == "auc" and all(0 < v < 1 for v in (value, limit, far)):
        value, limit, far = (float(logit(v)) for v in (value, limit, far))
    if far == value:
        return float(floor.side * (value - limit) >= 0)
    return float(ndtr(floor.side * (value - limit) / abs(far - value) * z))
