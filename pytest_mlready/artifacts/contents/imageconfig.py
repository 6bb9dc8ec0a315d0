"""Reads an image's configuration: environment, labels, commands, and the history with its build arguments.

Source: OCI image-spec 1.1, config.md.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts.contents import texts
from pytest_mlready.artifacts.contents.found import At, Found, Gap, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMANDS = ("Entrypoint", "Cmd", "OnBuild", "Shell")
_BEFORE_ASSIGNMENT = re.compile(r"\s+(?=[A-Za-z_]\w*=|/bin/sh -c)")  # "|1 TOKEN=… /bin/sh -c …", "ENV A=1 B=2"


def pieces(data: bytes, at: At) -> Iterator[Found]:
    """Yields the texts of one configuration; one that is no JSON table is a gap."""
    try:
        config = json.loads(data)
        history = list(config.get("history") or [])
        running = [table for key in ("config", "container_config") if isinstance(table := config.get(key), dict)]
    except (ValueError, TypeError, AttributeError, RecursionError):
        yield Gap(at=at, why="the image's configuration is damaged")
        return
    for table in running:
        yield from _environment(table, at)
        yield from _commands(table, at)
    for number, step in enumerate(history, start=1):
        if isinstance(step, dict):
            text = "\n".join(str(value) for key, value in step.items() if key != "created")
            yield _assignments(text, at.part(f"history {number}"))
    rest = {key: value for key, value in config.items() if key != "history"}
    yield Piece(at=at, text=json.dumps(rest, ensure_ascii=False, indent=0), formats_only=True)


def _environment(table: dict[str, Any], at: At) -> Iterator[Piece]:
    variables = [str(one).partition("=") for one in _list(table.get("Env"))]
    yield from texts.pairs(at.part("ENV"), [(name, value) for name, _, value in variables if value])
    labels = table.get("Labels")
    if isinstance(labels, dict):
        yield from texts.pairs(at.part("LABEL"), [(str(name), str(value)) for name, value in labels.items()])


def _commands(table: dict[str, Any], at: At) -> Iterator[Piece]:
    health = table.get("Healthcheck")
    named = {key: _list(table.get(key)) for key in _COMMANDS}
    named["Healthcheck"] = _list(health.get("Test")) if isinstance(health, dict) else []
    for key, words in named.items():
        if words:
            yield _assignments(" ".join(map(str, words)), at.part(key.upper()))


def _assignments(text: str, at: At) -> Piece:
    return Piece(at=at, text=_BEFORE_ASSIGNMENT.sub("\n", text), config=True)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
