"""Finds the workload that a name means: the one that serves, or the one that a scaler points at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.workloads import Workload


def resolve(
    kind: str, name: str, namespace: str | None, workloads: Sequence[Workload], near: Document
) -> Workload | None:
    """The workload that a scaler names; of several, the one in its own file, then in its own folder.

    An InferenceService in raw deployment mode runs the Deployment NAME-predictor.
    """
    found = [w for w in workloads if (kind, name) in _names(w) and may_share_namespace(w.document.namespace, namespace)]
    return min(found, key=lambda w: _distance(w.document, near), default=None)


def _names(workload: Workload) -> set[tuple[str, str]]:
    names = {(workload.kind, workload.name)}
    if workload.component:
        names = {("Deployment", f"{workload.name}-{workload.component}")}
    return names


def may_share_namespace(one: str | None, other: str | None) -> bool:
    """Whether two objects are, or may be, in one namespace: where one names none, whoever applies it decides."""
    return one is None or other is None or one == other


def _distance(one: Document, other: Document) -> int:
    if one.file == other.file:
        return 0
    return 1 if one.file.rpartition("/")[0] == other.file.rpartition("/")[0] else 2


def serving(workloads: Sequence[Workload], name: str | None) -> tuple[Workload, ...]:
    """The workloads that serve: those of the name that the settings give, otherwise all that may."""
    return tuple(w for w in workloads if w.serves and name in (None, w.name))
