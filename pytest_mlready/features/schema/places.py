"""Finds files that may hold a schema of the inputs, by their names and places alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT_PROTO = (".pbtxt", ".textproto", ".prototxt")
_FOLDERS = (".", "data", "schema", "schemas", "contracts")
_SUITES = ("great_expectations/expectations", "gx/expectations")


def likely(root: Path) -> Iterator[str]:
    """Paths below a project's folder, nearest first. No file is opened."""
    for folder in _FOLDERS:
        for path in sorted((root / folder).glob("*")):
            named = "schema" in path.name.lower() and path.suffix.lower() in (".json", ".yaml", ".yml")
            if named or path.suffix.lower() in TEXT_PROTO:
                yield path.relative_to(root).as_posix()
    for folder in _SUITES:
        yield from (path.relative_to(root).as_posix() for path in sorted((root / folder).glob("*.json")))
