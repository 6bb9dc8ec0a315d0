"""Brings together what manifests deploy: documents, workloads and services, and what stands in the way of a verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.manifests import compose, reading, validation, workloads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_mlready.manifests.compose import Service
    from pytest_mlready.manifests.documents import Manifests, Problem
    from pytest_mlready.manifests.validation import Validation
    from pytest_mlready.manifests.workloads import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What is deployed.

    Attributes:
        manifests: Everything that was read.
        workloads: What runs pods in Kubernetes.
        services: What compose files start.
        problems: What could not be read or understood; with any of them nothing passes.
        notes: What was left out, for the record.
    """

    manifests: Manifests
    workloads: tuple[Workload, ...]
    services: tuple[Service, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The documents by kind, for the record."""
        kinds = Counter(document.kind for document in self.manifests.documents)
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(12))
        rest = f" and {len(kinds) - 12} other kinds" if len(kinds) > 12 else ""
        return f"{len(self.manifests.documents)} documents ({counted}{rest})" if kinds else "no documents"

    def require(self, name: str | None) -> None:
        """Makes sure that the workload which the settings name is there.

        Raises:
            ReadinessError: It is not, and everything could be read.
        """
        known = [w.name for w in self.workloads if w.serves] + [s.name for s in self.services]
        if name is not None and name not in known and not self.problems:
            there = ", ".join(dict.fromkeys(known)) or "none that serves"
            raise ReadinessError(
                f'deploy.workload names "{name}", which is not in the manifests{near(name, known)}',
                expected=f"one of the workloads there: {there}",
            )

    def validate(self, *kinds: str) -> Validation:
        """Holds workloads, and objects of these kinds, against the schemas of Kubernetes."""
        own = {id(workload.document) for workload in self.workloads}
        chosen = [d for d in self.manifests.kubernetes if id(d) in own or d.kind in kinds]
        return validation.validate(chosen)


def read(paths: Sequence[Path], *, root: Path, workload: str | None = None, named: bool = True) -> Deployed:
    """Reads manifests, and finds the workloads and services in them.

    Args:
        paths: Files and folders.
        root: Folder that findings name files relative to.
        workload: Name of what serves; a compose service of this name is looked at whatever its profile.
        named: Whether the settings name the paths. Compose files that were only found are left out where Kubernetes
            runs the containers: they are then for local work.

    Raises:
        ReadinessError: A path does not exist.
    """
    manifests = reading.read(paths, root=root)
    found, unknown = workloads.find(manifests.kubernetes)
    problems, notes = [*manifests.problems, *unknown], list(manifests.notes)
    composed = compose.read(manifests.compose, workload=workload)
    services = composed.services
    if found and not named:
        notes += [
            f"{d.file}: left out, taken for local work; deploy.manifests would name it" for d in manifests.compose
        ]
        services = ()
    else:
        problems, notes = [*problems, *composed.problems], [*notes, *composed.notes]
    return Deployed(
        manifests=manifests, workloads=found, services=services, problems=tuple(problems), notes=tuple(notes)
    )  # fmt: skip
