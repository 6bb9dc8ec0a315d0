"""Renders the JSON report: the document as it is, the source of every other format."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog


def render(document: Mapping[str, Any], catalog: Catalog | None = None) -> str:  # noqa: ARG001 - the form of all formats
    """The document as JSON; NaN and infinities stand in it as words, so every parser reads it."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate, which no file can hold, as \udc80


def schema() -> dict[str, Any]:
    """The published JSON schema (draft 2020-12) of the report."""
    file = resources.files("pytest_mlready") / "reports" / "report.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded
