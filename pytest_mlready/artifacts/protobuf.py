"""Reads the fields of a Protocol Buffers message without its schema (protobuf.dev, Encoding)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Buffer = TypeVar("Buffer", bytes, memoryview)


def fields(message: Buffer) -> Iterator[tuple[int, int | Buffer]]:
    """(number, value) of each field: an integer, or the bytes of anything else.

    Raises:
        IndexError, ValueError: It is no whole message.
    """
    position = 0
    while position < len(message):
        key, position = varint(message, position)
        if key & 7 == 0:
            value, position = varint(message, position)
            yield key >> 3, value
            continue
        if key & 7 == 2:
            length, position = varint(message, position)
        elif key & 7 in (1, 5):
            length = 8 if key & 7 == 1 else 4
        else:
            raise ValueError("a group, which ONNX does not use")
        yield key >> 3, message[position : position + length]
        position += length


def varint(message: bytes | memoryview, position: int) -> tuple[int, int]:
    """The integer at a position, and the position behind it."""
    value = shift = 0
    while True:
        byte = message[position]
        value, shift, position = value | (byte & 0x7F) << shift, shift + 7, position + 1
        if byte < 0x80 or shift > 63:
            return value, position
