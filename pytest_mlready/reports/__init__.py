"""Renders the finished tally, one module a format, and writes each file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog


def write(path: Path, document: Mapping[str, Any], catalog: Catalog) -> str:
    """Writes one report in the format that its suffix names; returns why it could not be written, or nothing."""
    try:
        atomically(path, render(path, document, catalog))
    except OSError as error:
        return str(error.strerror or error)
    return ""


def render(path: Path, document: Mapping[str, Any], catalog: Catalog) -> str:
    """The report's text in the format that the suffix of `path` names."""
    if path.suffix == ".html":
        from pytest_mlready.reports import html

        return html.render(document, catalog)
    from pytest_mlready.reports import json

    return json.render(document)


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
