"""Judges latencies, load times and sizes against their limits."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.bounds import minimal_n, quantile_upper
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

QUANTILES: Mapping[str, float] = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """One percentile of measured latencies: name ("p99"), estimate and one-sided upper bound in seconds, sample size.

    The bound is infinite below the sample size that can bound it: 5 for p50, 59 for p95, 299 for p99.
    """

    name: str
    estimate: float
    upper: float
    n: int


def percentiles(seconds: ArrayLike, *, confidence: float = 0.95) -> list[Percentile]:
    """p50, p95 and p99 of the latencies, shape (n,), with distribution-free upper bounds (`bounds.quantile_upper`).

    Raises:
        ValueError: no latencies at all.
    """
    values = np.asarray(seconds, float).ravel()
    if not len(values):
        raise ValueError("no latencies were measured")
    return [
        Percentile(
            name=name,
            estimate=float(np.quantile(values, q, method="inverted_cdf")),
            upper=quantile_upper(values, q, confidence=confidence),
            n=len(values),
        )
        for name, q in QUANTILES.items()
    ]


def judge(seconds: ArrayLike, limits: Mapping[str, float | None], *, confidence: float = 0.95) -> list[Verdict]:
    """Judges each percentile that has a limit, in seconds ({"p50": 0.005, "p99": None}).

    Passed when the upper bound is at most the limit; failed when the percentile itself is above; inconclusive in
    between, below the sample size that can bound it, or where a latency is NaN.
    """
    found = {p.name: p for p in percentiles(seconds, confidence=confidence)}
    return [_judge(found[name], limit, confidence) for name, limit in limits.items() if limit is not None]


def measurement(percentile: Percentile, limit: float | None = None) -> Measurement:
    """The percentile as a measurement in seconds."""
    upper = percentile.upper if math.isfinite(percentile.upper) else None
    return Measurement(
        name=f"latency {percentile.name}", value=percentile.estimate, max=limit, interval=(None, upper),
        n=percentile.n, unit="s", note="upper bound by order statistics",
    )  # fmt: skip


def stationarity(seconds: ArrayLike) -> float:
    """p95 of the second half of the calls over that of the first, less one: how far latency moved during the run."""
    values = np.asarray(seconds, float).ravel()
    if len(values) < 2:
        return math.nan
    first, second = (float(np.quantile(half, 0.95)) for half in np.array_split(values, 2))
    return second / first - 1 if first > 0 else math.nan


def judge_size(size: int, limit: int) -> Verdict:
    """Judges an artifact's bytes: a file's size has no error."""
    found = Measurement(name="artifact size", value=size, max=limit, unit="bytes")
    verb = "is within" if size <= limit else "exceeds"
    message = f"the artifact's {human_size(size)} {verb} max_size = {human_size(limit)}"
    if size > limit:
        message += ". Next step: prune, compress or quantise the model, or agree on a larger limit"
    return Verdict(outcome="passed" if size <= limit else "failed", message=message, measurements=(found,))


def judge_largest(name: str, values: Sequence[float], limit: float, *, unit: str, setting: str) -> Verdict:
    """Judges the largest of several repeated measurements; the median is shown beside it.

    Passed only when all are within the limit; failed when the median exceeds it; otherwise inconclusive.
    """
    show = human_size if unit == "bytes" else human_time
    median, largest = statistics.median(values), max(values)
    note = f"limit by {setting}"  # the same values may be held against several
    measurements = (
        Measurement(name=f"{name}, median", value=median, max=limit, n=len(values), unit=unit, note=note),
        Measurement(name=f"{name}, largest", value=largest, max=limit, n=len(values), unit=unit, note=note),
    )
    told = f"{name}: median {show(median)}, largest {show(largest)} of {len(values)}, {setting} = {show(limit)}"
    if median > limit:
        return Verdict(outcome="failed", message=told, measurements=measurements)
    if largest <= limit:
        return Verdict(outcome="passed", message=told, measurements=measurements)
    message = f"{told}: some runs exceed it, most do not; repeat on a quiet machine, or set more `repeats`"
    return Verdict(outcome="inconclusive", message=message, measurements=measurements)


def one_call(call: Callable[[Any], Any], arguments: Sequence[Any]) -> float:
    """Seconds of one call: the least of three, since the first also pays for what is loaded late."""
    spent = []
    for argument in itertools.islice(itertools.cycle(arguments), 3):
        start = time.perf_counter()
        call(argument)
        spent.append(time.perf_counter() - start)
    return min(spent)


def affordable_calls(wanted: int, one_call: float, budget: float) -> int:
    """Calls that fit a time budget in seconds, at least 20 and at most `wanted`, for a call of that many seconds."""
    return max(min(20, wanted), min(wanted, int(budget / max(one_call, 1e-9))))


def human_time(seconds: float) -> str:
    """Such as "4.21 ms"."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def human_size(size: float) -> str:
    """Such as "20 MB", in powers of ten as the settings have it."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size:.0f} bytes"


def _judge(percentile: Percentile, limit: float, confidence: float) -> Verdict:
    n, needed = percentile.n, minimal_n(QUANTILES[percentile.name], confidence=confidence)
    found = (measurement(percentile, limit),)
    told = f"latency {percentile.name} {human_time(percentile.estimate)} over {n} calls"
    if percentile.estimate > limit:
        message = f"{told} exceeds {human_time(limit)}"
        return Verdict(outcome="failed", message=message, measurements=found)
    if not confidence:
        message = f"{told}, within {human_time(limit)} (point estimate alone: confidence = 0)"
        measured = (measurement(replace(percentile, upper=math.inf), limit),)
        return Verdict(
            outcome="passed" if percentile.estimate <= limit else "inconclusive", message=message, measurements=measured
        )
    if n < needed:
        message = f"{told}: at least {needed} calls are needed to bound it; raise model.latency.calls"
        return Verdict(outcome="inconclusive", message=message, measurements=found)
    if percentile.upper <= limit:
        message = f"{told}, upper bound {human_time(percentile.upper)}, within {human_time(limit)}"
        return Verdict(outcome="passed", message=message, measurements=found)
    message = (
        f"{told}, but its upper bound {human_time(percentile.upper)} is not within {human_time(limit)}; "
        "more calls on a quiet machine would decide"
    )
    return Verdict(outcome="inconclusive", message=message, measurements=found)
