"""Measures outcomes, errors and calibration of the groups of a protected attribute against its largest group."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from pytest_mlready.quality import gaps
from pytest_mlready.quality.bootstrap import bca
from pytest_mlready.quality.group_tests import Design, holm
from pytest_mlready.quality.metrics import MIN_CLUSTERS, MIN_ROWS, MIN_WILSON, effective_rows
from pytest_mlready.quality.weighted import mean_of, ratio
from pytest_mlready.values import seed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_mlready.quality.bootstrap import Floats, Statistic
    from pytest_mlready.quality.gaps import Gap
    from pytest_mlready.quality.groups import Group, Partition
    from pytest_mlready.quality.inclusion_measures import Measure
    from pytest_mlready.values import Predictions

MANY_ROWS = 1000  # from which on the mean of bounded or moderately skewed values is normal enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measure of one group.

    Attributes:
        group, columns: Name and columns of the group.
        reference: Name of the largest group; empty where the figure itself is judged.
        measure: What was measured; `limit` and `scale` are its own.
        value, other: The figure in the group and in the reference; None where nothing counts.
        n, rows: Rows of the group that count, and all of them.
        gap, lower, upper: On the scale of the measure (a ratio as a ratio); None where it cannot be formed.
        detectable: Smallest true gap that would have been told from none; None where unknown.
        within: Both bounds, at the level of the family, are within the limit.
        beyond: The estimate is beyond the limit.
        p: Of "the gap is within the limit"; `adjusted` after Holm. None where nothing was tested.
        adequate: Large enough: within, or a gap of the limit's size would have been seen. A ratio must be within.
        reason: Why nothing can be said.
    """

    group: str
    columns: tuple[str, ...]
    reference: str
    measure: Measure
    value: float | None = None
    other: float | None = None
    n: int = 0
    rows: int = 0
    gap: float | None = None
    lower: float | None = None
    upper: float | None = None
    detectable: float | None = None
    within: bool = False
    beyond: bool = False
    p: float | None = None
    adjusted: float | None = None
    adequate: bool = False
    method: str = ""
    reason: str = ""


def examine(
    p: Predictions, partitions: Sequence[Partition], wanted: Sequence[Measure], *, design: Design
) -> tuple[Finding, ...]:
    """Every group of every attribute by every measure, Holm-adjusted over all that have a limit.

    The reference is the attribute's largest group: it does not depend on outcomes, as "the best group" would.

    Args:
        p: Predictions on all rows; their clusters and weights count.
        partitions: From `groups.groups_of`, on the same rows.
        wanted: From `measures`.
        design: Confidence and power; `tests` is filled in here.
    """
    pairs = [(part.groups[0], group, m) for part in partitions for m in wanted for group in _compared(part, m)]
    design = replace(design, tests=sum(m.limit is not None for *_, m in pairs))
    found = [_finding(p, reference, group, m, design) for reference, group, m in pairs]
    tested = [f.p for f in found if f.p is not None]
    adjusted = iter((holm(np.array(tested)) if design.confidence else np.array(tested)).tolist())
    return tuple(f if f.p is None else replace(f, adjusted=next(adjusted)) for f in found)


def _compared(part: Partition, measure: Measure) -> tuple[Group, ...]:
    return part.groups if measure.scale == "own" else part.groups[1:]


def _finding(p: Predictions, reference: Group, group: Group, m: Measure, design: Design) -> Finding:
    own = m.scale == "own"
    mine, theirs = (g.rows[m.counted[g.rows]] for g in (group, reference))
    plain = Finding(
        group=group.name, columns=group.columns, reference="" if own else reference.name, measure=m, n=len(mine),
        rows=len(group), value=_mean(p, m, mine), other=None if own else _mean(p, m, theirs),
    )  # fmt: skip
    reason = _too_little(p, m, mine) or ("" if own else _too_little(p, m, theirs))
    if reason:
        return replace(plain, reason=reason)
    gap = _gap(p, m, mine, None if own else theirs, design)
    if gap is None:
        return replace(plain, reason="no resample differs, so that no bound can be formed")
    return _judged(plain, gap, design)


