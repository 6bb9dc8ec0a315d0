"""Judges served predictions by what happened: whether they can be judged, their metrics, their bias, their slices."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from pytest_mlready.quality import subgroup_verdicts, subgroups, thresholds
from pytest_mlready.quality.bootstrap import bca
from pytest_mlready.quality.group_tests import Design, Finding, adjust, rows_at_error
from pytest_mlready.quality.metrics import MIN_ROWS, Estimate, measure
from pytest_mlready.quality.weighted import mean_of
from pytest_mlready.values import Measurement, Verdict, seed_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.quality.groups import Partition
    from pytest_mlready.quality.known_metrics import Metric
    from pytest_mlready.quality.served import Served, Window
    from pytest_mlready.values import Predictions

    Limit = tuple[Metric, float | None, float | None]

TOLERANCE = 0.05  # of a mean probability: a convention
OF_RARE = 0.25  # of the rarer class's share, where that is less: 5 points are no small error of a rate of 1 %
OF_SPREAD = 0.1  # of the outcomes' standard deviation, for numbers: a convention
WIDER = 2.0  # times the tolerance, for a slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What is asked of the rows before they are judged.

    Attributes:
        now: Against which ages are taken.
        coverage: Least share of a window's predictions whose outcome is known.
        fresh: Greatest age of the newest outcome that was joined.
    """

    now: dt.datetime
    coverage: float
    fresh: dt.timedelta


def usable(served: Served, judged: Sequence[Window], demands: Demands) -> list[Verdict]:
    """Whether the join can carry a judgement about now; what is wrong with it is inconclusive, or failed."""
    return [*_ids(served), _fresh(served, demands), *(_covered(w, demands.coverage) for w in judged)]


def _ids(served: Served) -> Iterator[Verdict]:
    for count, what in zip(served.twice, ("predictions", "outcomes"), strict=True):
        if count:
            message = f"{count:,} {what} have an id that another one has: which belongs to which is not known"
            yield Verdict(outcome="failed", message=message)
    if served.nameless:
        yield Verdict(outcome="inconclusive", message=f"{served.nameless:,} predictions have no id")


def _fresh(served: Served, demands: Demands) -> Verdict:
    newest = served.table["known"].drop_nulls().max()
    age = demands.now - newest if isinstance(newest, dt.datetime) else dt.timedelta.max
    noted = (Measurement(name="age of the newest outcome", value=age.total_seconds(), unit="s",
                         max=demands.fresh.total_seconds()),)  # fmt: skip
    message = f"the newest outcome is {age.total_seconds() / 3600:.1f} h old"
    fresh = age <= demands.fresh
    stale = f"{message}: nothing is known about now (at most {demands.fresh.total_seconds() / 3600:g} h)"
    return Verdict(
        outcome="passed" if fresh else "inconclusive", message=message if fresh else stale, measurements=noted
    )


def _covered(window: Window, least: float) -> Verdict:
    n, known = window.served.table.height, window.served.labelled.table.height
    share = known / n if n else None
    noted = (Measurement(name=f"predictions with an outcome, {window.name}", value=share, min=least, n=n,
                         note=window.span),)  # fmt: skip
    if known < MIN_ROWS:
        message = f"{known} predictions of the {window.name} ({window.span}) have an outcome; {MIN_ROWS} are needed"
    elif known < least * n:
        message = (
            f"{known:,} of {n:,} predictions of the {window.name} ({window.span}) have an outcome ({known / n:.1%}, at "
            f"least {least:.0%}): those without may be the bad ones"
        )
    else:
        return Verdict(outcome="passed", message=f"{known:,} of {n:,} have an outcome", measurements=noted)
    return Verdict(outcome="inconclusive", message=message, measurements=noted)


def quality(p: Predictions, name: str, limits: Sequence[Limit], *, confidence: float) -> list[Verdict]:
    """Each metric of a window against its limits: the bound meets it, the value misses it, or neither."""
    found = []
    for metric, least, most in limits:
        estimate = replace(measure(metric, p, confidence=confidence), name=f"{metric.name}, {name}")
        found.append(thresholds.judge(estimate, min=least, max=most, confidence=confidence))
    return found


def history(p: Predictions, name: str, limits: Sequence[Limit], *, confidence: float) -> list[Measurement]:
    """The same of an earlier window, to be listed."""
    found = [(metric, measure(metric, p, confidence=confidence)) for metric, *_ in limits]
    return [
        Measurement(name=f"{m.name}, {name}", value=e.value, interval=(e.lower, e.upper), n=e.n, note=e.reason)
        for m, e in found
        if e.value is not None
    ]


def deviations(p: Predictions) -> NDArray[Any] | None:
    """Predicted less observed, for each row: their mean is the bias. None without probabilities, for ranks and texts.

    Two classes: probability of the positive class less 1 where it happened; more: probability of the answer less 1
    where it was right; numbers: prediction less outcome.
    """
    if p.task in ("ranking", "text-generation"):
        return None
    if p.classes is None:
        return np.asarray(p.labels - p.y, dtype=np.float64)
    if p.score is not None:
        return np.asarray(p.score - (p.y == p.positive), dtype=np.float64)
    confidence = p.extra.get("confidence")
    return None if confidence is None else np.asarray(confidence, dtype=np.float64) - (p.y == p.labels)


