"""Builds manifests in the shapes that people write, and reads them as the checks do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import yaml

from pytest_mlready.manifests import deployed, reading

if TYPE_CHECKING:
    from pathlib import Path

RESOURCES = {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}


def container(name: str = "income", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": f"{name}:2.0.0", "resources": RESOURCES, **more}


def metadata(name: str, namespace: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, **({"namespace": namespace} if namespace else {}), **more}


def pods(labels: dict[str, Any], *containers: dict[str, Any], annotations: Any = None, **spec: Any) -> dict[str, Any]:
    head = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    return {"metadata": head, "spec": {"containers": list(containers) or [container()], **spec}}


def deployment(
    *containers: dict[str, Any], name: str = "income", namespace: str | None = None, kind: str = "Deployment",
    labels: dict[str, Any] | None = None, api: str = "apps/v1", **spec: Any,
) -> dict[str, Any]:  # fmt: skip
    labels = labels or {"app": name}
    return {
        "apiVersion": api, "kind": kind, "metadata": metadata(name, namespace),
        "spec": {"selector": {"matchLabels": labels}, "template": pods(labels, *containers, **spec)},
    }  # fmt: skip


def hpa(
    *metrics: dict[str, Any], target: str = "income", kind: str = "Deployment", namespace: str | None = None,
    least: Any = 2, most: Any = 8, **spec: Any,
) -> dict[str, Any]:  # fmt: skip
    bounds = {k: v for k, v in (("minReplicas", least), ("maxReplicas", most)) if v is not None}
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(target or "scaler", namespace),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target}, **bounds,
            "metrics": list(metrics) or [utilization()], **spec,
        },
    }  # fmt: skip


def utilization(resource: str = "cpu", percent: Any = 70) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def policy(
    name: str = "income", *, selector: Any = None, namespace: str | None = None, types: Any = None, **rules: Any
) -> dict[str, Any]:  # fmt: skip
    spec = {"podSelector": {"matchLabels": {"app": "income"}} if selector is None else selector, **rules}
    if types is not None:
        spec["policyTypes"] = types
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": metadata(name, namespace), "spec": spec,
    }  # fmt: skip


DENY = policy("deny", selector={}, types=["Ingress", "Egress"])
CALLERS = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8000}]}
ALLOW = policy("allow", types=["Ingress"], ingress=[CALLERS])


def inference_service(annotations: Any = None, **predictor: Any) -> dict[str, Any]:
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/income", "resources": RESOURCES}
    head = metadata("income", **({"annotations": annotations} if annotations else {}))
    return {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": head,
        "spec": {"predictor": {"model": model, **predictor}},
    }  # fmt: skip


def knative(annotations: dict[str, Any] | None = None, outside: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": metadata("income", **({"annotations": outside} if outside else {})),
        "spec": {"template": pods({"app": "income"}, annotations=annotations)},
    }  # fmt: skip


def scaled_object(*triggers: dict[str, Any], annotations: Any = None, **spec: Any) -> dict[str, Any]:
    spec = {"minReplicaCount": 2, "maxReplicaCount": 8, **spec}
    return {
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
        "metadata": metadata("income", **({"annotations": annotations} if annotations else {})),
        "spec": {
            "scaleTargetRef": {"name": "income"}, **{k: v for k, v in spec.items() if v is not None},
            "triggers": list(triggers),
        },
    }  # fmt: skip


QUEUE = {"type": "rabbitmq", "metadata": {"queueName": "requests", "value": "20"}}


def compose(*services: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A compose file; each service is a table with its `name`."""
    named = {s["name"]: {k: v for k, v in s.items() if k != "name"} for s in services}
    return {"services": named, **more}


def service(name: str = "income", **more: Any) -> dict[str, Any]:
    limits = {"cpus": "1.0", "memory": "1g"}
    own = {"deploy": {"resources": {"limits": limits, "reservations": {"memory": "512m"}}}}
    return {"name": name, "image": f"{name}:2.0.0", **own, **more}


def text(*documents: Any) -> str:
    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    return yaml.dump_all(documents, Dumper=Plain, sort_keys=False)


def write(folder: Path, content: Any, name: str = "app.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else text(*content), encoding="utf-8")
    return path


def read(folder: Path, *documents: Any, name: str = "app.yaml") -> deployed.Deployed:
    """What is deployed by these documents, written into one file."""
    return deployed.read([write(folder, documents, name)], root=folder)


def manifests(folder: Path, content: Any, name: str = "app.yaml") -> Any:
    """What reading makes of one file."""
    return reading.read([write(folder, content, name)], root=folder)


def project(folder: Path, item: Any, *, workload: str | None = None, named: bool = True, **options: Any) -> Any:
    """As much of a project as a check asks for."""
    unknown = options.keys() - {o.name for o in item.options}
    assert not unknown, f"no options of {item.id}: {unknown}"
    deploy = SimpleNamespace(workload=workload, manifests=("app.yaml",) if named else ())
    return SimpleNamespace(
        root=folder,
        settings=SimpleNamespace(deploy=deploy),
        options=lambda _: {**{o.name: o.default for o in item.options}, **options},
        path=lambda name: folder / name,
    )


def outcomes(judgement: Any) -> list[str]:
    return [verdict.outcome for verdict in judgement.verdicts]


def messages(judgement: Any) -> str:
    return "\n".join(verdict.message for verdict in judgement.verdicts)
