"""Searches folders for manifests, and sorts what is read file by file from what a tool must render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_mlready.errors import ReadinessError
from pytest_mlready.manifests import kustomize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".json")
EXPECTED = "a file, a folder or a glob, relative to the settings file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One thing to read.

    Attributes:
        path: A file, the folder of a Kustomization, or the folder of a Helm chart.
        kind: Which of the three.
        named: Whether it was named itself, rather than met in a folder.
    """

    path: Path
    kind: Literal["file", "kustomization", "chart"]
    named: bool


def sources(paths: Sequence[Path]) -> tuple[Source, ...]:
    """What to read for these paths: folders are searched, and parts of a Kustomization are not read by themselves.

    Raises:
        ReadinessError: A path does not exist.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        if not path.exists():
            raise ReadinessError(f"the manifest {path} does not exist", expected=EXPECTED)
        for source in _below(path, named=True):
            found.setdefault(source.path.resolve(), source)
    folders = [s.path for s in found.values() if s.kind == "kustomization"]
    used = set().union(*(kustomize.used(folder) for folder in folders))
    return tuple(source for place, source in found.items() if place not in used)


def _below(path: Path, *, named: bool) -> Iterator[Source]:
    """The sources at or below a path, by name."""
    if path.is_dir():
        yield from _in_folder(path, named=named)
    elif path.name in kustomize.NAMES:
        yield Source(path=path.parent, kind="kustomization", named=named)
    elif chart := next((folder for folder in path.parents if _is_template_of(path, folder)), None):
        yield Source(path=chart, kind="chart", named=named)
    else:
        yield Source(path=path, kind="file", named=named)


def _in_folder(folder: Path, *, named: bool) -> Iterator[Source]:
    if kustomize.file_of(folder):
        yield Source(path=folder, kind="kustomization", named=named)
        return
    if (folder / "Chart.yaml").is_file():
        yield Source(path=folder, kind="chart", named=named)
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or (entry.is_dir() and entry.is_symlink()):
            continue
        if entry.is_dir() or (entry.suffix.lower() in SUFFIXES and entry.is_file()):
            yield from _below(entry, named=False)


def _is_template_of(path: Path, folder: Path) -> bool:
    below = path.relative_to(folder).parts
    return bool(below) and below[0] == "templates" and (folder / "Chart.yaml").is_file()
