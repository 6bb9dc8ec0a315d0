"""Reads how Knative services and KServe components scale themselves, as Scalers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.manifests import kserve
from pytest_mlready.manifests.documents import table, texts
from pytest_mlready.manifests.scalers import UNLIMITED, Fault, Metric, Scaler, bound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.manifests.documents import Steps
    from pytest_mlready.manifests.workloads import Workload

ANNOTATION = "autoscaling.knative.dev/"
_ANNOTATIONS: Steps = ("spec", "template", "metadata", "annotations")


def find(workloads: Sequence[Workload]) -> tuple[Scaler, ...]:
    """The scalers of workloads that bring their own."""
    found = []
    for workload in workloads:
        if workload.kind == "Service":
            found.append(_knative(workload))
        elif workload.component and workload.annotations.get(kserve.AUTOSCALER) not in ("none", "external"):
            found.append(_kserve(workload))
    return tuple(found)


def _knative(workload: Workload) -> Scaler:
    """Knative documentation, "Configuring scale bounds": least 0, largest 0 which is unlimited."""
    given = workload.annotations
    low, least = _annotation(given, "min-scale", "minScale")
    high, most = _annotation(given, "max-scale", "maxScale")
    outside = texts(table(workload.document.content, "metadata", "annotations"))
    faults = [
        Fault(
            steps=("metadata", "annotations", key),
            found=f"{key} stands at the service, where Knative does not read it",
            expected="the annotation under spec.template.metadata.annotations",
        )
        for key in outside
        if key.startswith(ANNOTATION) and "scale" in key.lower()
    ]
    return Scaler(
        document=workload.document,
        target=(workload.kind, workload.name),
        workload=workload,
        minimum=bound(low, (*_ANNOTATIONS, low), least, 0),
        maximum=bound(high, (*_ANNOTATIONS, high), most, UNLIMITED, zero=UNLIMITED),
        metrics=_knative_metrics(given),
        faults=tuple(faults),
        warnings=_no_upper(workload, most),
    )


def _annotation(given: Mapping[str, str], *spellings: str) -> tuple[str, str | None]:
    names = [ANNOTATION + spelling for spelling in spellings]
    return next(((name, given[name]) for name in names if name in given), (names[0], None))


def _knative_metrics(given: Mapping[str, str]) -> tuple[Metric, ...]:
    """The built-in autoscaler follows requests; the class "hpa" follows cpu or memory, in per cent of the request."""
    steps: Steps = (*_ANNOTATIONS, f"{ANNOTATION}metric")
    metric = given.get(f"{ANNOTATION}metric", "")
    if not given.get(f"{ANNOTATION}class", "").startswith("hpa."):
        return (Metric(title=metric or "concurrency", steps=steps),)
    metric = metric or "cpu"
    share = metric == "cpu"  # memory is in bytes there
    return (
        Metric(
            title=metric, resource=metric, utilization=share, target=given.get(f"{ANNOTATION}target", 80), steps=steps
        ),
    )


def _no_upper(workload: Workload, most: str | None) -> tuple[str, ...]:
    return (
        () if most and most != "0" else (f"{workload.where}: no largest scale; a flood of requests is a flood of pods",)
    )


def _kserve(workload: Workload) -> Scaler:
    """KServe documentation: least 1; without a largest, unlimited on Knative and no scaling in raw deployment mode."""
    pod, steps = workload.pod, workload.steps
    mode = workload.annotations.get(kserve.MODE)
    raw, most = mode in kserve.RAW, pod.get("maxReplicas")
    least = bound(f"{workload.component}.minReplicas", (*steps, "minReplicas"), pod.get("minReplicas"), 1)
    unlimited = UNLIMITED if not raw else least.value or 0
    scale_on = str(pod.get("scaleMetric") or ("cpu" if raw else "concurrency"))
    metric = Metric(
        title=f"{scale_on} utilisation" if scale_on in ("cpu", "memory") else scale_on,
        resource=scale_on if scale_on in ("cpu", "memory") else "",
        utilization=scale_on == "cpu" or (raw and scale_on == "memory"),
        target=pod.get("scaleTarget", 80),
        steps=(*steps, "scaleTarget" if "scaleTarget" in pod else "scaleMetric"),
    )
    unknown = f"{workload.component}.maxReplicas is not set: unlimited on Knative, no scaling in raw deployment mode"
    return Scaler(
        document=workload.document,
        target=(workload.kind, workload.name),
        workload=workload,
        minimum=least,
        maximum=bound(f"{workload.component}.maxReplicas", (*steps, "maxReplicas"), most, unlimited, zero=unlimited),
        metrics=(metric,),
        unknown=(unknown,) if not most and mode is None else (),
    )
