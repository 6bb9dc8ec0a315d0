"""Defines what every lineage record comes down to: runs, and the entities that they read and wrote (W3C PROV)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

State = Literal["complete", "failed", "open"]
_DIGEST = re.compile(r"(?:(sha256|md5)[:=-])?([0-9a-f]{32}(?:[0-9a-f]{32})?)(?:\.dir)?", re.IGNORECASE)
_LENGTHS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Data, code or a model at one version.

    Attributes:
        name: As in the record, with its namespace where there is one.
        digests: Of its content: "sha256:…", "md5:…".
        version: What the record calls its version, where that is no digest.
        source: Where the record says it comes from, such as an address.
        code: Whether it is a program or its configuration, not data.
        external: The record itself says that it comes from outside the pipeline.
    """

    name: str
    digests: frozenset[str] = frozenset()
    version: str = ""
    source: str = ""
    code: bool = False
    external: bool = False

    @property
    def versioned(self) -> bool:
        return bool(self.digests or self.version)

    def same(self, other: Entity) -> bool:
        """Whether both are the same thing at the same version: by content where both have it, else by name."""
        if self.digests and other.digests and (_kinds(self.digests) & _kinds(other.digests)):
            return bool(self.digests & other.digests)
        return self.name == other.name and bool(self.version) and self.version == other.version

    def __str__(self) -> str:
        shown = min(self.digests, key=lambda d: not d.startswith("sha256"), default="") or self.version
        return f"{self.name} ({shown[:23]}{'…' if len(shown) > 23 else ''})" if shown else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a job.

    Attributes:
        job: Its name; "" where the record gives none.
        id: Of this run; "" where the record gives none.
        state: "complete", "failed", or "open": no record of its end.
        inputs, outputs: What it read and wrote.
        code: Version of the program, such as a commit; "" where the record gives none.
        place: File, and line where there is one.
    """

    job: str
    id: str
    state: State
    place: str
    inputs: tuple[Entity, ...] = ()
    outputs: tuple[Entity, ...] = ()
    code: str = ""

    @property
    def data(self) -> tuple[Entity, ...]:
        """Inputs that are no code."""
        return tuple(entity for entity in self.inputs if not entity.code)

    def __str__(self) -> str:
        return f"{self.job or 'a job without a name'} (run {self.id or 'without an id'}, {self.place})"


def content(text: object) -> frozenset[str]:
    """The digest that a text states, as "sha256:…" or "md5:…"; empty where it states none."""
    match = _DIGEST.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        return frozenset()
    kind = (match[1] or {64: "sha256", 32: "md5"}[len(match[2])]).lower()
    return frozenset([f"{kind}:{match[2].lower()}"]) if len(match[2]) == _LENGTHS[kind] else frozenset()


def of_file(path: Path, name: str) -> Entity:
    """A file as it lies here, with the digests that records use: SHA-256, and DVC's MD5.

    Raises:
        OSError: it cannot be read.
    """
    hashes = (hashlib.sha256(), hashlib.md5(usedforsecurity=False))
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            for one in hashes:
                one.update(chunk)
    return Entity(name=name, digests=frozenset(f"{one.name}:{one.hexdigest()}" for one in hashes))


def merged(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Each entity once: events of one run repeat them, some with a version and some without."""
    found: dict[str, list[Entity]] = {}
    for entity in entities:
        known = found.setdefault(entity.name, [])
        for place, other in enumerate(known):
            if not entity.versioned or not other.versioned or entity.same(other):
                known[place] = _joined(other, entity)
                break
        else:
            known.append(entity)
    return tuple(entity for known in found.values() for entity in known)


def _joined(one: Entity, other: Entity) -> Entity:
    return replace(
        one,
        digests=one.digests | other.digests,
        version=one.version or other.version,
        source=one.source or other.source,
        external=one.external or other.external,
    )


def _kinds(digests: frozenset[str]) -> set[str]:
    return {digest.partition(":")[0] for digest in digests}
