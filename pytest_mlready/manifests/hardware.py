"""Tells from manifests what the serving containers are given: memory, and whether a GPU is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests import compose_limits, quantities, resources
from pytest_mlready.manifests.documents import at
from pytest_mlready.manifests.limits import GPU

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.deployed import Deployed


def memory_limit(found: Deployed, name: str | None) -> float | None:
    """The largest memory limit among the containers of the serving workload, in bytes; None where none is declared.

    Args:
        found: What is deployed.
        name: The workload that serves; None: every one that serves.
    """
    limits = [*_kubernetes(found, name), *_compose(found, name)]
    return max(limits, default=None)


def _kubernetes(found: Deployed, name: str | None) -> Iterator[float]:
    ranges = resources.limit_ranges(found.manifests.kubernetes)
    for workload in found.workloads:
        if not workload.serves or name not in (None, workload.name):
            continue
        for container in workload.containers:
            effective = resources.effective(workload, container, ranges)
            declared = effective.limits.get("memory")
            if container.runs_on and declared is not None and declared.amount is not None:
                yield float(declared.amount)


def _compose(found: Deployed, name: str | None) -> Iterator[float]:
    for service in found.services:
        for steps in compose_limits.MEMORY:
            written = at(service.content, *steps)
            if written is None or name not in (None, service.name):
                continue
            try:
                yield float(quantities.parse_bytes(written))
            except ValueError:
                continue


def asks_for_gpu(found: Deployed) -> bool:
    """Whether any container, or any service of a compose file, asks for a GPU."""
    documents = [d.content for d in found.manifests.documents]
    return any(_gpu(content, 0) for content in (*documents, *(s.content for s in found.services)))


def _gpu(node: Any, depth: int) -> bool:
    if depth > 40:
        return False
    if isinstance(node, Mapping):
        named = any(isinstance(key, str) and GPU.fullmatch(key) for key in node)
        reserved = isinstance(node.get("capabilities"), list) and "gpu" in node["capabilities"]
        return named or reserved or node.get("gpus") is not None or any(_gpu(v, depth + 1) for v in node.values())
    return isinstance(node, list) and any(_gpu(v, depth + 1) for v in node)
