"""Finds what rolls a new version out among manifests and flag files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.manifests import reading, strict_yaml
from pytest_mlready.manifests.documents import Manifests, Problem, table
from pytest_mlready.manifests.rollout import argo, flagger, flags, weights
from pytest_mlready.manifests.rollout.ramp import Around

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.rollout.ramp import Ramp

LARGEST = 1_000_000  # bytes of a flag file
# API groups of the kinds that are understood; the same kind of another group is another tool's.
GROUPS = {
    "Rollout": ("argoproj.io",),
    "Canary": ("flagger.app",),
    "InferenceService": ("serving.kserve.io",),
    "VirtualService": ("networking.istio.io",),
    "HTTPRoute": ("gateway.networking.k8s.io",),
    "GRPCRoute": ("gateway.networking.k8s.io",),
    "TrafficSplit": ("split.smi-spec.io",),
    "FeatureFlag": ("core.openfeature.dev",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the settings call things; None where they do not say.

    Attributes:
        canary: Backend, subset or variant that has the new version.
        flag: The flag that decides.
        workload: What serves.
    """

    canary: str | None = None
    flag: str | None = None
    workload: str | None = None


def read(
    manifests: Sequence[Path], flag_files: Sequence[Path], *, root: Path, named: Named
) -> tuple[list[Ramp], list[Problem]]:
    """What rolls the workload out, and what could not be read or understood.

    Args:
        manifests: Files and folders.
        flag_files: Of flagd.
        root: Folder that findings name files relative to.
        named: What the settings say.
    """
    documents = reading.read(manifests, root=root) if manifests else Manifests(documents=())
    found, odd = ramps(documents.kubernetes, canary=named.canary, flag=named.flag)
    found, problems = of(found, named.workload), [*documents.problems, *odd]
    for path in flag_files:
        more, odd = in_flag_file(path, path.name, canary=named.canary, flag=named.flag)
        found, problems = found + more, problems + odd
    return found, problems


def ramps(
    documents: Sequence[Document], *, canary: str | None = None, flag: str | None = None
) -> tuple[list[Ramp], list[Problem]]:
    """What rolls out, and what seems to and is not understood.

    Where Argo or Flagger steers, the weights of routes are theirs, and are not looked at.

    Args:
        documents: Of Kubernetes.
        canary: Name of the backend, subset or variant that has the new version.
        flag: Name of the flag that decides.
    """
    around = Around(documents=tuple(documents))
    problems = [_foreign(d) for d in documents if d.kind in GROUPS and d.group not in GROUPS[d.kind]]
    ours = [d for d in documents if d.group in GROUPS.get(d.kind, ())]
    steered = [
        (argo.read if d.kind == "Rollout" else flagger.read)(d, around) for d in ours if d.kind in ("Rollout", "Canary")
    ]
    if steered:
        return steered, problems
    found = [ramp for d in ours if d.kind == "InferenceService" and (ramp := weights.kserve(d)) is not None]
    for document in ours:
        if document.kind in weights.TOOLS:
            found += weights.routes(document, canary)
        elif document.kind == "FeatureFlag":
            spec = table(document.content, "spec", "flagSpec")
            found += flags.read(spec, document.where, flag=flag, canary=canary)
    return found, problems


def _foreign(document: Document) -> Problem:
    known = " or ".join(GROUPS[document.kind])
    message = f"{document.kind} of {document.group or 'no group'}, where one of {known} is known"
    return Problem(where=document.where, kind="not understood", message=message)


def in_flag_file(
    path: Path, place: str, *, canary: str | None = None, flag: str | None = None
) -> tuple[list[Ramp], list[Problem]]:
    """What the flags of a flagd file roll out; JSON or YAML."""
    found: list[Ramp] = []
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1).decode("utf-8-sig")
        parts = strict_yaml.parts(text) if len(text) <= LARGEST else ()
        for part in parts:
            content = strict_yaml.parse(part, strict_yaml.Limits()).value
            found += flags.read(content, place, flag=flag, canary=canary)
    except (OSError, UnicodeDecodeError, strict_yaml.YamlError) as error:
        return [], [Problem(where=place, kind="unreadable", message=str(error))]
    if not found:
        what = f"no flag {flag}" if flag else "no flag that splits by fraction"
        return [], [Problem(where=place, kind="not understood", message=what)]
    return found, []


def of(ramps: Sequence[Ramp], workload: str | None) -> list[Ramp]:
    """Those of one workload; all where none is named, or none has that name and there is only one."""
    named = [ramp for ramp in ramps if workload is not None and workload in ramp.names]
    return named or (list(ramps) if workload is None or len(ramps) == 1 else [])
