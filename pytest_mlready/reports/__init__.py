"""Renders the finished tally, one module a format, and writes each file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog


def write(path: str, document: Mapping[str, Any], catalog: Catalog) -> str:
    """Writes one report in the format that its suffix names; returns a line that says where it is, or why it is not."""
    try:
        text = render(path, document, catalog)
        atomically(Path(path), text)
    except OSError as error:
        return f"report not written: {path}: {error.strerror or error}"
    return f"report: {path}"


def render(path: str, document: Mapping[str, Any], catalog: Catalog) -> str:
    """The report's text in the format that the suffix of `path` names."""
    if Path(path).suffix == ".html":
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
