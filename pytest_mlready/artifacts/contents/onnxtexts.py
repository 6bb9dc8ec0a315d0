"""Reads the texts of an ONNX model without loading it: weights are passed over by their length.

Source: onnx.proto (ONNX 1.17) and the wire format of Protocol Buffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts.contents import texts
from pytest_mlready.artifacts.contents.streams import Section
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.artifacts.contents.found import At, Piece
    from pytest_mlready.artifacts.contents.streams import Source

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5
_LONGEST_TEXT = 16 << 20
_DEEPEST = 40  # graphs inside attributes inside graphs

# Field number -> name of a text, or (name, fields of the message in it). All other fields are passed over.
_ENTRY = {1: "key", 2: "value"}
_META = ("metadata", _ENTRY)
_VALUE_INFO = {1: "name", 3: "doc_string", 4: _META}
_TENSOR: dict[int, Any] = {6: "string", 8: "name", 12: "doc_string", 13: ("external data", _ENTRY), 16: _META}
_NODE: dict[int, Any] = {3: "name", 6: "doc_string", 7: "domain", 9: _META}
_GRAPH: dict[int, Any] = {
    1: ("node", _NODE), 2: "name", 5: ("initializer", _TENSOR), 10: "doc_string", 11: ("input", _VALUE_INFO),
    12: ("output", _VALUE_INFO), 13: ("value", _VALUE_INFO), 16: _META,
}  # fmt: skip
_ATTRIBUTE: dict[int, Any] = {
    1: "name", 4: "string", 5: ("tensor", _TENSOR), 6: ("graph", _GRAPH), 9: "string", 10: ("tensor", _TENSOR),
    11: ("graph", _GRAPH), 13: "doc_string",
}  # fmt: skip
_NODE[5] = ("attribute", _ATTRIBUTE)
_FUNCTION = {1: "name", 7: ("node", _NODE), 8: "doc_string", 10: "domain", 11: ("attribute", _ATTRIBUTE), 14: _META}
_TRAINING = {1: ("graph", _GRAPH), 2: ("graph", _GRAPH)}
_MODEL: dict[int, Any] = {
    2: "producer_name", 3: "producer_version", 4: "domain", 6: "doc_string", 7: ("graph", _GRAPH), 14: _META,
    20: ("training", _TRAINING), 25: ("function", _FUNCTION),
}  # fmt: skip


def pieces(source: Source, at: At) -> Iterator[Piece]:
    """Yields the metadata as assignments, and names, descriptions and constants.

    Raises:
        CannotOpenError: It is not a whole ONNX model.
    """
    yield from texts.pairs(at.part("metadata"), _named(source, _MODEL, 0))


def _named(source: Source, fields: dict[int, Any], depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        raise CannotOpenError("its graphs lie too deep in one another")
    entry: dict[str, str] = {}
    while source.peek(1):
        field, wire = divmod(_varint(source), 8)
        known = fields.get(field)
        if wire != _LEN or known is None:
            _pass(source, wire)
        elif isinstance(known, str):
            entry[known] = _text(source)
            if fields is not _ENTRY:
                yield known, entry[known]
        else:
            inside = Section(source, _varint(source))
            yield from _named(inside, known[1], depth + 1)
            inside.finish()
    if fields is _ENTRY:
        yield entry.get("key", ""), entry.get("value", "")


def _text(source: Source) -> str:
    size = _varint(source)
    if size > _LONGEST_TEXT:
        raise CannotOpenError(f"a text in it claims {size:,} bytes")
    return source.exactly(size).decode("utf-8", "replace")


def _pass(source: Source, wire: int) -> None:
    if wire == _VARINT:
        _varint(source)
    elif wire in (_I64, _I32):
        source.leave(8 if wire == _I64 else 4)
    elif wire == _LEN:
        source.leave(_varint(source))
    else:
        raise CannotOpenError("it is not a whole ONNX model")


def _varint(source: Source) -> int:
    value = shift = 0
    while True:
        (byte,) = source.exactly(1)
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
        if shift > 63:
            raise CannotOpenError("it is not a whole ONNX model")
