"""Renders the finished tally, one module a format, and writes each file whole or not at all."""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog
    from pytest_mlready.reports.dsse import Key

# How a report's path ends -> the module that renders it; the first that fits, so that ".json" is for all that is left.
FORMATS = {
    ".html": "html",
    ".md": "markdown",
    ".sarif": "sarif",
    ".sarif.json": "sarif",
    "badge.json": "badge",
    ".codequality.json": "codequality",
    ".intoto.json": "intoto",
    ".cdx.json": "cyclonedx",
    ".json": "json",
}
SUFFIXES = tuple(FORMATS)
STATEMENT = ".intoto.json"  # the one that is signed where there is a key


def format_of(path: Path) -> str | None:
    """The format that the end of a path names; None where no format has it."""
    return next((name for suffix, name in FORMATS.items() if path.name.endswith(suffix)), None)


def write(path: Path, document: Mapping[str, Any], catalog: Catalog, *, key: Key | None = None) -> str:
    """Writes one report in the format that its suffix names; returns why it could not be written, or nothing."""
    try:
        atomically(path, render(path, document, catalog, key=key))
    except OSError as error:
        return str(error.strerror or error)
    except ReadinessError as error:  # the format cannot say what this run found
        return str(error)
    return ""


def render(path: Path, document: Mapping[str, Any], catalog: Catalog, *, key: Key | None = None) -> str:
    """The report's text in the format that the suffix of `path` names; a statement is signed with `key`.

    Raises:
        ReadinessError: The format asks for what the run does not have.
    """
    name = format_of(path) or "json"
    text: str = importlib.import_module(f"{__name__}.{name}").render(document, catalog)
    if name != "intoto" or key is None:
        return text
    from pytest_mlready.reports import intoto

    return key.sign(text, intoto.PAYLOAD)


def atomically(path: Path, text: str) -> None:
    """Writes beside the target and renames: a reader sees the old file or the new one, never half of one.

    Raises:
        OSError: The folder cannot be made, or the disk is full; the target is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp's 0600 would hide a CI artifact from other users
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
