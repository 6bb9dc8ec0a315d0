"""Compares runs that pytest-benchmark saved: the newest with the one of another commit before it, on one machine."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from pytest_mlready.bounds import quantile_upper
from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality.regression import LIMIT
from pytest_mlready.values import Measurement, Outcome, Verdict

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 200_000_000
FEWEST = 10  # rounds of a benchmark
# What makes times of one machine differ from those of another; the version of Python to its second number.
SAME = ("node", "machine", "system", "python_implementation", "python_version", "cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One benchmark of one run: seconds.

    Attributes:
        rounds: How often it was timed.
        mean, stddev: Of one call.
        data: All of them, where the run was saved with --benchmark-save-data.
    """

    rounds: int
    mean: float
    stddev: float
    data: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One saved run.

    Attributes:
        name: Of its file.
        when: ISO 8601.
        commit: Of the code; "" where it is unknown.
        machine: What it ran on.
        timings: By full name of the benchmark.
    """

    name: str
    when: str
    commit: str
    machine: Mapping[str, str]
    timings: Mapping[str, Timing]


def read(path: Path) -> Run:
    """One saved run.

    Raises:
        DataError: It is too large, or not what pytest-benchmark writes.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} has more than {MAX_BYTES:,} bytes", fix="save it without --benchmark-save-data")
        document = json.loads(path.read_text(encoding="utf-8"))
        commit, machine = document["commit_info"], document["machine_info"]
        return Run(
            name=path.name,
            when=str(document["datetime"]),
            commit=f"{commit.get('id') or ''}{' and changes' if commit.get('dirty') else ''}",
            machine={key: _machine(machine, key) for key in SAME},
            timings={str(one["fullname"]): _timing(one["stats"]) for one in document["benchmarks"]},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as reason:
        told = f"{path} is no saved run of pytest-benchmark: {type(reason).__name__} {reason}"
        raise DataError(told, expected="a file that --benchmark-save or --benchmark-autosave wrote") from None


def pair(runs: Sequence[Run]) -> tuple[Run, Run]:
    """The newest run, and the newest one before it that is of another commit.

    Raises:
        Inconclusive: There are no two such runs, or they are of different machines.
    """
    ordered = sorted(runs, key=lambda run: run.when)
    if not ordered:
        raise Inconclusive("no saved run was found")
    newest = ordered[-1]
    earlier = [run for run in ordered[:-1] if run.commit and run.commit != newest.commit]
    if not newest.commit or not earlier:
        raise Inconclusive(
            f"{newest.name} is the only saved run of its commit and no other is there to compare with",
            fix="pytest --benchmark-autosave --benchmark-save-data at the previous release and now, on one machine",
        )
    alike = [run for run in earlier if run.machine == newest.machine]
    if not alike:
        other = earlier[-1]
        differ = [
            f"{k} {other.machine[k]} and {newest.machine[k]}" for k in SAME if other.machine[k] != newest.machine[k]
        ]
        raise Inconclusive(f"{other.name} and {newest.name} are of different machines: {'; '.join(differ)}")
    return newest, alike[-1]


def judge(newest: Run, previous: Run, *, limit: float = LIMIT, confidence: float = 0.95) -> list[Verdict]:
    """A verdict for each benchmark of the previous run: failed where it is confidently slower by more than the limit.

    The bounds are those of two independent samples: medians by order statistics where all times were saved, else means
    by the normal distribution of their logarithms. They say nothing about how the machine differed between the runs.
    """
    gone = sorted(set(previous.timings) - set(newest.timings))
    verdicts = [
        _judged(name, newest.timings[name], old, limit, confidence)
        for name, old in previous.timings.items()
        if name in newest.timings
    ]
    if gone or not verdicts:
        found = f"{newest.name} lacks {len(gone)} benchmarks of {previous.name}: {', '.join(gone[:3]) or 'it has none'}"
        verdicts.append(Verdict(outcome="inconclusive", message=found))
    return verdicts


def _judged(name: str, new: Timing, old: Timing, limit: float, confidence: float) -> Verdict:
    value, lower, upper = _ratio(new, old, confidence)
    finite = upper if math.isfinite(upper) else None
    n = min(new.rounds, old.rounds)
    seen = Measurement(
        name=f"{name}, times the previous run", value=value, max=1 + limit, interval=(lower, finite), n=n,
        note="medians" if new.data and old.data else "means",
    )  # fmt: skip
    told = (
        f"{name}: {value:.3g} times the previous run ({lower:.3g} to {upper:.3g}), up to {1 + limit:g} times is allowed"
    )
    outcome: Outcome = "passed" if upper <= 1 + limit else "failed" if lower > 1 + limit else "inconclusive"
    if n < FEWEST:
        outcome, told = "inconclusive", f"{told}; {n} rounds are too few, {FEWEST} are needed"
    return Verdict(outcome=outcome, message=told, measurements=(seen,))


def _ratio(new: Timing, old: Timing, confidence: float) -> tuple[float, float, float]:
    """How many times as slow, and one-sided bounds of that."""
    if new.data and old.data:
        return _of_medians(np.asarray(new.data), np.asarray(old.data), confidence)
    value = new.mean / old.mean
    if not confidence:
        return value, value, value
    error = math.hypot(*(t.stddev / t.mean / math.sqrt(max(t.rounds, 1)) for t in (new, old)))
    width = math.exp(float(ndtri(confidence)) * error)
    return value, value / width, value * width


def _of_medians(new: Any, old: Any, confidence: float) -> tuple[float, float, float]:
    value = float(np.median(new) / np.median(old))
    if not confidence:
        return value, value, value
    each = (1 + confidence) / 2  # both bounds hold together with `confidence` at least (Bonferroni)
    above = [quantile_upper(side, 0.5, confidence=each) for side in (new, old)]
    below = [-quantile_upper(-side, 0.5, confidence=each) for side in (new, old)]
    lower = max(below[0], 0.0) / above[1]
    return value, lower, above[0] / below[1] if below[1] > 0 else math.inf


def _timing(stats: Mapping[str, Any]) -> Timing:
    data = tuple(float(value) for value in stats.get("data") or ())
    found = Timing(rounds=int(stats["rounds"]), mean=float(stats["mean"]), stddev=float(stats["stddev"]), data=data)
    if not (found.mean > 0 and found.stddev >= 0 and all(value > 0 for value in data)):
        raise ValueError("a benchmark has times that are not above 0")
    return found


def _machine(machine: Mapping[str, Any], key: str) -> str:
    if key == "cpu":
        cpu = machine.get("cpu") or {}
        return f"{cpu.get('brand_raw') or machine.get('processor') or 'unknown'} × {cpu.get('count', '?')}"
    if key == "python_version":
        return ".".join(str(machine.get(key, "")).split(".")[:2])
    return str(machine.get(key, ""))