def _judged(plain: Finding, gap: Gap, design: Design) -> Finding:
    m, limit = plain.measure, plain.measure.bound
    shown = math.exp if m.scale == "ratio" else float
    z = max(design.z, 0.0) if design.confidence else 0.0
    lower, upper = gap.bounds(z)
    found = replace(
        plain, gap=shown(gap.estimate), lower=shown(lower), upper=shown(upper), method=gap.method,
    )  # fmt: skip
    if limit is None:
        return found
    z = max(design.z_adjusted, 0.0) if design.confidence else 0.0
    low, high = gap.bounds(z)
    seen = gaps.detectable(gap, z=z, z_power=float(ndtri(design.power)))
    within, beyond = -limit <= low and high <= limit, abs(gap.estimate) > limit
    p = gaps.p_beyond(gap, limit) if design.confidence else float(not beyond)
    return replace(
        found, detectable=seen, within=within, beyond=beyond, p=p,
        adequate=within or (m.scale != "ratio" and seen <= limit),
    )  # fmt: skip


def _mean(p: Predictions, m: Measure, rows: NDArray[Any]) -> float | None:
    weight = None if p.weight is None else p.weight[rows]
    if not len(rows) or (weight is not None and not weight.sum()):
        return None
    return float(np.average(m.values[rows], weights=weight))


def _too_little(p: Predictions, m: Measure, rows: NDArray[Any]) -> str:
    """Why no bound would hold what it says."""
    closed = m.is_share and p.cluster is None and p.weight is None and m.scale != "own"
    least = MIN_WILSON if closed else MIN_ROWS
    if p.cluster is not None and (clusters := len(np.unique(p.cluster[rows]))) < MIN_CLUSTERS:
        return f"{clusters} clusters with {m.rows}, and {MIN_CLUSTERS} are needed"
    n = len(rows) if p.weight is None else effective_rows(p.weight[rows])
    return "" if n >= least else f"{n:.0f} {m.rows}, and {least} are needed"


def _gap(p: Predictions, m: Measure, mine: NDArray[Any], theirs: NDArray[Any] | None, design: Design) -> Gap | None:
    """The gap by a closed form where rows are independent and alike; else, and for few rows, by bootstrap."""
    samples = [m.values[rows] for rows in (mine, theirs) if rows is not None]
    if p.cluster is None and p.weight is None:
        if theirs is not None and m.is_share:
            counts = [(int(values.sum()), len(values)) for values in samples]
            return (gaps.katz if m.scale == "ratio" else gaps.newcombe)(*counts[0], *counts[1])
        if min(map(len, samples)) >= MANY_ROWS:
            error = math.sqrt(sum(values.var(ddof=1) / len(values) for values in samples))
            difference = samples[0].mean() - (samples[1].mean() if len(samples) > 1 else 0.0)
            return gaps.normal(float(difference), error) if error else None
    return _resampled(p, m, mine, theirs, design)


def _resampled(
    p: Predictions, m: Measure, mine: NDArray[Any], theirs: NDArray[Any] | None, design: Design
) -> Gap | None:
    rows = mine if theirs is None else np.concatenate([mine, theirs])
    first = np.arange(len(rows)) < len(mine)
    weight = np.ones(len(rows)) if p.weight is None else p.weight[rows]
    statistic = _statistic(m, m.values[rows], first, weight)
    confidence = design.confidence or 0.95
    found = bca(
        statistic, len(rows), cluster=None if p.cluster is None else p.cluster[rows], confidence=confidence, sides=1,
        strata=first.astype(int) if theirs is not None else None, seed=seed_of(p.sha256, m.name, str(design.seed)),
    )  # fmt: skip
    return gaps.scaled(found, confidence) if math.isfinite(found.lower) else None


def _statistic(m: Measure, values: Floats, first: NDArray[np.bool_], weight: Floats) -> Statistic:
    """The gap under count weights (b, n); rows of both groups lie one after the other."""
    if first.all():
        plain = mean_of(values)
        return lambda w: plain(w * weight)
    own, other = first * weight, ~first * weight

    def statistic(w: Floats) -> Floats:
        mine = ratio(w @ (own * values), w @ own, undefined=np.nan)
        theirs = ratio(w @ (other * values), w @ other, undefined=np.nan)
        if m.scale != "ratio":
            return mine - theirs
        with np.errstate(all="ignore"):
            return np.log(mine) - np.log(theirs)

    return statistic
