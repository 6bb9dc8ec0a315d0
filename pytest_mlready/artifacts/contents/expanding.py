"""Expands compressed streams, forward only, a step at a time."""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts.contents.streams import STEP, Source
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from pytest_mlready.artifacts.contents.limits import Budget

_LZMA_MEMORY = 256 << 20  # xz preset 9 asks for 65 MB to expand
_DAMAGED = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError)
_BEGINS = {
    "gzip": (b"\x1f\x8b",),
    "bz2": (b"BZh",),
    "xz": (b"\xfd7zXZ\x00",),
    "lzma": (b"\x5d\x00\x00",),
    "zlib": (b"\x78",),
    "zstd": (b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"),
}


class Expanded(Source):
    """What a compressed stream, or several one after another, expands to."""

    def __init__(self, packed: Source, kind: str, budget: Budget) -> None:
        """Begins to expand.

        Raises:
            CannotOpenError: No library for this kind is installed.
        """
        super().__init__()
        self._packed, self._kind, self._budget = packed, kind, budget
        self._decoder: Any = _decoder(kind)
        self._pending = b""

    def _fetch(self, size: int) -> bytes:
        while not self._decoder.eof or self._another():
            try:
                part = self._step(size)
            except _DAMAGED:
                raise CannotOpenError(f"its {self._kind} data are damaged") from None
            self._budget.expand(len(part))
            if part:
                return part
        return b""

    def _step(self, size: int) -> bytes:
        if not self._pending and getattr(self._decoder, "needs_input", True):
            self._pending = self._packed.read(min(STEP, 16 * size + 64))
            if not self._pending:
                raise CannotOpenError(f"its {self._kind} data are cut off")
        part: bytes = self._decoder.decompress(self._pending, size)
        self._pending = getattr(self._decoder, "unconsumed_tail", b"")
        return part

    def _another(self) -> bool:
        """Whether a further stream follows; gzip and xz may be padded with zeros."""
        rest = self._decoder.unused_data
        while not rest.strip(b"\0"):
            rest = self._packed.read(STEP)
            if not rest:
                return False
        rest = rest.lstrip(b"\0") + (self._packed.read(8) if len(rest) < 8 else b"")
        if not rest.startswith(_BEGINS[self._kind]):
            raise CannotOpenError(f"bytes follow the end of its {self._kind} data")
        self._decoder, self._pending = _decoder(self._kind), rest
        return True


def _decoder(kind: str) -> Any:
    if kind in ("gzip", "zlib"):
        return zlib.decompressobj(wbits=31 if kind == "gzip" else 15)
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind in ("xz", "lzma"):
        return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    if kind == "zstd":
        return _zstd()
    raise CannotOpenError(f"it is {kind} data, which this walk does not open; save it with gzip instead")


def _zstd() -> Any:
    for module in ("compression.zstd", "backports.zstd"):  # Python 3.14's own, and the same for earlier ones
        try:
            return importlib.import_module(module).ZstdDecompressor()
        except ImportError:
            continue
    raise CannotOpenError("it is zstd data, which Python before 3.14 opens only with: pip install backports.zstd")
