"""Makes the bodies that a load varies: lines of a file, or the good request with other rows in place of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOST_BYTES = 16 << 20  # of all bodies together: every process that sends holds them


def from_file(path: Path) -> tuple[str, ...]:
    """The lines of a file, each the JSON body of one request.

    Raises:
        ReadinessError: A line is no JSON, there is none, or they are too many.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ReadinessError(f"{path.name} has more than {MOST_BYTES:,} bytes", fix="a few hundred bodies are enough")
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                json.loads(line)
                found.append(line.decode().strip())
            except ValueError:
                raise ReadinessError(f"line {number} of {path.name} is no JSON", expected="one body a line") from None
    if not found:
        raise ReadinessError(f"{path.name} holds no body", expected="one JSON body a line")
    return tuple(found)


def varied(body: bytes | None, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The good request's body with each of the rows in place of its own: () where it shows no place for them.

    The place is every table in the body that has columns of the rows and nothing else, with values of the same types.

    Args:
        body: Of the good request, JSON.
        rows: As plain values.
    """
    try:
        example = json.loads(body or b"null")
    except ValueError:
        return ()
    made = (_substituted(example, row) for row in rows)
    return tuple(dict.fromkeys(json.dumps(value) for value, hit in made if hit))


def _substituted(node: Any, row: Mapping[str, Any]) -> tuple[Any, bool]:
    """A copy of the value with the row in its places, and whether there was one."""
    if isinstance(node, dict) and node and all(key in row and _alike(node[key], row[key]) for key in node):
        return {key: row[key] for key in node}, True
    if isinstance(node, dict | list):
        parts = [_substituted(value, row) for value in (node.values() if isinstance(node, dict) else node)]
        values, hit = [value for value, _ in parts], any(found for _, found in parts)
        return (dict(zip(node, values, strict=True)) if isinstance(node, dict) else values), hit
    return node, False


def _alike(a: Any, b: Any) -> bool:
    kinds = [bool if isinstance(v, bool) else float if isinstance(v, int | float) else type(v) for v in (a, b)]
    return kinds[0] is kinds[1] and not isinstance(a, dict | list)
