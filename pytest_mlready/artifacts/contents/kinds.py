"""Tells from its first bytes, and where these leave it open from its name, what a file is."""

from __future__ import annotations

import json
import lzma
import re
import zlib
from typing import TYPE_CHECKING

from pytest_mlready.artifacts import npy
from pytest_mlready.artifacts.contents import tarfiles, texts
from pytest_mlready.artifacts.pickles import SUFFIXES as PICKLE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK = 8192  # bytes that are looked at

COMPRESSED = ("gzip", "bz2", "xz", "lzma", "zlib", "zstd", "lz4")
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # an empty archive
    (npy.MAGIC, "npy"),
    (b"GGUF", "gguf"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "rar archive"),
    (b"\xed\xab\xee\xdb", "RPM package"),
    (b"!<arch>\ndebian", "Debian package"),
    (b"hsqs", "squashfs image"),
)
NOT_OPENED = ("7z archive", "rar archive", "RPM package", "Debian package", "squashfs image")

# What these hold beyond their beginning are instructions, samples or columns of numbers.
_OPAQUE = (
    b"\x7fELF", b"MZ", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"\x00asm", b"!<arch>\n", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"OggS", b"fLaC",
    b"ID3", b"wOFF", b"wOF2", b"\x00\x01\x00\x00\x00", b"OTTO", b"ttcf", b"PAR1", b"ARROW1", b"\x89HDF\r\n\x1a\n",
    b"II*\x00", b"MM\x00*", b"BM", b"\x00\x00\x01\x00",
)  # fmt: skip
_OPAQUE_LATER = (b"ftyp", b"TFL3")  # at byte 4: films, TensorFlow Lite
_ONNX = re.compile(rb"\x08[\x01-\x40](\x12|\x1a|\x22|\x28|\x32|\x3a|\x42|\x72)")  # ir_version, then another known field


def kind(head: bytes, name: str) -> str:
    """What a file is.

    Args:
        head: Its first `LOOK` bytes, or all of it.
        name: Its path; the suffix counts for pickles, notebooks and ONNX.

    Returns:
        One of COMPRESSED and NOT_OPENED, or "zip", "tar", "npy", "gguf", "safetensors", "pickle", "old pickle" (named
        like one, and of protocol 0 or 1 if it is one), "onnx", "notebook", "opaque", "text", "binary".
    """
    for magic, what in _MAGIC:
        if head.startswith(magic) and not texts.encoding(head):
            return what
    if packed := next((k for k, expands in _TRIED.items() if expands(head)), None):
        return packed
    if tarfiles.is_tar(head):
        return "tar"
    return _by_name(head, name.lower()) or _by_look(head)


def _by_name(head: bytes, name: str) -> str | None:
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    if name.endswith(PICKLE_SUFFIXES):
        return "old pickle"
    if _is_safetensors(head):
        return "safetensors"
    if name.endswith(".onnx") and _ONNX.match(head):
        return "onnx"
    return "notebook" if name.endswith(".ipynb") else None


def _by_look(head: bytes) -> str:
    if texts.encoding(head):
        return "text"
    if head.startswith(_OPAQUE) or head[4:8] in _OPAQUE_LATER:
        return "opaque"
    return "binary"


def _is_safetensors(head: bytes) -> bool:
    size = int.from_bytes(head[:8], "little")
    if not (2 <= size <= 100_000_000 and head[8:9] == b"{"):  # the format's own limit of the header
        return False
    try:
        return size + 8 > len(head) or isinstance(json.loads(head[8 : 8 + size]), dict)
    except (ValueError, RecursionError):
        return False


def _zlib(head: bytes) -> bool:
    """RFC 1950: two bytes that a text may begin with too, so the first block is expanded."""
    if len(head) < 3 or head[0] != 0x78 or (head[0] << 8 | head[1]) % 31:
        return False
    try:
        return bool(zlib.decompressobj().decompress(head, 1) or len(head) < 16)
    except zlib.error:
        return False


def _bz2(head: bytes) -> bool:
    return head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")  # a block, or the end


def _lzma(head: bytes) -> bool:
    if not head.startswith(b"\x5d\x00\x00"):
        return False
    try:
        lzma.LZMADecompressor(memlimit=64 << 20, format=lzma.FORMAT_ALONE).decompress(head, 1)
    except (lzma.LZMAError, EOFError):
        return False
    return True


_TRIED: dict[str, Callable[[bytes], bool]] = {"zlib": _zlib, "bz2": _bz2, "lzma": _lzma}
