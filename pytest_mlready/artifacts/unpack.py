"""Opens compressed files and archives in memory, within limits of depth, members and bytes."""

from __future__ import annotations

import bz2
import lzma
import zipfile
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = 1 << 20
_LZMA_MEMORY = 256 << 20  # xz preset 9 asks for 65 MB to expand


class CannotOpenError(Exception):
    """A layer is damaged, ambiguous, or beyond the limits; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far an artifact is opened.

    Attributes:
        depth: Layers inside one another.
        members: Files in all archives together.
        expanded: Bytes that all layers may expand to.
        floor: Bytes that even a tiny file may expand to.
        ratio: Above `floor`, bytes that one byte of the file may expand to; plain zeros reach about 1000 with zlib.
    """

    depth: int = 8
    members: int = 10_000
    expanded: int = 4 << 30
    floor: int = 256 << 20
    ratio: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """Bytes that are neither compressed nor an archive.

    Attributes:
        where: Place, such as "model.pkl.gz!gzip!data.pkl".
        data: The bytes.
        member: Whether they were a member of an archive (then they need not be a pickle).
        sibling_pickle: Whether a "data.pkl" lies in the same archive, as in PyTorch's.
    """

    where: str
    data: bytes
    member: bool = False
    sibling_pickle: bool = False


@dataclass(slots=True)
class _Budget:
    limits: Limits
    bytes_left: int
    members_left: int = field(init=False)

    def __post_init__(self) -> None:
        self.members_left = self.limits.members

    def spend(self, amount: int, where: str) -> None:
        self.bytes_left -= amount
        if self.bytes_left < 0:
            raise CannotOpenError(f"{where} expands to more bytes than the limit allows (a decompression bomb?)")

    def spend_members(self, count: int, where: str) -> None:
        self.members_left -= count
        if self.members_left < 0:
            raise CannotOpenError(f"{where} has more than {self.limits.members:,} members")


def leaves(data: bytes, name: str, limits: Limits | None = None) -> Iterator[Leaf]:
    """Yields what remains when every layer of compression and every zip archive is opened.

    Args:
        data: The whole file.
        name: Its name, for `Leaf.where`.
        limits: How far to go.

    Raises:
        CannotOpenError: while iterating; a layer is damaged, encrypted, has bytes after its end, or breaks a limit.
    """
    limits = limits or Limits()
    allowed = min(limits.expanded, max(limits.floor, limits.ratio * len(data)))
    yield from _open(Leaf(where=name, data=data), _Budget(limits, allowed), depth=0)


def kind_of(data: bytes) -> str | None:
    """The layer that these bytes are: "gzip", "zlib", "bz2", "xz", "lzma", "zip", "lz4", or None."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    is_zlib = len(data) > 1 and data[0] == 0x78 and (data[0] << 8 | data[1]) % 31 == 0  # RFC 1950, section 2.2
    return "zlib" if is_zlib else None


_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # an empty archive
    (b"\x04\x22\x4d\x18", "lz4"),
)


def _open(leaf: Leaf, budget: _Budget, depth: int) -> Iterator[Leaf]:
    kind = kind_of(leaf.data)
    if kind is None:
        yield leaf
        return
    if depth >= budget.limits.depth:
        raise CannotOpenError(f"{leaf.where} has more than {budget.limits.depth} layers inside one another")
    if kind == "zip":
        inside = _members(leaf, budget)
    else:
        expanded = _expand(leaf.data, kind, leaf.where, budget)
        where = f"{leaf.where}!{kind}"
        inside = iter([Leaf(where=where, data=expanded, member=leaf.member, sibling_pickle=leaf.sibling_pickle)])
    for one in inside:
        yield from _open(one, budget, depth + 1)


def _expand(data: bytes, kind: str, where: str, budget: _Budget) -> bytes:
    parts: list[bytes] = []
    try:
        while data:
            data = _expand_one(data, _decoder(kind, where), where, budget, parts)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as reason:
        raise CannotOpenError(f"{where} is damaged {kind} data: {reason}") from reason
    return b"".join(parts)


def _expand_one(data: bytes, decoder: Any, where: str, budget: _Budget, parts: list[bytes]) -> bytes:
    """Expands one stream onto `parts`; returns the bytes after its end (a second stream may follow)."""
    position, pending = 0, b""
    while not decoder.eof:
        if not pending and getattr(decoder, "needs_input", True):
            pending, position = data[position : position + _STEP], position + _STEP
            if not pending:
                raise CannotOpenError(f"{where} is cut off")
        part = decoder.decompress(pending, _STEP)
        pending = getattr(decoder, "unconsumed_tail", b"")
        budget.spend(len(part), where)
        parts.append(part)
    rest: bytes = decoder.unused_data + data[position:]
    return rest


def _decoder(kind: str, where: str) -> Any:
    if kind == "gzip":
        return zlib.decompressobj(wbits=31)
    if kind == "zlib":
        return zlib.decompressobj()
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind in ("xz", "lzma"):
        return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    raise CannotOpenError(f"{where} is {kind} data, which this scan does not open; save it with gzip or zlib instead")


def _members(leaf: Leaf, budget: _Budget) -> Iterator[Leaf]:
    try:
        with zipfile.ZipFile(BytesIO(leaf.data)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            budget.spend_members(len(infos), leaf.where)
            _refuse_ambiguous(infos, leaf.where)
            has_pickle = any(info.filename.rsplit("/", 1)[-1] == "data.pkl" for info in infos)
            for info in infos:
                where = f"{leaf.where}!{info.filename}"
                data = _member(archive, info, where, budget)
                yield Leaf(where=where, data=data, member=True, sibling_pickle=has_pickle)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, zlib.error) as reason:
        raise CannotOpenError(f"{leaf.where} is a damaged zip archive: {reason}") from reason


def _refuse_ambiguous(infos: list[zipfile.ZipInfo], where: str) -> None:
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        raise CannotOpenError(f"{where} has two members of the same name, so readers may differ")
    if any(info.flag_bits & 0x1 for info in infos):
        raise CannotOpenError(f"{where} is encrypted")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, budget: _Budget) -> bytes:
    parts: list[bytes] = []
    with archive.open(info) as stream:
        while part := stream.read(_STEP):
            budget.spend(len(part), where)
            parts.append(part)
    return b"".join(parts)
