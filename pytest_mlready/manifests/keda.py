"""Reads KEDA's ScaledObjects, as Scalers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests.documents import entries, is_odd, table, texts
from pytest_mlready.manifests.scalers import Fault, Metric, Scaler, bound, integer, odd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.manifests.documents import Document, Steps

MINIMUM, MAXIMUM = 0, 100  # KEDA documentation, ScaledObject specification


def find(documents: Sequence[Document]) -> tuple[Scaler, ...]:
    """The ScaledObjects among documents."""
    return tuple(_keda(d) for d in documents if d.kind == "ScaledObject" and d.group == "keda.sh")


def _keda(document: Document) -> Scaler:
    spec = table(document.content, "spec")
    target = table(spec, "scaleTargetRef")
    idle = spec.get("idleReplicaCount")
    key, raw = ("minReplicaCount", spec.get("minReplicaCount")) if idle is None else ("idleReplicaCount", idle)
    triggers = list(entries(spec, "triggers"))
    return Scaler(
        document=document,
        target=(str(target.get("kind") or "Deployment"), str(target.get("name") or "")),
        minimum=bound(key, ("spec", key), integer(raw), MINIMUM),
        maximum=bound("maxReplicaCount", ("spec", "maxReplicaCount"), integer(spec.get("maxReplicaCount")), MAXIMUM),
        metrics=tuple(_trigger(trigger, index) for index, trigger in triggers),
        faults=tuple(_keda_faults(document, [str(t.get("type")) for _, t in triggers])),
    )


def _trigger(trigger: Mapping[str, Any], index: int) -> Metric:
    """One trigger; `cpu` and `memory` follow a share of the request unless they say AverageValue."""
    kind = str(trigger.get("type") or "")
    metadata = table(trigger, "metadata")
    steps: Steps = ("spec", "triggers", index)
    if kind not in ("cpu", "memory"):
        return Metric(title=f"trigger {kind}", steps=steps, mistake="" if kind else "a trigger has no type")
    share = str(trigger.get("metricType") or metadata.get("type") or "Utilization") == "Utilization"
    container = metadata.get("containerName")
    return Metric(
        title=f"{kind} {'utilisation' if share else 'average value'}", resource=kind, utilization=share,
        target=metadata.get("value"), container=None if container is None else str(container), steps=steps,
    )  # fmt: skip


def _keda_faults(document: Document, triggers: Sequence[str]) -> Iterator[Fault]:
    if is_odd(document.content, "spec", "triggers"):
        yield odd("triggers")
    elif not triggers:
        yield Fault(steps=("spec",), found="no triggers", expected="at least one trigger that follows the load")
    elif set(triggers) <= {"cron"}:
        steps: Steps = ("spec", "triggers")
        yield Fault(
            steps=steps, found="the only triggers are cron, which knows no load", expected="one that follows it"
        )
    for key, value in texts(table(document.content, "metadata", "annotations")).items():
        if key.startswith("autoscaling.keda.sh/paused") and value.lower() != "false":
            steps = ("metadata", "annotations", key)
            yield Fault(steps=steps, found=f"{key} is {value}: scaling is paused", expected="no such annotation")
