"""Reads the services of compose files: overrides merged, `extends` followed, defaults of variables filled in."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.manifests.documents import Document, Problem, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.manifests.documents import Steps

_OVERRIDE = re.compile(r"^(.*/)?((?:docker-)?compose)\.override\.(?:yaml|yml)$")
_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*:?-([^${}]*)\}")
_RENDER = "docker compose config > rendered.yaml, and name that in deploy.manifests"
_DEEPEST = 10  # services that extend one another


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of a compose file.

    Attributes:
        document: The file.
        name: Its key under `services`.
        content: Its table, with what it extends and what overrides it merged in.
    """

    document: Document
    name: str
    content: Mapping[str, Any]

    def place(self, *steps: str | int) -> str:
        """File, line and service, for the beginning of a finding."""
        path: Steps = ("services", self.name, *steps)
        return f'{self.document.place(*path)}, service "{self.name}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The services that start, and what was not understood or left out."""

    services: tuple[Service, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


class _NotUnderstoodError(Exception):
    """A service refers to something that is not there."""


def read(documents: Sequence[Document], *, workload: str | None = None) -> Composed:
    """The services of compose files.

    Args:
        documents: Compose files; an override beside the file that it overrides is merged into it.
        workload: Name of a service that is looked at although it starts with a profile only.
    """
    services: list[Service] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for document in _merged(documents):
        problems += _included(document, documents)
        for name in table(document.content, "services"):
            try:
                content = _resolved(str(name), document, documents)
            except _NotUnderstoodError as error:
                problems.append(_problem(document, f'service "{name}": {error}'))
                continue
            if content.get("profiles") and name != workload:
                notes.append(f'{document.where}: service "{name}" starts with a profile only, left out')
            elif not content.get("image") and not content.get("build"):
                problems.append(_problem(document, f'service "{name}" has neither image nor build: a part of another?'))
            else:
                services.append(Service(document=document, name=str(name), content=content))
    return Composed(services=tuple(services), problems=tuple(problems), notes=tuple(notes))


def _merged(documents: Sequence[Document]) -> list[Document]:
    """The files, with compose.override.yaml merged into the compose.yaml beside it, as `docker compose up` does."""
    overrides = {match[1] or "": d for d in documents if (match := _OVERRIDE.match(d.file))}
    bases = [d for d in documents if not _OVERRIDE.match(d.file)]
    merged = []
    for document in bases:
        folder, _, name = document.file.rpartition("/")
        override = overrides.get(f"{folder}/" if folder else "")
        if override and re.fullmatch(r"(docker-)?compose\.ya?ml", name):
            both = _merge(document.content, override.content)
            document = Document(file=document.file, number=document.number, content=both, part=document.part)  # noqa: PLW2901
        merged.append(document)
    alone = [d for folder, d in overrides.items() if not any(b.file.rpartition("/")[0] == folder[:-1] for b in bases)]
    return merged + alone


def _merge(base: Any, over: Any) -> Any:
    """Tables by key, lists one after the other, everything else replaced (Compose specification, "Merge")."""
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return {**base, **{k: _merge(base[k], v) if k in base else v for k, v in over.items()}}
    if isinstance(base, list) and isinstance(over, list):
        return base + over
    return over


def _resolved(name: str, document: Document, documents: Sequence[Document], depth: int = 0) -> Mapping[str, Any]:
    """A service with what it extends merged in and the defaults of variables filled in."""
    services = table(document.content, "services")
    if name not in services:
        raise _NotUnderstoodError(f'there is no service "{name}" to extend{near(name, services)}')
    content = services[name]
    if not isinstance(content, Mapping):
        raise _NotUnderstoodError(f"is a {type(content).__name__}, expected a table")
    extends = content.get("extends")
    if not extends:
        return filled(copy.copy(content))  # type: ignore[no-any-return]
    if depth > _DEEPEST:
        raise _NotUnderstoodError(f"more than {_DEEPEST} services extend one another")
    other, file = (extends, None) if isinstance(extends, str) else (_get(extends, "service"), _get(extends, "file"))
    base = document if file is None else _beside(document, str(file), documents)
    below = _resolved(str(other), base, documents, depth + 1)
    own = {key: value for key, value in content.items() if key != "extends"}
    return _merge({k: v for k, v in below.items() if k != "profiles"}, filled(own))  # type: ignore[no-any-return]


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _beside(document: Document, file: str, documents: Sequence[Document]) -> Document:
    folder = document.file.rpartition("/")[0]
    wanted = f"{folder}/{file.removeprefix('./')}" if folder else file.removeprefix("./")
    found = next((d for d in documents if d.file == wanted), None)
    if found is None:
        raise _NotUnderstoodError(f"extends a service of {file}, which is not among the files looked at")
    return found


def _included(document: Document, documents: Sequence[Document]) -> list[Problem]:
    included = document.content.get("include")
    problems = []
    for entry in included if isinstance(included, list) else ():
        path = _get(entry, "path") if isinstance(entry, Mapping) else entry
        try:
            _beside(document, str(path), documents)
        except _NotUnderstoodError:
            problems.append(_problem(document, f"includes {path}, which is not among the files looked at"))
    return problems


def _problem(document: Document, message: str) -> Problem:
    return Problem(where=document.where, kind="not understood", message=message, fix=_RENDER)


def filled(value: Any) -> Any:
    """A value with ${NAME:-default} replaced by the default; a variable without one stays as it is written."""
    if isinstance(value, Mapping):
        return {key: filled(below) for key, below in value.items()}
    if isinstance(value, list):
        return [filled(below) for below in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    for _ in range(5):  # a default may hold another variable
        value, count = _VARIABLE.subn(r"\1", value)
        if not count:
            break
    return value
