"""Appends the Markdown report to the summary of a GitHub job, which is a file that all its steps share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "GITHUB_STEP_SUMMARY"
LIMIT = 1024 * 1024  # bytes: GitHub drops a larger summary whole


def append(text: str, environ: Mapping[str, str]) -> str:
    """Appends where GitHub asks for it; returns why it could not, or nothing. Never fails a run."""
    path = environ.get(VARIABLE)
    if not path:
        return ""
    data = f"{text}\n".encode("utf-8", "backslashreplace")
    try:
        file = Path(path)
        there = file.stat().st_size if file.exists() else 0
        if there + len(data) > LIMIT:
            return f"the job summary holds {there} bytes already, and GitHub takes {LIMIT} in all"
        with file.open("ab") as summary:
            summary.write(data)
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        return f"the job summary cannot be written: {getattr(error, 'strerror', None) or error}"
    return ""
