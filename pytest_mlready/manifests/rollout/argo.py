"""Reads Argo Rollouts: the steps of a canary, its traffic router, and the analyses that can abort it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.manifests.documents import at, entries, shown, table
from pytest_mlready.manifests.rollout.ramp import Ramp, share
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.rollout.ramp import Around

TOOL = "Argo Rollouts"
TEMPLATES = ("AnalysisTemplate", "ClusterAnalysisTemplate")
WAITS = ("pause", "analysis", "experiment")
STEPS = (*WAITS, "setWeight", "setCanaryScale", "setHeaderRoute", "setMirrorRoute", "plugin")


def read(document: Document, around: Around) -> Ramp:
    """The ramp of one Rollout."""
    canary, names = table(document.content, "spec", "strategy", "canary"), _names(document)
    where = document.place("spec", "strategy")
    if not canary:
        blue_green = at(document.content, "spec", "strategy", "blueGreen") is not None
        fault = "blueGreen moves all traffic at once" if blue_green else "there is no canary strategy"
        return Ramp(tool=TOOL, where=where, names=names, steps=(), analysis="", faults=(fault,))
    faults: list[str] = []
    doubts = []
    if unknown := [key for _, step in entries(canary, "steps") for key in step if key not in STEPS]:
        doubts.append(_doubt(where, f"the step {shown(unknown[0])} is not understood{near(unknown[0], STEPS)}"))
    steps = tuple(_held(canary))
    notes: tuple[str, ...] = ()
    if not table(canary, "trafficRouting"):
        replicas = _replicas(document, around)
        steps = tuple(real for one in steps if (real := math.ceil(one * replicas - 1e-9) / replicas) < 1)
        notes = (f"without trafficRouting {replicas} replicas stand for the weights: a share is a number of these",)
    analyses = list(_analyses(canary))
    found = [_can_abort(name, around) for name in analyses]
    faults += [text for kind, text in found if kind == "cannot"]
    doubts += [_doubt(where, text) for kind, text in found if kind == "unknown"]
    if analyses and at(canary, "analysis", "dryRun", 0, "metricName") == ".*":
        faults.append("dryRun covers every metric, so that no analysis can abort")
    return Ramp(
        tool=TOOL, where=where, names=names, steps=steps, analysis=", ".join(analyses), faults=tuple(faults),
        doubts=tuple(doubts), notes=notes,
    )  # fmt: skip


def _names(document: Document) -> frozenset[str]:
    referred = at(document.content, "spec", "workloadRef", "name")
    return frozenset(str(name) for name in (document.name, referred) if name)


def _held(canary: Mapping[str, Any]) -> Iterator[float]:
    """Shares at which the rollout stays for a while: a weight that the next one replaces at once is none."""
    last: float | None = None
    for _, step in entries(canary, "steps"):
        if "setWeight" in step:
            last = share(step["setWeight"])
        elif last is not None and any(key in step for key in WAITS):
            if 0 < last < 1:
                yield last
            last = None


def _replicas(document: Document, around: Around) -> int:
    """The fewest that run: of its scaler, its workload or itself; Kubernetes runs one where none says."""
    for scaler in around.documents:
        if scaler.kind == "HorizontalPodAutoscaler":
            target = str(at(scaler.content, "spec", "scaleTargetRef", "name"))
            if target in _names(document):
                return _number(at(scaler.content, "spec", "minReplicas"))
    own = at(document.content, "spec", "replicas")
    workload = around.find(("Deployment",), str(at(document.content, "spec", "workloadRef", "name")))
    referred = at(workload.content, "spec", "replicas") if workload and own is None else None
    return _number(own if own is not None else referred)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 1


def _analyses(canary: Mapping[str, Any]) -> Iterator[str]:
    """Names of the templates that run beside the canary or as one of its steps."""
    places = [table(canary, "analysis"), *(table(step, "analysis") for _, step in entries(canary, "steps"))]
    for place in places:
        for _, template in entries(place, "templates"):
            if template.get("templateName"):
                yield str(template["templateName"])


def _can_abort(name: str, around: Around) -> tuple[str, str]:
    """("can" | "cannot" | "unknown", why)."""
    template = around.find(TEMPLATES, name)
    if template is None:
        return "unknown", f"the analysis {name} is not among the manifests{near(name, around.names(TEMPLATES))}"
    metrics = [metric for _, metric in entries(template.content, "spec", "metrics")]
    judged = [m for m in metrics if m.get("successCondition") or m.get("failureCondition")]
    if not judged and not at(template.content, "spec", "templates"):
        return "cannot", f"the analysis {name} has no metric with a condition, so that it never aborts"
    if judged and all(m.get("failureLimit") == -1 for m in judged):
        return "cannot", f"the analysis {name} tolerates any number of failures (failureLimit -1)"
    return "can", ""


def _doubt(where: str, text: str) -> Verdict:
    return Verdict(outcome="inconclusive", message=f"{where}: {text}")
