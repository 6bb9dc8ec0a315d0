"""Reads a file that should hold a report or a statement, without trusting its size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 50 * 1024 * 1024  # bytes
EXPECTED = "a report of pytest --mlready, as --mlready-report=….json writes it"


def content(path: Path) -> Any:
    """The JSON at `path`.

    Raises:
        ReadinessError: It cannot be read, is larger than a report ever is, or is no JSON.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)  # a pipe has no size to look at, and may have no end
    except OSError as error:
        raise ReadinessError(f"{path.name} cannot be read: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise ReadinessError(f"{path.name} is larger than a report ever is")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ReadinessError(f"{path.name} is not valid JSON", expected=EXPECTED) from None
