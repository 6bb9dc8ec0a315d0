"""Reads what safetensors, GGUF and .npy files say beside their numbers; the numbers are passed over.

Sources: the format descriptions of safetensors and of GGUF (ggml's docs/gguf.md), and of numpy.lib.format.
"""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING

from pytest_mlready.artifacts.contents import texts
from pytest_mlready.artifacts.contents.found import Piece
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.artifacts.contents.found import At
    from pytest_mlready.artifacts.contents.streams import Source

_LONGEST_HEADER = 100_000_000  # safetensors' own limit
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # GGUF's types of numbers
_STRING, _ARRAY = 8, 9
_DEEPEST_ARRAY = 4
_ARRAY_TYPE = re.compile(r"'[|<>=]?([OSU])\d*'")


def safetensors(source: Source, at: At) -> Iterator[Piece]:
    """Yields the metadata, and the names of the tensors.

    Raises:
        CannotOpenError: The header is damaged or cut off.
    """
    size = int.from_bytes(source.exactly(8), "little")
    if size > _LONGEST_HEADER:
        raise CannotOpenError(f"its header claims {size:,} bytes")
    try:
        header = json.loads(source.exactly(size))
        metadata = header.pop("__metadata__", {})
        named = [(str(key), str(value)) for key, value in metadata.items()]
    except (ValueError, AttributeError, RecursionError):
        raise CannotOpenError("its header is damaged") from None
    yield from texts.pairs(at.part("metadata"), named)
    yield Piece(at=at.part("names of tensors"), text="\n".join(map(str, header)), formats_only=True)


def gguf(source: Source, at: At) -> Iterator[Piece]:
    """Yields the keys and values; lists of words, such as a tokenizer's, apart.

    Raises:
        CannotOpenError: The header is damaged, cut off, or of a version this does not know.
    """
    version = int.from_bytes(source.exactly(8)[4:], "little")
    if version not in (2, 3):
        raise CannotOpenError("its GGUF version is not known (2 and 3 are, little-endian)")
    _, count = struct.unpack("<QQ", source.exactly(16))
    for _ in range(count):
        key = _string(source)
        (kind,) = struct.unpack("<I", source.exactly(4))
        if kind == _STRING:
            yield from texts.pairs(at.part("metadata"), [(key, _string(source))])
        elif kind == _ARRAY:
            yield from _array(source, at.part(f"metadata {key}"))
        else:
            source.leave(_size(kind))


def _array(source: Source, at: At, depth: int = 0) -> Iterator[Piece]:
    kind, count = struct.unpack("<IQ", source.exactly(12))
    if depth > _DEEPEST_ARRAY:
        raise CannotOpenError("its lists lie too deep in one another")
    if kind == _ARRAY:
        for _ in range(count):
            yield from _array(source, at, depth + 1)
    elif kind == _STRING:
        yield from _words(source, at, count)
    else:
        source.leave(count * _size(kind))


def _words(source: Source, at: At, count: int) -> Iterator[Piece]:
    words: list[str] = []
    size = 0
    for _ in range(count):
        words.append(_string(source))
        size += len(words[-1]) + 1
        if size > texts.BLOCK:
            yield Piece(at=at, text="\n".join(words), formats_only=True)
            words, size = [], 0
    yield Piece(at=at, text="\n".join(words), formats_only=True)


def _string(source: Source) -> str:
    return source.exactly(int.from_bytes(source.exactly(8), "little")).decode("utf-8", "replace")


def _size(kind: int) -> int:
    if kind not in _SIZES:
        raise CannotOpenError(f"its metadata have an unknown type ({kind})")
    return _SIZES[kind]


def npy(source: Source) -> tuple[str, str]:
    """Reads the header of an .npy file.

    Returns:
        (header, what follows): "O" a pickle, "S" or "U" texts of fixed width, "" numbers.

    Raises:
        CannotOpenError: The header is damaged or cut off.
    """
    start = source.exactly(8)
    if start[6] not in (1, 2, 3):
        raise CannotOpenError("its .npy version is not known")
    size = int.from_bytes(source.exactly(2 if start[6] == 1 else 4), "little")
    header = source.exactly(min(size, 1 << 20)).decode("utf-8", "replace")
    kinds = set(_ARRAY_TYPE.findall(header))
    return header, next((kind for kind in "OUS" if kind in kinds), "")


def fixed_width(data: bytes) -> str:
    """The texts in an array's bytes, one a line: four bytes a character (NumPy's U), or one (S); "" for numbers."""
    quads = data[: len(data) // 4 * 4]
    if len(quads) >= 8 and _looks_wide(quads[:4096]):
        return _lines(quads.decode("utf-32-le", "replace"))
    return _lines(data.decode("ascii")) if _looks_narrow(data) else ""


def _looks_wide(data: bytes) -> bool:
    low = data[0::4], data[1::4], data[2::4], data[3::4]
    return any(low[0]) and not any(low[2]) and not any(low[3]) and sum(map(bool, low[1])) < len(low[1]) // 4 + 1


def _looks_narrow(data: bytes) -> bool:
    return bool(data.strip(b"\0")) and all(byte == 0 or 32 <= byte < 127 or byte in (9, 10, 13) for byte in data)


def _lines(text: str) -> str:
    return re.sub("\0+", "\n", text)
