"""Reads which columns a model takes, from formats that say so without being loaded."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST = 64 * 1024**2  # bytes of a file, or of a member of one, that is read
DEEPEST = 60  # levels of a skops schema that are searched
NUMBER = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}  # UBJSON: marker of an integer -> bytes
AUTOMATIC = re.compile(r"(Column_|f)\d+")  # names that a library gives where the training data had none


def names(path: Path) -> tuple[str, ...]:
    """The names of a model's inputs, as it was trained; none where its format does not tell them.

    Read are LightGBM's text, XGBoost's UBJSON, the schema of a skops file and the inputs of an ONNX graph. A pickle
    (.pkl, .joblib) tells nothing before it is loaded, and loading it would run what it holds.
    """
    reader = {".txt": _lightgbm, ".ubj": _xgboost, ".skops": _skops, ".onnx": _onnx}.get(path.suffix)
    try:
        if reader is None or not path.is_file() or path.stat().st_size > LARGEST:
            return ()
        found = tuple(reader(path))
    except (OSError, ValueError, IndexError, KeyError, TypeError, RecursionError, zipfile.BadZipFile):
        return ()
    return () if all(AUTOMATIC.fullmatch(name) for name in found) else found


def _lightgbm(path: Path) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        match = re.search(r"^feature_names=(.*)$", file.read(LARGEST // 16), re.MULTILINE)
    return match[1].split() if match else []


def _xgboost(path: Path) -> Iterator[str]:
    """The optimized array of strings behind its key: [ # count, then S length bytes for each (ubjson.org)."""
    content = path.read_bytes()
    at = content.find(b"feature_names[#")
    if at < 0:
        return
    count, at = _integer(content, at + len(b"feature_names[#"))
    for _ in range(min(count, LARGEST)):
        if content[at : at + 1] != b"S":
            raise ValueError("no text")
        length, at = _integer(content, at + 1)
        yield content[at : at + length].decode("utf-8")
        at += length


def _integer(content: bytes, at: int) -> tuple[int, int]:
    """An integer and the place behind it."""
    size = NUMBER[content[at : at + 1]]
    return int.from_bytes(content[at + 1 : at + 1 + size], "big"), at + 1 + size


def _skops(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo("schema.json").file_size > LARGEST:
            return []
        schema = json.loads(archive.read("schema.json"))
    node = _find(schema, "feature_names_in_", DEEPEST)
    content = node.get("content") if isinstance(node, dict) else None
    return [str(json.loads(cell["content"])) for cell in content] if isinstance(content, list) else []


def _find(node: Any, key: str, deep: int) -> Any:
    """The first value under a key, of the outermost estimator: what a pipeline's first step was given."""
    if deep == 0 or not isinstance(node, dict | list):
        return None
    if isinstance(node, dict) and key in node:
        return node[key]
    inner = node.values() if isinstance(node, dict) else node
    return next((found for one in inner if (found := _find(one, key, deep - 1)) is not None), None)


def _onnx(path: Path) -> list[str]:
    """Graph inputs by name; a single one is a matrix, whose columns have no names."""
    from pytest_mlready.artifacts import protobuf

    graph = next((value for number, value in protobuf.fields(path.read_bytes()) if number == 7), b"")
    if not isinstance(graph, bytes):
        return []
    parts = list(protobuf.fields(graph))
    weights = {_name(value, 8) for number, value in parts if number == 5}
    taken = [name for number, value in parts if number == 11 and (name := _name(value, 1)) not in weights]
    return taken if len(taken) > 1 else []


def _name(message: int | bytes, number: int) -> str:
    from pytest_mlready.artifacts import protobuf

    if not isinstance(message, bytes):
        return ""
    found = (value for n, value in protobuf.fields(message) if n == number)
    value = next(found, b"")
    return value.decode("utf-8") if isinstance(value, bytes) else ""
