"""Reads what a service asks for directly: requirement files, and the dependencies of pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from pytest_mlready.errors import DataError
from pytest_mlready.history.dependencies import normal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 2_000_000
DEEPEST = 10  # files that take in one another
_INCLUDED = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")
_CONSTRAINED = re.compile(r"(?:-c|--constraint)[ =]?\s*(\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """A direct requirement.

    Attributes:
        name: As written.
        pinned: The only version that it allows; "" where it allows several.
        file: Where it stands, as the settings name it.
        line: Its number there; 0 where the format has none.
    """

    name: str
    pinned: str
    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def read(path: Path, root: Path) -> tuple[tuple[Required, ...], tuple[Path, ...]]:
    """The requirements of a file, those of files that it takes in too, and the constraint files that it names.

    What does not apply to this platform by its marker is left out.

    Raises:
        DataError: It cannot be read, or a line is no requirement.
    """
    constraints: list[Path] = []
    return tuple(_of_file(path, root, constraints, 0)), tuple(constraints)


def _of_file(path: Path, root: Path, constraints: list[Path], depth: int) -> Iterator[Required]:
    text, file = content(path), _shown(path, root)
    if depth > DEEPEST:
        raise DataError(f"{file}: requirement files take in one another")
    if path.suffix == ".toml":
        yield from _of_project(text, file)
        return
    for number, line in _lines(text):
        words = _COMMENT.sub("", line).strip()
        if match := _INCLUDED.match(words):
            yield from _of_file(path.parent / match[1], root, constraints, depth + 1)
        elif match := _CONSTRAINED.match(words):
            constraints.append(path.parent / match[1])
        elif words and not words.startswith("-"):
            yield from _requirement(words.partition(" --")[0], file, number)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its number, continued ones joined."""
    number = 1
    for line in re.sub(r"\\\r?\n", "\0", text).splitlines():
        yield number, line.replace("\0", " ")
        number += 1 + line.count("\0")


def _of_project(text: str, file: str) -> Iterator[Required]:
    try:
        listed = tomllib.loads(text).get("project", {}).get("dependencies")
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{file} is not valid TOML: {error}") from None
    if not isinstance(listed, list):
        raise DataError(f"{file} lists no dependencies under [project]", fix="name the requirement file of the service")
    for one in listed:
        yield from _requirement(str(one), file, 0)


def _requirement(words: str, file: str, line: int) -> Iterator[Required]:
    try:
        found = Requirement(words)
    except InvalidRequirement as error:
        raise DataError(f"{file}:{line}: {words!r} is no requirement by name ({str(error).splitlines()[0]})") from None
    if found.marker is not None and not found.marker.evaluate():
        return
    exact = [s.version for s in found.specifier if s.operator in ("==", "===") and not s.version.endswith("*")]
    yield Required(name=found.name, pinned=exact[0] if exact else "", file=file, line=line)


def content(path: Path) -> str:
    """A text file within a limit of size.

    Raises:
        DataError: It cannot be read.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path.name} has more than {MAX_BYTES:,} bytes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is no text in UTF-8") from None


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


def missing(required: tuple[Required, ...], known: frozenset[str]) -> tuple[Required, ...]:
    """Requirements without an entry; `known` are plain names."""
    return tuple(one for one in required if normal(one.name) not in known)
