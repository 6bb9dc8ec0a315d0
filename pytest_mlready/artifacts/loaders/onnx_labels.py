"""Reads the class labels out of an ONNX file, which onnxruntime does not tell.

Source: onnx.proto (ModelProto.graph = 7, GraphProto.node = 1, NodeProto.attribute = 5, AttributeProto.name = 1,
.ints = 8, .strings = 9) and protobuf's wire format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import protobuf

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRAPH, _NODE, _ATTRIBUTE, _NAME, _INTS, _STRINGS = 7, 1, 5, 1, 8, 9
_LABELS = {b"classlabels_int64s", b"classlabels_ints", b"classlabels_strings"}


def classes(data: bytes) -> tuple[Any, ...] | None:
    """Labels in the order of the probabilities' columns, or None when no node (or more than one list) names any."""
    try:
        found = {labels for graph in _parts(data, _GRAPH) for node in _parts(graph, _NODE) for labels in _of_node(node)}
    except (IndexError, ValueError):
        return None
    return found.pop() if len(found) == 1 else None


def _of_node(node: bytes) -> Iterator[tuple[Any, ...]]:
    for attribute in _parts(node, _ATTRIBUTE):
        if set(_parts(attribute, _NAME)) & _LABELS:
            strings: list[Any] = [text.decode() for text in _parts(attribute, _STRINGS)]
            labels = tuple(strings or _integers(attribute))
            if labels:
                yield labels


def _parts(message: bytes, number: int) -> list[bytes]:
    return [value for field, value in protobuf.fields(message) if field == number and isinstance(value, bytes)]


def _integers(attribute: bytes) -> Iterator[int]:
    for field, value in protobuf.fields(attribute):
        if field == _INTS and isinstance(value, int):
            yield _signed(value)
        elif field == _INTS and isinstance(value, bytes):
            position = 0
            while position < len(value):
                number, position = protobuf.varint(value, position)
                yield _signed(number)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
