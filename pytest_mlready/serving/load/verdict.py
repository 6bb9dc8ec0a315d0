"""Judges a load run: was it honest, was the rate reached, are errors and latency within the objectives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready import bounds
from pytest_mlready.serving.load import records
from pytest_mlready.serving.load.results import LATE
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.serving.load.results import Load

QUANTILES: Mapping[str, float] = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
LATE_SHARE = 0.01  # of the sends that may be late
REACHED = 0.99  # share of the target rate that must be reached
DRIFT = 0.20  # by which p95 of the two halves may differ without a word
SHARES = (
    'run it on a quiet machine, or from others: workers and master in [tool.mlready.items."infrastructure.load_test"]'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """What is asked of a service.

    Attributes:
        rate: Requests a second that must be reached.
        errors: Share of requests that may fail.
        latency: Limits in seconds by percentile: {"p95": None, "p99": 0.25}.
    """

    rate: float
    errors: float
    latency: Mapping[str, float | None]

    @property
    def limits(self) -> dict[str, float]:
        return {name: limit for name, limit in self.latency.items() if limit is not None}


def requests_needed(objectives: Objectives, *, confidence: float) -> float:
    """Requests without a failure and independent of one another that would just show all objectives; may be infinite.

    Percentiles get four times what order statistics need at least, since latencies depend on one another.
    """
    if not confidence:
        return 1.0
    needed = [4.0 * bounds.minimal_n(QUANTILES[name], confidence=confidence) for name in objectives.limits]
    return max([bounds.rows_that_show(0.0, objectives.errors, confidence=confidence), *needed])


def judge(load: Load, objectives: Objectives, *, confidence: float = 0.95) -> list[Verdict]:
    """Judges a run.

    A generator that was late, or a run below the rate that the service did not cause, makes everything inconclusive.
    Otherwise the rate, the errors and each percentile are judged by themselves.
    """
    if doubt := _dishonest(load, objectives):
        return [doubt]
    verdicts = [_rate(load, objectives), _errors(load, objectives.errors, confidence)]
    return verdicts + [_percentile(load, name, limit, confidence) for name, limit in objectives.limits.items()]


def late_share(load: Load) -> float:
    """Share of the sends that were more than 10 ms late through the generator's own fault."""
    return float((load.late > LATE).mean()) if len(load) else 0.0


def halves(load: Load) -> tuple[float, float]:
    """p95 of the first and of the second half of the run, in seconds; NaN where a half has no request."""
    middle = load.seconds / 2
    first, second = (load.latency[part] for part in (load.at < middle, load.at >= middle))
    return _quantile(first, 0.95), _quantile(second, 0.95)


def drift(load: Load) -> str:
    """What is to be said when latency moved during the run by more than 20 %; "" when it did not."""
    first, second = halves(load)
    if not (first > 0 and math.isfinite(second)) or abs(second / first - 1) <= DRIFT:
        return ""
    why = "it queues up" if second > first else "the warm-up was too short"
    return f"p95 is {_time(first)} in the first half and {_time(second)} in the second: {why}, or something else ran"


def over_time(load: Load, parts: int = 30) -> dict[str, list[float]]:
    """The run in equal parts: middle in seconds, requests a second, p95 in seconds, failed share."""
    edges = np.linspace(0, load.seconds, parts + 1)
    place = np.clip(np.searchsorted(edges, load.at, side="right") - 1, 0, parts - 1)
    found: dict[str, list[float]] = {"at": [], "rate": [], "p95": [], "failed": []}
    for part in range(parts):
        inside = place == part
        if inside.any():
            found["at"].append(float(edges[part : part + 2].mean()))
            found["rate"].append(float(inside.sum()) * parts / load.seconds)
            found["p95"].append(_quantile(load.latency[inside], 0.95))
            found["failed"].append(float(load.failed[inside].mean()))
    return found


def kinds(load: Load) -> dict[str, int]:
    """How many requests ended badly, by how."""
    counted = np.bincount(load.endings, minlength=len(records.ENDINGS))
    return {name: int(n) for name, n in zip(records.ENDINGS[1:], counted[1:], strict=True) if n}


def _dishonest(load: Load, objectives: Objectives) -> Verdict | None:
    late = late_share(load)
    found = Measurement(
        name="sends late by more than 10 ms",
        value=late,
        max=LATE_SHARE,
        n=len(load),
        note=f"{load.tool}, {load.arrivals}",
    )
    total = len(load) + load.missing
    if not len(load) or load.missing > (1 - REACHED) * total:
        message = f"only {len(load):,} of {total:,} requests were told of: a part of the load generator was lost"
    elif late > LATE_SHARE and load.arrivals == "constant":
        message = (
            f"{late:.1%} of the sends lie more than 10 ms behind a constant rate: {load.tool} ran a closed loop or a "
            "ramp, or fell behind. Next step: a constant arrival rate, and warm_up for the ramp before it"
        )
    elif late > LATE_SHARE:
        message = f"the generator was late: {late:.1%} of its sends by more than 10 ms. Next step: {SHARES}"
    elif load.rate < REACHED * objectives.rate and not (load.waited > LATE).any():
        message = f"{load.tool} sent {load.rate:.4g} requests a second, and {objectives.rate:g} are asked for"
    else:
        return None
    return Verdict(outcome="inconclusive", message=message, measurements=(found,))


