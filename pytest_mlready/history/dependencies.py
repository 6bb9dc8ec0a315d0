"""Reads a manifest of dependencies: code, data, models, images and services, each with version, owner and channel.

The document, in YAML, JSON or TOML; the lists may be tables by name as well, or one list under `dependencies`:

    code:
      - { name: scikit-learn, version: "1.9.1", owner: "@team", channel: "https://…/releases" }
    data:
      - name: census
        version: "sha256:4a2cb4a5…"     # of the file at path; or any version, and sha256 beside it
        path: data/train.parquet
        columns: [age, income]          # or { age: Int64, … }
        owner: data office
        channel: "#data-changes"
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["code", "data", "model", "image", "service"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SECTIONS: dict[str, Kind] = {
    **{kind: kind for kind in KINDS}, "packages": "code", "libraries": "code", "datasets": "data", "sources": "data",
    "models": "model", "images": "image", "services": "service",
}  # fmt: skip
KEYS = frozenset({"name", "kind", "version", "owner", "channel", "path", "sha256", "columns", "note", "why", "source"})
TEXTS = ("version", "owner", "channel", "path", "sha256")
HEAD = frozenset({"version", "schema_version", "owner", "dependencies", "note", "description"})
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)
_NOBODY = re.compile(r"\W*|todo|tbd|fixme|unknown|none|n/?a|nobody|someone|owner|channel|x+", re.IGNORECASE)

Step = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Something that the model or its service depends on.

    Attributes:
        name: As the manifest calls it.
        kind: What it is.
        version: As written.
        owner: Who answers for it on the team's side.
        channel: Where its changes are announced.
        path: Where its content lies, relative to the project; "" where it lies elsewhere.
        sha256: Digest of that content; "" where none is stated.
        columns: (name, type) of a table; "" for a type that is not stated.
        steps: Where it stands in the document.
    """

    name: str
    kind: Kind
    version: str
    owner: str
    channel: str
    path: str = ""
    sha256: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def plain(self) -> str:
        """The name by which code is compared (PEP 503)."""
        return normal(self.name)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What must be said about it and is not, or is a placeholder."""
        said = {"version": self.version, "owner": self.owner, "channel": self.channel}
        return tuple(key for key, value in said.items() if _NOBODY.fullmatch(value.strip()))


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(document: Any, where: str) -> tuple[Dependency, ...]:
    """The dependencies of a parsed manifest.

    Args:
        document: As the format's parser gives it.
        where: The file, for messages.

    Raises:
        DataError: With every mistake.
    """
    mistakes: list[str] = []
    found = [_entry(*one, mistakes) for one in _entries(document, mistakes)]
    kept = [one for one in found if one is not None]
    seen: dict[tuple[str, str], int] = {}
    for one in kept:
        seen[one.kind, one.plain] = seen.get((one.kind, one.plain), 0) + 1
    mistakes += [f"{kind} {name} stands {n} times" for (kind, name), n in seen.items() if n > 1]
    if not mistakes and not kept:
        mistakes.append("it names no dependency")
    if mistakes:
        more = f"; and {len(mistakes) - 8} more" if len(mistakes) > 8 else ""
        raise DataError(
            f"{where} cannot be used: {'; '.join(mistakes[:8])}{more}",
            expected="code: [{ name, version, owner, channel }], data: [{ name, version, path, owner, channel }]",
        )
    return tuple(kept)


def _entries(document: Any, mistakes: list[str]) -> Iterator[tuple[Kind | None, str, Any, tuple[Step, ...]]]:
    """(kind, name, entry, where it stands) for everything that the document lists."""
    if isinstance(document, list):
        document = {"dependencies": document}
    if not isinstance(document, Mapping):
        mistakes.append("it is no table")
        return
    for section, entries in document.items():
        kind = SECTIONS.get(str(section))
        top: tuple[Step, ...] = (section,)
        if section == "dependencies" or kind is not None:
            yield from _listed(kind, entries, top, mistakes)
        elif section not in HEAD:
            mistakes.append(f'unknown section "{section}"{near(str(section), (*SECTIONS, "dependencies"))}')


def _listed(
    kind: Kind | None, entries: Any, top: tuple[Step, ...], mistakes: list[str]
) -> Iterator[tuple[Kind | None, str, Any, tuple[Step, ...]]]:
    if isinstance(entries, Mapping):
        yield from ((kind, str(name), entry, (*top, name)) for name, entry in entries.items())
    elif isinstance(entries, list):
        for n, entry in enumerate(entries):
            yield kind, str(entry.get("name", "")) if isinstance(entry, Mapping) else "", entry, (*top, n)
    else:
        mistakes.append(f"{top[0]} is no list of dependencies")


def _entry(kind: Kind | None, name: str, entry: Any, steps: tuple[Step, ...], mistakes: list[str]) -> Dependency | None:
    place = name or "/".join(map(str, steps))
    if not isinstance(entry, Mapping):
        mistakes.append(f"{place} is no table")
        return None
    if not name:
        mistakes.append(f"{place} has no name")
    mistakes += [f'{place} has an unknown key "{key}"{near(str(key), KEYS)}' for key in entry if key not in KEYS]
    stated = entry.get("kind", kind)
    if stated not in KINDS:
        mistakes.append(f"{place}: kind is {stated!r}{near(str(stated), KINDS)}; expected {', '.join(KINDS)}")
        return None
    texts = {key: _text(entry, key, place, mistakes) for key in TEXTS}
    digest = texts["sha256"] or (texts["version"] if texts["path"] else "")
    match = _DIGEST.fullmatch(digest.strip())
    if texts["sha256"] and match is None:
        mistakes.append(f"{place}: sha256 has not 64 hexadecimal digits")
    return Dependency(
        name=name,
        kind=cast("Kind", stated),
        version=texts["version"],
        owner=texts["owner"],
        channel=texts["channel"],
        path=posixpath.normpath(texts["path"]) if texts["path"] else "",
        sha256=match[1].lower() if match else "",
        columns=_columns(entry.get("columns"), place, mistakes),
        steps=steps,
    )


def _text(entry: Mapping[str, Any], key: str, place: str, mistakes: list[str]) -> str:
    value = entry.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        mistakes.append(f"{place}: {key} is the number {value}; write it in quotes, or 1.10 is read as 1.1")
        return ""
    if value is not None and not isinstance(value, str):
        mistakes.append(f"{place}: {key} is no text")
        return ""
    return value or ""


def _columns(given: Any, place: str, mistakes: list[str]) -> tuple[tuple[str, str], ...]:
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return tuple((str(name), str(kind)) for name, kind in given.items())
    if isinstance(given, list) and all(isinstance(name, str) for name in given):
        return tuple((name, "") for name in given)
    mistakes.append(f"{place}: columns is neither a list of names nor a table of name to type")
    return ()