def tolerance(p: Predictions, given: float | None) -> float:
    """How large a bias may be: as given, else 0.05 or a quarter of the rarer share; of numbers, a tenth of their sd."""
    if given is not None:
        return given
    if p.classes is None:
        return OF_SPREAD * float(np.std(p.y))
    share = float(np.mean(p.y == (p.labels if p.positive is None else p.positive)))
    return min(TOLERANCE, OF_RARE * min(share, 1 - share))


def bias(p: Predictions, name: str, *, within: float, confidence: float) -> Verdict:
    """The mean deviation of a window: passed when both bounds are within, failed when both are beyond, else neither."""
    what = f"bias (predicted less observed), {name}"
    if not within > 0:
        message = f"{what} cannot be judged: the outcomes do not vary"
        return Verdict(outcome="inconclusive", message=message, measurements=(Measurement(name=what, value=None),))
    e = _bias(p, what, confidence)
    noted = (Measurement(name=what, value=e.value, min=-within, max=within, interval=(e.lower, e.upper), n=e.n,
                         note=e.method),)  # fmt: skip
    if e.value is None or e.lower is None or e.upper is None:
        return Verdict(outcome="inconclusive", message=f"{what} cannot be judged: {e.reason}", measurements=noted)
    seen = f"{what} is {e.value:.3g} ({e.lower:.3g} to {e.upper:.3g}, {e.n:,} rows); tolerance {within:.3g}"
    if -within <= e.lower and e.upper <= within:
        return Verdict(outcome="passed", message=seen, measurements=noted)
    if e.lower > within or e.upper < -within:
        step = "Next step: recalibrate, and look for a shift of the inputs or a change of what is served"
        return Verdict(outcome="failed", message=f"{seen}. {step}", measurements=noted)
    needed = thresholds.rows_needed(e, math.copysign(within, e.value)) if abs(e.value) < within else None
    advice = f". If it stays so, about {needed:,} rows would decide" if needed else ""
    return Verdict(outcome="inconclusive", message=seen + advice, measurements=noted)


def _bias(p: Predictions, name: str, confidence: float) -> Estimate:
    values = deviations(p)
    assert values is not None  # the check has asked
    n = len(values)
    mean = float(values.mean()) if n else math.nan
    plain = Estimate(name=name, value=mean if n else None, n=n, method="mean", confidence=confidence)
    if n < MIN_ROWS:
        return replace(plain, reason=f"only {n} rows, and a bootstrap bound needs {MIN_ROWS}")
    if not confidence:
        return replace(plain, lower=mean, upper=mean)
    found = bca(mean_of(values), n, confidence=confidence, sides=1, seed=seed_of(p.sha256, "bias"))
    if not math.isfinite(found.lower):
        return replace(plain, reason="no resample differs, so that no bound can be formed")
    return replace(plain, lower=found.lower, upper=found.upper, method=found.method)


def slices(  # noqa: PLR0913 - one knob each
    p: Predictions,
    partitions: Sequence[Partition],
    limits: Sequence[subgroups.Floor],
    *,
    within: float | None,
    design: Design,
    progress: subgroups.Progress | None = None,
) -> tuple[Finding, ...]:
    """Every slice against every limit and the tolerance of its bias, Holm-adjusted over all of them.

    Args:
        p: Labelled predictions of the window.
        partitions: From `groups.groups_of`, on the same rows.
        limits: From `subgroups.floors`.
        within: Tolerance of a slice's bias; None: there are no probabilities.
        design: Confidence, power and seed.
        progress: Told how far the work is.
    """
    found = list(subgroups.examine(p, partitions, limits, design=design, progress=progress))
    values = deviations(p)
    if within is not None and values is not None:
        groups = [g for part in partitions for g in part.groups]
        design = replace(design, tests=len(groups) * (len(limits) + 1))
        found += [_slice_bias(g.name, g.columns, values[g.rows], within, design) for g in groups]
    return adjust(found)


def _slice_bias(name: str, columns: tuple[str, ...], values: NDArray[Any], within: float, design: Design) -> Finding:
    """The bias of one slice against the side of the tolerance that is nearer, by the normal bounds of a mean.

    Large enough is a slice that would show twice the tolerance, or lies within it with all of its interval.
    """
    n, mean = len(values), float(values.mean())
    side = -1 if mean >= 0 else 1
    plain = Finding(
        group=name, columns=columns, metric="bias", n=n, rows=n, value=mean, lower=None, upper=None,
        limit=-side * within, side=side, p=None,
    )  # fmt: skip
    error = float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    if not design.confidence:
        return replace(plain, p=float(abs(mean) <= within), needed=1)
    if n < MIN_ROWS or error == 0:
        few = f"only {n} rows, and a bound needs {MIN_ROWS}"
        return replace(plain, reason=few if n < MIN_ROWS else "no row differs, so that no bound can be formed")
    needed = rows_at_error(n, error, within, design)
    inside = abs(mean) + design.z_adjusted * error <= within
    lower, upper, p = mean - design.z * error, mean + design.z * error, float(ndtr((within - abs(mean)) / error))
    return replace(plain, lower=lower, upper=upper, p=p, needed=min(needed, n) if inside else needed)


def wording(limits: Sequence[subgroups.Floor], within: float | None, *, drop: float) -> subgroup_verdicts.Wording:
    """Says which limits slices were held against."""
    found = subgroup_verdicts.floor_wording(limits, drop=drop)
    if within is None:
        return found
    shown = f"{found.drop}, or a bias of twice {within:.3g}"
    return replace(found, held=f"{found.held}; bias within {within:.3g}", drop=shown)