def _rate(load: Load, objectives: Objectives) -> Verdict:
    waited = int((load.waited > LATE).sum())
    measured = (
        Measurement(name="rate sent", value=load.rate, min=REACHED * objectives.rate, unit="1/s", n=len(load)),
        Measurement(name="sends late by more than 10 ms", value=late_share(load), max=LATE_SHARE, n=len(load)),
    )
    told = f"{load.rate:.4g} of {objectives.rate:g} requests a second were sent over {load.seconds:.3g} s"
    if load.rate >= REACHED * objectives.rate:
        return Verdict(outcome="passed", message=told, measurements=measured)
    message = f"{told}: {waited:,} found no free connection, since all of them waited for answers"
    return Verdict(outcome="failed", message=message, measurements=measured)


def _errors(load: Load, allowed: float, confidence: float) -> Verdict:
    n, failed = len(load), int(load.failed.sum())
    share, spread = failed / n, bounds.inflation(load.failed)
    upper = _share_upper(share, n / spread, confidence)
    found = Measurement(
        name="error rate", value=share, max=allowed, interval=(None, upper), n=n,
        note=f"Clopper–Pearson at {n / spread:.0f} independent requests" + ("" if failed else "; none failed"),
    )  # fmt: skip
    told = f"{failed:,} of {n:,} requests failed ({share:.3%})"
    if share > allowed:
        named = ", ".join(f"{count:,} × {name}" for name, count in kinds(load).items())
        said = "; ".join(load.examples.values())
        message = f"{told}, and {allowed:.3%} are allowed: {named}" + (f" ({said})" if said else "")
        return Verdict(outcome="failed", message=message, measurements=(found,))
    if upper <= allowed:
        return Verdict(outcome="passed", message=f"{told}, at most {upper:.3%}", measurements=(found,))
    message = f"{told}, but it may be up to {upper:.3%}, and {allowed:.3%} are allowed; " + _more(
        bounds.rows_that_show(share, allowed, confidence=confidence) * spread, load
    )
    return Verdict(outcome="inconclusive", message=message, measurements=(found,))


def _percentile(load: Load, name: str, limit: float, confidence: float) -> Verdict:
    n, q = len(load), QUANTILES[name]
    estimate = _quantile(load.latency, q)
    slow = load.latency > limit  # what decides; how calls depend on one another well within the limit does not
    spread = bounds.inflation(slow)
    upper = estimate
    if confidence:
        upper = bounds.quantile_upper(load.latency, q, confidence=confidence, effective_n=n / spread)
    found = Measurement(
        name=f"latency {name}", value=estimate, max=limit, n=n, unit="s",
        interval=(None, upper if math.isfinite(upper) else None),
        note=f"from the intended start; order statistics at {n / spread:.0f} independent requests",
    )  # fmt: skip
    told = f"latency {name} {_time(estimate)} over {n:,} requests"
    if not estimate <= limit:
        message = f"{told} exceeds {_time(limit)}" + (f"; {moved}" if (moved := drift(load)) else "")
        return Verdict(outcome="failed", message=message, measurements=(found,))
    if upper <= limit:
        message = f"{told}, at most {_time(upper)}, within {_time(limit)}"
        return Verdict(outcome="passed", message=message, measurements=(found,))
    most = (
        f"it may be up to {_time(upper)}, and the limit is {_time(limit)}"
        if math.isfinite(upper)
        else (f"{n / spread:.0f} independent requests cannot bound it")
    )
    needed = bounds.rows_that_show(float(slow.mean()), 1 - q, confidence=confidence) * spread
    return Verdict(outcome="inconclusive", message=f"{told}, but {most}; {_more(needed, load)}", measurements=(found,))


def _share_upper(share: float, n: float, confidence: float) -> float:
    if not confidence:
        return share
    return float(bounds.clopper_pearson(share * n, n, confidence=confidence, sides=1)[1])


def _more(requests: float, load: Load) -> str:
    if not math.isfinite(requests) or not load.rate:
        return "more requests would not decide it unless fewer of them fail or are slow"
    seconds = math.ceil(requests / load.rate)
    return f'{math.ceil(requests):,} requests like these would decide: seconds = "{seconds} s"'


def _quantile(values: Any, q: float) -> float:
    return float(np.quantile(values, q, method="inverted_cdf")) if len(values) else math.nan


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
