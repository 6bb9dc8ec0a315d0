"""Describes what adds replicas to a workload, whatever kind of object says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests.documents import shown

if TYPE_CHECKING:
    from pytest_mlready.manifests.documents import Document, Steps
    from pytest_mlready.manifests.workloads import Workload

UNLIMITED = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A least or largest number of replicas.

    Attributes:
        field: As the reader finds it.
        steps: From the document to it.
        value: The number, `UNLIMITED`, or None when it is no whole number.
        raw: As written; None when the default holds.
    """

    field: str
    steps: Steps
    value: float | None
    raw: Any = None

    @property
    def written(self) -> str:
        if self.raw is None:
            so = "" if self.value is None else f", so {'unlimited' if self.value == UNLIMITED else f'{self.value:g}'}"
            return f"{self.field} is not set{so}"
        return f"{self.field} is {shown(self.raw)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a scaler follows.

    Attributes:
        title: For the reader.
        resource: "cpu" or "memory" where it is one of them; otherwise empty.
        utilization: Whether the target is a share of what was requested.
        target: Per cent, for a utilisation.
        container: The one container that is looked at, or None for all of the pod.
        steps: From the document to it.
        mistake: Why nothing can be scaled on it; empty when something can.
    """

    title: str
    resource: str = ""
    utilization: bool = False
    target: Any = None
    container: str | None = None
    steps: Steps = ()
    mistake: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in a scaler that keeps it from adding replicas."""

    steps: Steps
    found: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """What adds replicas to one workload.

    Attributes:
        document: Where it stands.
        target: (kind, name) that it names.
        workload: The workload, where it scales itself (Knative, KServe).
        minimum, maximum: Its range.
        metrics: What it follows.
        faults: What was found wrong while reading.
        unknown: What cannot be told from the manifest.
        warnings: What should be known.
    """

    document: Document
    target: tuple[str, str]
    workload: Workload | None = None
    minimum: Bound
    maximum: Bound
    metrics: tuple[Metric, ...] = ()
    faults: tuple[Fault, ...] = ()
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def bound(field: str, steps: Steps, raw: Any, default: float | None, *, zero: float = 0) -> Bound:
    """A number of replicas as written, or its default.

    Args:
        field: Name of the field, for the reader.
        steps: From the document to it.
        raw: As written; None when it is not.
        default: What holds then; None when it must be set.
        zero: What a written 0 means.
    """
    if raw is None:
        return Bound(field=field, steps=steps, value=default)
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    value = float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    return Bound(field=field, steps=steps, value=zero if value == 0 else value, raw=raw)


def integer(raw: Any) -> Any:
    """A number as a typed field of Kubernetes has it: in quotes it is none."""
    return f'"{raw}"' if isinstance(raw, str) else raw


def odd(field: str) -> Fault:
    """The fault of a field of the spec that is no list of tables."""
    return Fault(steps=("spec", field), found=f"{field} is no list of tables", expected="a list of them")
