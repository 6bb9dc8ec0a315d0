"""Works out what a container of Kubernetes may take and is promised, defaults of the namespace included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.manifests import quantities
from pytest_mlready.manifests.documents import entries, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.workloads import Container, Workload

Side = Literal["requests", "limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One quantity.

    Attributes:
        raw: As written.
        amount: Cores, bytes or a count; None when `raw` is no quantity.
        mistake: Why not.
        source: Where it comes from when not from the container itself.
    """

    raw: Any
    amount: Decimal | None
    mistake: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What is in effect for one container, by resource name."""

    requests: Mapping[str, Declared]
    limits: Mapping[str, Declared]

    @property
    def sources(self) -> tuple[str, ...]:
        """Where quantities come from that the container does not declare itself, each once."""
        declared = (*self.requests.values(), *self.limits.values())
        return tuple(dict.fromkeys(d.source for d in declared if d.source))


def declared(raw: Any, source: str = "") -> Declared:
    """A quantity as written, read if it can be."""
    try:
        return Declared(raw=raw, amount=quantities.parse(raw), source=source)
    except ValueError as error:
        return Declared(raw=raw, amount=None, mistake=str(error), source=source)


def limit_ranges(documents: Sequence[Document]) -> tuple[Document, ...]:
    """The LimitRanges among documents, which fill in what containers of their namespace leave out."""
    return tuple(d for d in documents if d.kind == "LimitRange" and d.group == "")


def effective(workload: Workload, container: Container, ranges: Sequence[Document]) -> Resources:
    """What is in effect, in the order in which Kubernetes fills it in.

    A missing request is the container's own limit (Kubernetes documentation, "Resource Management for Pods and
    Containers"); what is still missing comes from a LimitRange of the namespace, then from the pod as a whole.
    """
    own = table(container.content, "resources")
    limits = {str(n): declared(v) for n, v in table(own, "limits").items() if v is not None}
    requests = {str(n): declared(v) for n, v in table(own, "requests").items() if v is not None}
    for name, limit in limits.items():
        requests.setdefault(name, Declared(raw=limit.raw, amount=limit.amount, source="the request is the limit"))
    for document in ranges:
        if document.namespace == workload.document.namespace:
            _fill(requests, limits, document)
    for side, target in (("requests", requests), ("limits", limits)):
        for name, raw in table(workload.pod, "resources", side).items():
            target.setdefault(str(name), declared(raw, "resources of the pod as a whole"))
    return Resources(requests=requests, limits=limits)


def _fill(requests: dict[str, Declared], limits: dict[str, Declared], document: Document) -> None:
    """Adds the defaults of a LimitRange; its maximum and minimum stand in for them as the API server has it."""
    source = f"LimitRange {document.name}"
    for _, limit in entries(document.content, "spec", "limits"):
        if limit.get("type") != "Container":
            continue
        default = {**table(limit, "max"), **table(limit, "default")}
        asked = {**table(limit, "min"), **default, **table(limit, "defaultRequest")}
        for target, values in ((limits, default), (requests, asked)):
            for name, raw in values.items():
                target.setdefault(str(name), declared(raw, source))
