"""Reads HorizontalPodAutoscalers, as Scalers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.manifests.documents import at, entries, is_odd, table
from pytest_mlready.manifests.scalers import Fault, Metric, Scaler, bound, integer, odd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.manifests.documents import Document, Steps

DEFAULT = 80  # per cent of the CPU request where no metric is named (Kubernetes API reference)
TYPES = ("Resource", "ContainerResource", "Pods", "Object", "External")


def find(documents: Sequence[Document]) -> tuple[Scaler, ...]:
    """The HorizontalPodAutoscalers among documents, of every version of the API."""
    return tuple(_hpa(d) for d in documents if d.kind == "HorizontalPodAutoscaler" and d.group == "autoscaling")


def _hpa(document: Document) -> Scaler:
    spec = table(document.content, "spec")
    target = table(spec, "scaleTargetRef")
    old = document.api_version.rpartition("/")[2]
    warnings = (
        [f"{document.where}: {document.api_version} is served no more; use autoscaling/v2"] if "beta" in old else []
    )
    faults = [odd("metrics")] if is_odd(spec, "metrics") else []
    if at(spec, "behavior", "scaleUp", "selectPolicy") == "Disabled":
        steps: Steps = ("spec", "behavior", "scaleUp", "selectPolicy")
        faults.append(Fault(steps=steps, found="scaleUp.selectPolicy is Disabled", expected="Max or Min"))
    return Scaler(
        document=document,
        target=(str(target.get("kind") or ""), str(target.get("name") or "")),
        minimum=bound("minReplicas", ("spec", "minReplicas"), integer(spec.get("minReplicas")), 1),
        maximum=bound("maxReplicas", ("spec", "maxReplicas"), integer(spec.get("maxReplicas")), None),
        metrics=tuple(_hpa_metrics(spec)),
        faults=tuple(faults),
        warnings=tuple(warnings),
    )


def _hpa_metrics(spec: Mapping[str, Any]) -> Iterator[Metric]:
    listed = list(entries(spec, "metrics"))
    old = spec.get("targetCPUUtilizationPercentage")  # autoscaling/v1
    if not listed:
        steps: Steps = ("spec", "targetCPUUtilizationPercentage")
        target = DEFAULT if old is None else old
        yield Metric(title="cpu utilisation", resource="cpu", utilization=True, target=target, steps=steps)
    for index, metric in listed:
        yield _hpa_metric(metric, ("spec", "metrics", index))


def _hpa_metric(metric: Mapping[str, Any], steps: Steps) -> Metric:
    kind = str(metric.get("type") or "")
    key = kind[:1].lower() + kind[1:]
    source = table(metric, key)
    if kind not in ("Resource", "ContainerResource"):
        name = at(source, "metric", "name") or source.get("metricName") or "without a name"
        known = "" if kind in TYPES else f'the type of a metric is "{kind}"{near(kind, TYPES)}'
        return Metric(title=f"{kind} metric {name}", steps=steps, mistake=known)
    target = at(source, "target", "averageUtilization")
    target = source.get("targetAverageUtilization") if target is None else target  # autoscaling/v2beta1
    utilization = at(source, "target", "type") == "Utilization" or target is not None
    container = str(source.get("container")) if kind == "ContainerResource" else None
    resource = str(source.get("name") or "")
    title = f"{resource} {'utilisation' if utilization else 'average value'}"
    average = any(v is not None for v in (at(source, "target", "averageValue"), source.get("targetAverageValue")))
    return Metric(
        title=title, resource=resource, utilization=utilization, target=target, container=container, steps=steps,
        mistake="" if utilization or average else f"the metric {resource} has no target",
    )  # fmt: skip
