"""Reads the queries of Grafana dashboards."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LARGEST = 20_000_000  # bytes
DEEPEST = 40
_RANGE = re.compile(r"\$\{?__(?:rate_)?(?:interval|range)(?:_m?s)?\}?|\[\$\{?\w+\}?\]")


def queries(paths: Sequence[Path]) -> tuple[str, ...]:
    """All queries (`expr`) of dashboards, Grafana's own intervals replaced by five minutes.

    Raises:
        ReadinessError: A file is no JSON, or too large.
    """
    found: list[str] = []
    for path in paths:
        try:
            text = path.read_bytes()
            value = json.loads(text) if len(text) <= LARGEST else None
        except (OSError, ValueError, RecursionError) as error:
            raise ReadinessError(f"the dashboard {path.name} cannot be read: {error}") from None
        if value is None:
            raise ReadinessError(f"the dashboard {path.name} is larger than {LARGEST:,} bytes")
        found += [_plain(expr) for expr in _expressions(value, 0)]
    return tuple(dict.fromkeys(found))


def _expressions(node: Any, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    if isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        for below in node.values():
            yield from _expressions(below, depth + 1)
    elif isinstance(node, list):
        for below in node:
            yield from _expressions(below, depth + 1)


def _plain(expr: str) -> str:
    return _RANGE.sub(lambda m: "[5m]" if m[0].startswith("[") else "5m", expr)
