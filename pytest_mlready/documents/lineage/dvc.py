"""Reads DVC's records: dvc.lock, where each stage is the last run of its job, and .dvc files, which name sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents.lineage import graph
from pytest_mlready.documents.lineage.graph import Entity, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = frozenset({".py", ".r", ".ipynb", ".sh", ".sql", ".jl", ".scala", ".yaml", ".yml", ".toml", ".cfg", ".ini"})
_HASHES = ("md5", "sha256", "etag", "checksum", "rev_lock", "version_id")


def runs(content: Any, place: str) -> list[Run]:
    """The stages of a dvc.lock of schema 1.0 or 2.0; what a stage reads and none writes comes from outside."""
    stages = content.get("stages", content) if isinstance(content, Mapping) else {}
    tables = {str(k): v for k, v in stages.items() if isinstance(v, Mapping)} if isinstance(stages, Mapping) else {}
    written = {entity.name for table in tables.values() for entity in _entities(table.get("outs"))}
    return [
        Run(
            job=name,
            id=f"{place}:{name}",  # the lock file is the record of the run that it was written by
            state="complete",
            place=place,
            inputs=tuple(_entities(table.get("deps"), written)),
            outputs=tuple(_entities(table.get("outs"))),
            code=_command(table.get("cmd")),
        )
        for name, table in tables.items()
    ]


def tracked(content: Any, place: str) -> list[Run]:
    """What a .dvc file imports, as a run; without an import its outputs are sources, which no run wrote."""
    table = content if isinstance(content, Mapping) else {}
    inputs = tuple(_entities(table.get("deps"), set()))
    if not inputs:
        return []
    outputs = tuple(_entities(table.get("outs")))
    return [Run(job="dvc import", id=place, state="complete", place=place, inputs=inputs, outputs=outputs)]


def _entities(listed: Any, written: set[str] | None = None) -> Iterator[Entity]:
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("path"):
            yield _entity(one, written)


def _entity(one: Mapping[str, Any], written: set[str] | None) -> Entity:
    name, repository = str(one["path"]), one.get("repo")
    said = {**one, **(repository if isinstance(repository, Mapping) else {})}
    stated = [str(said[key]) for key in _HASHES if said.get(key)]
    digests = frozenset(digest for text in stated for digest in graph.content(text))
    return Entity(
        name=name,
        digests=digests,
        version="" if digests else next(iter(stated), ""),
        source=str(said.get("url") or ""),
        code=PurePosixPath(name).suffix.lower() in _CODE,
        external=written is not None and name not in written,
    )


def _command(value: Any) -> str:
    """The command stands for the program's version, whose files are among the inputs with their digests."""
    return " && ".join(map(str, value)) if isinstance(value, list) else str(value or "")
