"""Judges trainings of the same rows and seed: how reproducible they are, and whether they read the rows at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.quality import paired
from pytest_mlready.quality.metrics import measure
from pytest_mlready.quality.training import agreement
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.quality.training.agreement import Agreement
    from pytest_mlready.values import Predictions

BYTES, ANSWERS, METRICS, NONE = "equal artifacts", "equal predictions", "equal metrics", "none"  # strongest first
NAME = "grade of reproducibility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts as the same.

    Attributes:
        tolerance: Of predictions.
        metrics: By name; at least one.
        margins: By metric: how much worse than production is accepted; None for the default of `paired`.
    """

    tolerance: float
    metrics: Mapping[str, Metric]
    margins: Mapping[str, float | None]

    def spreads(self, runs: Sequence[Predictions]) -> tuple[Spread, ...]:
        """Of each metric over runs."""
        return tuple(spread(metric, runs, self.margins.get(name)) for name, metric in self.metrics.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far a metric lies apart over several models.

    Attributes:
        metric: Its name.
        size: Largest less smallest value; a share of the first where `relative`.
        limit: Half the margin against production: noise beyond it could hide the loss that the margin forbids.
        relative: As `paired.is_relative`.
        reason: Why the metric cannot be computed; empty when it can.
    """

    metric: str
    size: float
    limit: float
    relative: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """In which sense several trainings gave the same model.

    Attributes:
        grade: `BYTES`, `ANSWERS`, `METRICS`, or "none".
        runs: Trainings compared.
        apart: How far the predictions agree, for the pair that agrees least.
        spreads: Of the metrics; none where a stronger grade holds.
    """

    grade: str
    runs: int
    apart: Agreement
    spreads: tuple[Spread, ...] = ()


def reproduced(runs: Sequence[Predictions], limits: Limits, *, same_bytes: bool) -> Reproduction:
    """The strongest sense in which all runs gave the same model.

    Args:
        runs: Predictions of each run's model on the held-out rows; at least two.
        limits: What counts as the same; metrics are held against half their margin where predictions differ.
        same_bytes: All artifacts are equal byte for byte.
    """
    apart = max((agreement.compare(runs[0], run, tolerance=limits.tolerance) for run in runs[1:]), key=_badness)
    if same_bytes or apart.holds:
        return Reproduction(grade=BYTES if same_bytes else ANSWERS, runs=len(runs), apart=apart)
    spreads = limits.spreads(runs)
    equal = bool(spreads) and all(s.size <= s.limit for s in spreads)  # NaN is not
    return Reproduction(grade=METRICS if equal else NONE, runs=len(runs), apart=apart, spreads=spreads)


def judge(found: Reproduction, *, differences: str) -> Verdict:
    """Passed in any sense that holds, with its grade; failed in none; inconclusive where a metric cannot be computed.

    Args:
        found: From `reproduced`.
        differences: What differs in the artifacts, in words; empty where nothing was found.
    """
    what = f"what differs: {differences}" if differences else ""
    told = "" if found.grade == BYTES else "; ".join(filter(None, [found.apart.told(), what]))
    measured = (
        Measurement(name=NAME, value=found.grade, n=found.apart.rows, note=f"{found.runs} runs. {told}".strip()),
        *(_measured(s, found.runs) for s in found.spreads),
    )
    if found.grade != NONE:
        return Verdict(outcome="passed", message="", measurements=measured)
    if unknown := [s for s in found.spreads if s.reason]:
        why = f"{unknown[0].metric} cannot be computed: {unknown[0].reason}"
        return Verdict(outcome="inconclusive", message=f"Trainings differ, {told}; {why}.", measurements=measured)
    wide = [f"{s.metric} by {s.size:.3g} (half the margin is {s.limit:.3g})" for s in found.spreads if s.size > s.limit]
    message = (
        f"Trainings with the same seed and rows give different models: {told}; over {found.runs} runs "
        f"{', '.join(wide)}. Next step: seed every generator, and pass the seed down."
    )
    return Verdict(outcome="failed", message=message, measurements=measured)


def spread(metric: Metric, runs: Sequence[Predictions], margin: float | None) -> Spread:
    """How far a metric lies apart over runs."""
    margin, relative = paired.default_margin(metric) if margin is None else margin, paired.is_relative(metric)
    estimates = [measure(metric, p, confidence=0) for p in runs]
    if reason := next((e.reason or "no value" for e in estimates if e.value is None), ""):
        return Spread(metric=metric.name, size=math.nan, limit=margin / 2, relative=relative, reason=reason)
    values = [e.value for e in estimates if e.value is not None]
    size = max(values) - min(values)
    if relative and size:
        size = size / abs(values[0]) if values[0] else math.inf
    return Spread(metric=metric.name, size=size, limit=margin / 2, relative=relative)


def judge_control(run: Predictions, control: Predictions, limits: Limits, *, kind: str, reproduced: str) -> Verdict:
    """Whether a training on spoilt rows gave another model, as it must where training reads its rows.

    Args:
        run: Predictions after training on the rows.
        control: Predictions after training on spoilt ones.
        limits: What counts as the same.
        kind: What was spoilt, see `control.spoilt`.
        reproduced: In which sense the trainings were found equal: what cannot tell the control from a repetition
            proves nothing, so that equal metrics are asked for another metric.
    """
    apart = agreement.compare(run, control, tolerance=limits.tolerance)
    how = "shuffled labels" if kind == "labels" else "half of the rows"
    note = Measurement(name=f"training on {how} differs", value=not apart.holds, n=len(run), note=apart.told())
    if apart.holds:
        message = (
            f"A training on {how} gives the same predictions as one on the real rows (within {limits.tolerance:g}): "
            "the artifact does not come from the rows that training was given, or the model answers the same to "
            "everybody. Equal artifacts prove nothing then. Next step: let train read `rows`, and write what it fitted."
        )
        return Verdict(outcome="failed", message=message, measurements=(note,))
    if reproduced == METRICS and all(s.size <= s.limit for s in limits.spreads((run, control)) if not s.reason):
        message = (
            f"A training on {how} differs from one on the real rows by no more than two trainings on the real rows do: "
            "every metric stays within half its margin, so that equal metrics prove nothing."
        )
        return Verdict(outcome="failed", message=message, measurements=(note,))
    return Verdict(outcome="passed", message="", measurements=(note,))


def judge_candidate(apart: Agreement, *, same_bytes: bool, differences: str, required: bool) -> Verdict:
    """Whether the training gives the candidate again; recorded, and failed only where it is required.

    Args:
        apart: How far a new training's predictions agree with the candidate's.
        same_bytes: Both artifacts are equal byte for byte.
        differences: What differs between the artifacts, where something was found.
        required: The settings ask for it.
    """
    how = "byte for byte" if same_bytes else "in its predictions" if apart.holds else "no"
    told = "" if same_bytes else "; ".join(filter(None, [apart.told(), differences]))
    measured = Measurement(name="equals the candidate", value=how, n=apart.rows, note=told)
    if how != "no" or not required:
        return Verdict(outcome="passed", message="", measurements=(measured,))
    message = (
        f"Training again does not give the candidate: {told}. Next step: train it with the data, the seed and the "
        "versions that its record names, or ship the model that this training gives."
    )
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def _measured(s: Spread, runs: int) -> Measurement:
    note = s.reason or f"over {runs} runs{', relative' if s.relative else ''}"
    return Measurement(name=f"spread of {s.metric}", value=None if s.reason else s.size, max=s.limit, note=note)


def _badness(a: Agreement) -> tuple[bool, int, float]:
    return bool(a.reason), a.differing, a.largest or 0.0
