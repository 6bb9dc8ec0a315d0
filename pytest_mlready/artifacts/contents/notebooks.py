"""Reads notebooks: the code, and what it printed; pictures are left out.

Source: nbformat 4's description of cells, outputs and MIME bundles.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts.contents.found import Piece
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.artifacts.contents.found import At

LONGEST = 64 << 20  # bytes of a notebook
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_EMBEDDED = re.compile(r"(data:[\w/+.-]+;base64,)[A-Za-z0-9+/=\\n]{64,}")  # pictures inside HTML and Markdown
_PICTURES = ("image/", "audio/", "video/", "font/", "application/pdf", "application/octet-stream")


def pieces(data: bytes, at: At) -> Iterator[Piece]:
    """Yields the text of every cell and of every output.

    Raises:
        CannotOpenError: It is not a notebook as nbformat describes it.
    """
    try:
        book = json.loads(data)
        cells = book["cells"] if "cells" in book else [c for sheet in book["worksheets"] for c in sheet["cells"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CannotOpenError("it is not a notebook: no JSON with cells") from None
    if not isinstance(cells, list):
        raise CannotOpenError("it is not a notebook: its cells are no list")
    for number, cell in enumerate(cells, start=1):
        yield from _cell(cell, at, f"cell {number}")
    yield _rest({key: value for key, value in book.items() if key not in ("cells", "worksheets")}, at, "metadata")


def _cell(cell: Any, at: At, label: str) -> Iterator[Piece]:
    if not isinstance(cell, dict):
        raise CannotOpenError(f"{label} is no table")
    yield _text(_joined(cell.get("source", cell.get("input", ""))), at, label, "cell.py")
    outputs = cell.get("outputs") or []
    if not isinstance(outputs, list):
        raise CannotOpenError(f"{label} has outputs that are no list")
    for number, output in enumerate(outputs, start=1):
        place = f"{label} output {number}" if len(outputs) > 1 else f"{label} output"
        yield from _output(output, at, place)
    rest = {key: value for key, value in cell.items() if key not in ("source", "input", "outputs", "attachments", "id")}
    yield _rest(rest, at, f"{label} metadata")


def _output(output: Any, at: At, label: str) -> Iterator[Piece]:
    if not isinstance(output, dict):
        raise CannotOpenError(f"{label} is no table")
    data = output.get("data")
    bundle = data if isinstance(data, dict) else {}
    texts = [_joined(value) for kind, value in bundle.items() if not str(kind).startswith(_PICTURES)]
    texts += [_joined(output[key]) for key in ("text", "traceback", "evalue", "html", "json") if key in output]
    yield _text("\n".join(texts), at, label, "output.txt")
    rest = {key: value for key, value in output.items() if key == "metadata"}
    if any(rest.values()):
        yield _rest(rest, at, f"{label} metadata")


def _joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return ("" if all(line.endswith("\n") for line in value[:-1]) else "\n").join(value)
    return json.dumps(value, ensure_ascii=False, indent=0)


def _text(text: str, at: At, label: str, name: str) -> Piece:
    text = _EMBEDDED.sub(r"\1", _COLOURS.sub("", text))
    return Piece(at=at.part(label, name), text=text, first_line=1, formats_only=at.packaged)


def _rest(value: Any, at: At, label: str) -> Piece:
    return _text(json.dumps(value, ensure_ascii=False, indent=0), at, label, "metadata.json")
