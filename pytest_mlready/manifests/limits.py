"""Judges whether every container declares the memory, CPU and GPU that it needs and may take."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_mlready.manifests import quantities, resources
from pytest_mlready.manifests.documents import Judgement, Problem, entries, failed, shown, table
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.resources import Declared, Resources, Side
    from pytest_mlready.manifests.workloads import Container, Workload

NEEDED: tuple[tuple[Side, str, str], ...] = (
    ("limits", "memory", "512Mi"), ("requests", "memory", "512Mi"), ("requests", "cpu", "500m"),
)  # fmt: skip
LEAST_MEMORY = Decimal(
    6 * 2**20
)  # Docker's own least memory limit; less is a unit that was mistaken ("512m": half a byte)
# Extended resources of device plugins, by the vendors' documentation: cards, slices of cards, other accelerators.
GPU = re.compile(
    r"nvidia\.com/(gpu|mig-).*|amd\.com/gpu.*|gpu\.intel\.com/.+|habana\.ai/gaudi|aws\.amazon\.com/neuron.*|"
    r"google\.com/tpu|cloud-tpus\.google\.com/.+|.+/(v?gpu|gpu\.shared)"
)
_NO_DEVICE = ("", "none", "void")


def judge(workloads: Sequence[Workload], documents: Sequence[Document]) -> Judgement:
    """One finding for each quantity that is missing or wrong; a pass when there is none.

    Args:
        workloads: All that run containers.
        documents: All documents, for the defaults of their namespaces.
    """
    verdicts: list[Verdict] = []
    warnings: list[str] = []
    ranges, count = resources.limit_ranges(documents), 0
    for workload in workloads:
        for container in workload.containers:
            count += 1
            found = resources.effective(workload, container, ranges)
            verdicts += _container(workload, container, found)
            warnings += _warnings(workload, container, found)
        verdicts += _runtime_class(workload)
    counted = Measurement(name="containers looked at in Kubernetes manifests", value=count, n=count)
    if count and not verdicts:
        message = f"all {count} containers declare memory, CPU and GPU"
        verdicts = [Verdict(outcome="passed", message=message, measurements=(counted,))]
    return Judgement(verdicts=tuple(verdicts), warnings=tuple(warnings))


def _container(workload: Workload, container: Container, found: Resources) -> Iterator[Verdict]:
    place = f"{workload.document.place(*container.steps, 'resources')}, {container.title}"
    for side, name, example in NEEDED:
        if name not in getattr(found, side):
            what = f"no {name} {side.removesuffix('s')}"
            yield failed(place, what, f"resources.{side}.{name}, such as {example}")
    for side in ("limits", "requests"):
        for name, declared in getattr(found, side).items():
            if name in ("cpu", "memory") and "the request is the limit" not in declared.source:
                yield from _quantity(place, f"{side}.{name}", name, declared)
    for name, request in found.requests.items():
        yield from _at_most_limit(place, name, request, found.limits.get(name))
    yield from _gpu(container, found, place)


def _quantity(place: str, field: str, name: str, declared: Declared) -> Iterator[Verdict]:
    written = f"{field} is {shown(declared.raw)}{f' (from {declared.source})' if declared.source else ''}"
    if declared.amount is None:
        if quantities.is_placeholder(declared.raw):
            yield Problem(where=place, kind="not rendered", message=written).verdict()
        else:
            yield failed(place, written, declared.mistake)
    elif declared.amount <= 0:
        yield failed(place, written, "more than 0")
    elif name == "memory" and declared.amount < LEAST_MEMORY:
        yield failed(
            place, f"{written}, which is {quantities.human(declared.amount)} byte", "megabytes (Mi) or gigabytes (Gi)"
        )


def _at_most_limit(place: str, name: str, request: Declared, limit: Declared | None) -> Iterator[Verdict]:
    if limit is None or limit.amount is None or request.amount is None or request.amount <= limit.amount:
        return
    sources = [s for s in (request.source, limit.source) if s]
    origin = f" ({', '.join(sources)})" if sources else ""
    yield failed(place, f"the {name} request {request.raw} is above the limit {limit.raw}{origin}", "at most the limit")


def _gpu(container: Container, found: Resources, place: str) -> Iterator[Verdict]:
    """A GPU that is asked for, or seen through the environment, without a limit on it."""
    limited = {name for name in found.limits if GPU.fullmatch(name)}
    for name, request in found.requests.items():
        if GPU.fullmatch(name) and name not in limited and request.amount != 0:
            yield failed(
                place, f"{name} is requested without a limit", f"limits: {name}: {request.raw} (the same number)"
            )
    for name in limited:
        limit = found.limits[name]
        if limit.amount is None or limit.amount != int(limit.amount) or limit.amount < 0:
            yield failed(place, f"limits.{name} is {shown(limit.raw)}", "a whole number of devices")
    seen = visible_devices(dict(_environment(container)))
    if seen and not limited and not _claims(container):
        yield failed(
            place, f"NVIDIA_VISIBLE_DEVICES is {shown(seen)} and no GPU is declared", "limits: nvidia.com/gpu: 1"
        )


def visible_devices(environment: dict[str, str]) -> str:
    """What NVIDIA's container runtime is told to show; empty when nothing."""
    seen = environment.get("NVIDIA_VISIBLE_DEVICES", "")
    return "" if seen.strip().lower() in _NO_DEVICE else seen


def _environment(container: Container) -> Iterator[tuple[str, str]]:
    for _, variable in entries(container.content, "env"):
        yield str(variable.get("name")), str(variable.get("value") or "")


def _claims(container: Container) -> bool:
    """Whether it claims devices by dynamic resource allocation."""
    return bool(list(entries(container.content, "resources", "claims")))


def _has_gpu(container: Container) -> bool:
    return any(GPU.fullmatch(str(name)) for name in table(container.content, "resources", "limits"))


def _runtime_class(workload: Workload) -> Iterator[Verdict]:
    name = str(workload.pod.get("runtimeClassName") or "")
    if not name.startswith("nvidia") or any(_has_gpu(c) or _claims(c) for c in workload.containers):
        return
    place = workload.document.place(*workload.steps, "runtimeClassName")
    yield failed(place, f"runtimeClassName is {name} and no container has a GPU limit", "limits: nvidia.com/gpu: 1")


def _warnings(workload: Workload, container: Container, found: Resources) -> Iterator[str]:
    place = f"{workload.where}, {container.title}"
    if "cpu" not in found.limits:
        yield f"{place}: no CPU limit; it may take what the node has left"
    for source in found.sources:
        yield f"{place}: {source}"
