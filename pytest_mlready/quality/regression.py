"""Compares what two models cost, measured in pairs one after another, and judges whether the new one costs more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytest_mlready.bounds import minimal_n, quantile_upper
from pytest_mlready.errors import DataError, near
from pytest_mlready.values import Measurement, Outcome, Verdict

FIGURES = ("latency p50", "latency p95", "throughput", "memory", "training time")
LIMIT = 0.10  # a convention of this catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """One figure of both models, measured in pairs; less is better.

    Attributes:
        figure: One of `FIGURES`; throughput as the time that many rows take together.
        candidate, previous: One value for each pair, shape (n,).
        unit: "s" or "bytes".
    """

    figure: str
    candidate: Sequence[float]
    previous: Sequence[float]
    unit: str = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times what the previous model costs the candidate costs.

    Attributes:
        figure: As measured.
        value: Median of the pairs' ratios.
        lower, upper: One-sided bounds of that median by order statistics; infinite where pairs are too few.
        n: Pairs.
        candidate, previous: Medians.
        unit: Of both.
    """

    figure: str
    value: float
    lower: float
    upper: float
    n: int
    candidate: float
    previous: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An increase that the team decided to pay, for one release.

    Attributes:
        figure: One of `FIGURES`.
        ratio: Up to how many times the previous cost.
        version: Release for which it holds; the next one is compared with this one afresh.
        reason: Why.
    """

    figure: str
    ratio: float
    version: str
    reason: str


def ratio(costs: Costs, *, confidence: float = 0.95) -> Ratio:
    """The median of the pairs' ratios with distribution-free bounds.

    What slows a machine down for a while slows both of a pair, and drops out of their ratio; a pair that was disturbed
    is one rank, however long the disturbance.

    Args:
        costs: n pairs.
        confidence: Of each bound by itself; 0 gives the point estimate alone.

    Raises:
        DataError: No pairs, or a value that is not above 0.
    """
    ours, theirs = (np.asarray(side, float) for side in (costs.candidate, costs.previous))
    if not len(ours) or len(ours) != len(theirs) or not (np.r_[ours, theirs] > 0).all():
        raise DataError(f"{costs.figure} was not measured for both models", expected="pairs of values above 0")
    logs = np.log(ours / theirs)
    value = float(np.median(logs))
    upper = quantile_upper(logs, 0.5, confidence=confidence) if confidence else value
    lower = -quantile_upper(-logs, 0.5, confidence=confidence) if confidence else value
    return Ratio(
        figure=costs.figure, value=math.exp(value), lower=math.exp(lower),
        upper=math.exp(upper) if math.isfinite(upper) else math.inf,
        n=len(logs), candidate=float(np.median(ours)), previous=float(np.median(theirs)), unit=costs.unit,
    )  # fmt: skip


def judge(found: Ratio, *, limit: float = LIMIT, accepted: Accepted | None = None, confidence: float = 0.95) -> Verdict:
    """Passed when the upper bound is within the limit, failed when the lower bound is beyond it, else inconclusive.

    Args:
        found: The ratio.
        limit: Greatest accepted increase, as a share: 0.1 for a tenth more.
        accepted: A greater increase that the team decided to pay.
        confidence: As for `ratio`; for the pairs that are needed.
    """
    most = 1 + limit if accepted is None else max(1 + limit, accepted.ratio)
    told = f"{found.figure}: {_times(found)} of the previous ({_bounds(found)}, {found.n} pairs), up to {most:g} times"
    told += f" is accepted for {accepted.version}: {accepted.reason}" if accepted else " is accepted"
    outcome: Outcome = "inconclusive"
    if found.upper <= most:
        outcome = "passed"
    elif found.lower > most:
        outcome = "failed"
        told += ". Next step: profile before the budget is raised; `accepted` takes a deliberate increase with a reason"
    elif confidence and found.n < (needed := minimal_n(0.5, confidence=confidence)):
        told += f". At least {needed} pairs are needed"
    else:
        told += ". Repeat on a quiet machine, or measure more rounds"
    return Verdict(outcome=outcome, message=told, measurements=_measurements(found, most))


def accepted(tables: Sequence[Mapping[str, Any]], version: str | None) -> dict[str, Accepted]:
    """What the settings accept for this version, by figure; what they accept for others does not hold.

    Raises:
        DataError: An entry lacks something, or names no figure.
    """
    found = [_accepted(table) for table in tables]
    return {one.figure: one for one in found if one.version == version}


def _accepted(table: Mapping[str, Any]) -> Accepted:
    expected = '{ figure = "latency p50", ratio = 2.0, version = "2.0.0", reason = "…" }'
    lacking = [key for key in ("figure", "ratio", "version", "reason") if not table.get(key)]
    if lacking:
        raise DataError(f"an entry of `accepted` has no {lacking[0]}", expected=expected)
    if table["figure"] not in FIGURES:
        raise DataError(
            f'`accepted` names the figure "{table["figure"]}"{near(table["figure"], FIGURES)}',
            expected=", ".join(FIGURES),
        )
    try:
        ratio = float(table["ratio"])
    except (TypeError, ValueError):
        raise DataError(f"`accepted` has the ratio {table['ratio']!r}", expected=expected) from None
    return Accepted(
        figure=table["figure"],
        ratio=ratio,
        version=str(table["version"]),
        reason=" ".join(str(table["reason"]).split()),
    )


def _measurements(found: Ratio, most: float) -> tuple[Measurement, ...]:
    upper = found.upper if math.isfinite(found.upper) else None
    lower = found.lower if found.lower > 0 else None
    note = "median of paired ratios, bounds by order statistics"
    return (
        Measurement(
            name=f"{found.figure}, times the previous", value=found.value, max=most, interval=(lower, upper), n=found.n,
            note=note,
        ),
        Measurement(name=f"{found.figure}, candidate", value=found.candidate, unit=found.unit, n=found.n),
        Measurement(name=f"{found.figure}, previous", value=found.previous, unit=found.unit, n=found.n),
    )  # fmt: skip


def _times(found: Ratio) -> str:
    return f"{found.value:.3g} times the {'memory' if found.unit == 'bytes' else 'time'}"


def _bounds(found: Ratio) -> str:
    upper = f"{found.upper:.3g}" if math.isfinite(found.upper) else "no upper bound"
    return f"{found.lower:.3g} to {upper}"
