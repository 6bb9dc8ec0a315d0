"""Reads Flagger's Canary objects: weights, provider, and the metrics that can abort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.manifests.documents import at, entries, table
from pytest_mlready.manifests.rollout.ramp import Ramp, share
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.rollout.ramp import Around

TOOL = "Flagger"
TEMPLATES = ("MetricTemplate",)


def read(document: Document, around: Around) -> Ramp:
    """The ramp of one Canary."""
    spec = table(document.content, "spec")
    analysis = table(spec, "analysis") or table(spec, "canaryAnalysis")
    where = document.place("spec", "analysis")
    names = frozenset(str(n) for n in (document.name, at(spec, "targetRef", "name")) if n)
    faults = list(_faults(spec, analysis))
    watching, doubts = [], []
    for _, metric in entries(analysis, "metrics"):
        name, kind, text = _metric(metric, around)
        if kind == "cannot":
            faults.append(text)
            continue
        watching.append(name)
        if kind == "unknown":
            doubts.append(Verdict(outcome="inconclusive", message=f"{where}: {text}"))
    watching += [str(hook.get("name", "webhook")) for _, hook in entries(analysis, "webhooks") if _aborts(hook)]
    return Ramp(
        tool=TOOL, where=where, names=names, steps=tuple(_steps(analysis)), analysis=", ".join(watching),
        faults=tuple(faults), doubts=tuple(doubts),
    )  # fmt: skip


def _steps(analysis: Mapping[str, Any]) -> Iterator[float]:
    """StepWeights as they are; else stepWeight and its multiples up to maxWeight."""
    listed = analysis.get("stepWeights")
    if isinstance(listed, list):
        yield from (found for weight in listed if (found := share(weight)) is not None and 0 < found < 1)
        return
    step, most = share(analysis.get("stepWeight")), share(analysis.get("maxWeight", 100))
    if not step or not most:
        return
    count = max(1, int(most / step + 1e-9))
    yield from (found for n in range(1, count + 1) if (found := min(n * step, most)) < 1 - 1e-9)


def _faults(spec: Mapping[str, Any], analysis: Mapping[str, Any]) -> Iterator[str]:
    if spec.get("skipAnalysis") is True:
        yield "skipAnalysis: true sends everybody to the new version at once"
    if spec.get("provider") == "kubernetes":
        yield "the provider kubernetes routes no weights: all traffic moves at once"
    if analysis.get("match") and "stepWeight" not in analysis and "stepWeights" not in analysis:
        yield "match without weights is an A/B test by header: which share it has is not said"
    elif "iterations" in analysis and "stepWeight" not in analysis and "stepWeights" not in analysis:
        yield "iterations without weights is blue/green: all traffic moves at once"


def _metric(metric: Mapping[str, Any], around: Around) -> tuple[str, str, str]:
    """(name, "can" | "cannot" | "unknown", why) of a metric that is to abort."""
    name = str(metric.get("name", "metric"))
    limits = table(metric, "thresholdRange")
    if limits.get("min") is None and limits.get("max") is None and metric.get("threshold") is None:
        return name, "cannot", f'the metric "{name}" has no thresholdRange, so that it never aborts'
    template = at(metric, "templateRef", "name")
    if template is not None and around.find(TEMPLATES, str(template)) is None:
        hint = near(str(template), around.names(TEMPLATES))
        return name, "unknown", f'the MetricTemplate {template} of "{name}" is not among the manifests{hint}'
    return name, "can", ""


def _aborts(hook: Mapping[str, Any]) -> bool:
    """Webhooks that run during the rollout, and those that decide about traffic, stop it when they fail."""
    return hook.get("type") in (None, "rollout", "confirm-traffic-increase")
