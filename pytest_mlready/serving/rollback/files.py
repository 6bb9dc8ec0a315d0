"""Reads JSON files of a team, within a limit of size, with messages that name the file as the settings do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.errors import ReadinessError

LARGEST = 16 << 20  # bytes


def read(path: Path, name: str, *, error: type[ReadinessError], expected: str) -> Any:
    """The parsed file.

    Raises:
        error: It is not there, too large, or no JSON.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST else b""
    except OSError as reason:
        raise error(f"{name} cannot be read: {reason.strerror}", expected=expected) from None
    if size > LARGEST:
        raise error(f"{name} has more than {LARGEST >> 20} MiB", expected=expected)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as reason:
        raise error(f"{name} is no JSON: {reason}", expected=expected) from None
