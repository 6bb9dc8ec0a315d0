"""Finds the workloads in documents of Kubernetes: their pods, containers, labels and what they scale by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.manifests import kserve
from pytest_mlready.manifests.documents import Problem, at, entries, is_odd, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.documents import Document, Steps

Role = Literal["container", "init container", "sidecar"]
KNATIVE = "serving.knative.dev"
KSERVE = "serving.kserve.io"
_TEMPLATE: Steps = ("spec", "template")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Where a kind of Kubernetes has its pods.

    Attributes:
        groups: API groups of the kind.
        template: Steps to the pod template.
        serves: Whether its pods run until they are told to stop.
    """

    groups: tuple[str, ...]
    template: Steps = _TEMPLATE
    serves: bool = True


KINDS = {
    "Deployment": _Kind(groups=("apps", "extensions")),
    "StatefulSet": _Kind(groups=("apps",)),
    "DaemonSet": _Kind(groups=("apps", "extensions")),
    "ReplicaSet": _Kind(groups=("apps", "extensions")),
    "ReplicationController": _Kind(groups=("",)),
    "DeploymentConfig": _Kind(groups=("apps.openshift.io",)),
    "Rollout": _Kind(groups=("argoproj.io",)),
    "Pod": _Kind(groups=("",), template=()),
    "Service": _Kind(groups=(KNATIVE,)),
    "Job": _Kind(groups=("batch",), serves=False),
    "CronJob": _Kind(groups=("batch",), template=("spec", "jobTemplate", "spec", "template"), serves=False),
    "ScaledJob": _Kind(groups=("keda.sh",), template=("spec", "jobTargetRef", "template"), serves=False),
}
RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")  # they run nothing; an InferenceService takes its defaults there


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a pod, as written.

    Attributes:
        name: Its name.
        role: "sidecar" is an init container that goes on (restartPolicy: Always).
        steps: From the document to it.
        content: Its table.
    """

    name: str
    role: Role
    steps: Steps
    content: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f'{self.role} "{self.name}"'

    @property
    def runs_on(self) -> bool:
        """Whether it runs beside the others, and so counts where a pod's use is compared with its requests."""
        return self.role != "init container"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What runs pods.

    Attributes:
        document: Where it stands.
        component: "predictor", "transformer" or "explainer" of an InferenceService; otherwise empty.
        serves: Whether it runs until it is told to stop, and so may serve.
        labels: Of its pods, those included that its controller adds.
        annotations: Of its pods.
        pod: The pod's spec.
        steps: From the document to the pod's spec.
        containers: In their order, init containers first.
    """

    document: Document
    component: str = ""
    serves: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pod: Mapping[str, Any]
    steps: Steps
    containers: tuple[Container, ...]

    @property
    def kind(self) -> str:
        return self.document.kind

    @property
    def name(self) -> str:
        return self.document.name

    @property
    def title(self) -> str:
        return f"{self.document.title}{f' {self.component}' if self.component else ''}"

    @property
    def where(self) -> str:
        return f"{self.document.where}{f' {self.component}' if self.component else ''}"


def find(documents: Sequence[Document]) -> tuple[tuple[Workload, ...], tuple[Problem, ...]]:
    """The workloads of documents, and a problem for each that runs containers in a way not understood here."""
    workloads: list[Workload] = []
    problems: list[Problem] = []
    runtimes = {d.name: d for d in documents if d.kind in RUNTIMES and d.group == KSERVE}
    for document in documents:
        found = list(_of(document, runtimes))
        workloads += [w for w in found if w.containers]
        if any(map(_is_odd, found)) or (not found and _runs_something(document)):
            what = "no list of containers" if found else f"{document.kind} of {document.api_version} runs containers"
            fix = "mark a test of yours for the item, or give the Deployment that comes of it"
            problems.append(Problem(where=document.where, kind="not understood", message=what, fix=fix))
    return tuple(workloads), tuple(problems)


def _is_odd(workload: Workload) -> bool:
    """Whether a workload runs nothing, or lists something that is no container."""
    main = any(container.role == "container" for container in workload.containers)
    return not main or is_odd(workload.pod, "containers") or is_odd(workload.pod, "initContainers")


def _of(document: Document, runtimes: Mapping[str, Document]) -> Iterator[Workload]:
    if document.kind == "InferenceService" and document.group == KSERVE:
        yield from _inference_service(document, runtimes)
        return
    kind = KINDS.get(document.kind)
    if kind is None or document.group not in kind.groups or _refers(document):
        return
    metadata = table(document.content, *kind.template, "metadata")
    steps = (*kind.template, "spec")
    pod = table(document.content, *steps)
    yield Workload(
        document=document,
        serves=kind.serves,
        labels={**texts(table(metadata, "labels")), **_added_labels(document)},
        annotations=texts(table(metadata, "annotations")),
        pod=pod,
        steps=steps,
        containers=_containers(pod, steps),
    )


def _refers(document: Document) -> bool:
    """Whether a Rollout takes its pods from a workload that it names, which is judged itself."""
    return document.kind == "Rollout" and at(document.content, "spec", "workloadRef") is not None


def _added_labels(document: Document) -> dict[str, str]:
    """Labels that a controller gives its pods, as far as they do not change with each revision."""
    if document.kind == "Service":
        return {f"{KNATIVE}/service": document.name}
    return {"job-name": document.name, "batch.kubernetes.io/job-name": document.name} if document.kind == "Job" else {}


def _inference_service(document: Document, runtimes: Mapping[str, Document]) -> Iterator[Workload]:
    for component in kserve.COMPONENTS:
        content = table(document.content, "spec", component)
        if not content:
            continue
        steps: Steps = ("spec", component)
        model = kserve.model_of(content)
        served = {} if model is None else kserve.with_runtime(content[model], runtimes)
        own = () if model is None else (_container(served, (*steps, model), "container", kserve.CONTAINER),)
        yield Workload(
            document=document,
            component=component,
            serves=True,
            labels={
                **texts(table(document.content, "metadata", "labels")),
                **texts(table(content, "labels")),
                f"{KSERVE}/inferenceservice": document.name,
                "component": component,
            },
            annotations=texts(table(document.content, "metadata", "annotations")),
            pod=content,
            steps=steps,
            containers=(*_containers(content, steps), *own) if "workerSpec" not in content else (),
        )


def _containers(pod: Mapping[str, Any], steps: Steps) -> tuple[Container, ...]:
    init = [
        _container(content, (*steps, "initContainers", i), _init_role(content))
        for i, content in entries(pod, "initContainers")
    ]
    main = [_container(content, (*steps, "containers", i), "container") for i, content in entries(pod, "containers")]
    return (*init, *main)


def _init_role(content: Mapping[str, Any]) -> Role:
    return "sidecar" if content.get("restartPolicy") == "Always" else "init container"


def _container(content: Any, steps: Steps, role: Role, name: str = "") -> Container:
    content = content if isinstance(content, Mapping) else {}
    return Container(name=str(content.get("name") or name or steps[-1]), role=role, steps=steps, content=content)


def _runs_something(document: Document) -> bool:
    """Whether an object of a kind that is not known here seems to run containers."""
    return document.kind not in RUNTIMES and not _refers(document) and _lists_containers(document.content.get("spec"))


def _lists_containers(value: Any) -> bool:
    """Whether containers with images lie somewhere in a value."""
    if isinstance(value, Mapping):
        one = "image" in table(value, "container")
        return (
            one
            or any("image" in entry for _, entry in entries(value, "containers"))
            or any(map(_lists_containers, value.values()))
        )
    return isinstance(value, list) and any(map(_lists_containers, value))
