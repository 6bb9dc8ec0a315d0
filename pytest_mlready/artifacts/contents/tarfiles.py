"""Goes over the members of a tar archive, forward only.

Headers are parsed by the standard library. Its `TarFile` is not used for the walk: it holds a long name of any claimed
size in memory, and up to Python 3.13.5 it follows negative sizes backwards without end (CVE-2025-8194).
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.artifacts.contents.streams import Section
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.artifacts.contents.limits import Budget
    from pytest_mlready.artifacts.contents.streams import Source

BLOCK = tarfile.BLOCKSIZE
_LONGEST_NAME = 1 << 20  # bytes of a long name, or of a member's extended header
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE)
_EMPTY = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member; `content` is to be read before the next one is asked for.

    Attributes:
        name: As the archive has it, whatever it says: nothing is ever written under it.
        kind: "file", "folder", "link" (symbolic), "hard link" or "device".
        target: Where a link leads.
        content: The bytes of a file; empty for the rest.
    """

    name: str
    kind: str
    target: str
    content: Section


def is_tar(head: bytes) -> bool:
    """Whether bytes begin with a tar header whose checksum holds; `head` has at least 512 bytes."""
    try:
        tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "replace")
    except (tarfile.TarError, ValueError):
        return False
    return True


def members(source: Source, budget: Budget) -> Iterator[Member]:
    """Yields every member, those behind an end mark too.

    Raises:
        CannotOpenError: While iterating: a header is damaged, the archive is cut off, or a limit is reached.
    """
    extended: dict[str, str] = {}
    ended = False
    while block := source.read(BLOCK):
        if not block.strip(b"\0"):
            ended = True
            budget.tick()
            continue
        info = _header(block, source.position)
        ended = False
        if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            extended["path" if info.type == tarfile.GNUTYPE_LONGNAME else "linkpath"] = _text(source, info.size)
        elif info.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            extended |= _records(_text(source, info.size))
        elif info.type == tarfile.XGLTYPE:
            _text(source, info.size)
        else:
            budget.member()
            yield from _member(source, info, block, extended)
            extended = {}
    if not ended:
        raise CannotOpenError("the tar archive has no end mark: it is cut off")


def _header(block: bytes, position: int) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
    except (tarfile.TarError, ValueError):
        raise CannotOpenError(f"a tar header is damaged (near byte {position:,})") from None
    if info.size < 0:
        raise CannotOpenError(f"a tar header claims a negative size (near byte {position:,})")
    return info


def _member(source: Source, info: tarfile.TarInfo, block: bytes, extended: dict[str, str]) -> Iterator[Member]:
    if info.type == tarfile.GNUTYPE_SPARSE and block[482]:
        while source.exactly(BLOCK)[504]:  # blocks of an old sparse file's map, each saying whether one follows
            pass
    size = 0 if info.type in _EMPTY else _size(extended.get("size"), info.size)
    content = Section(source, size)
    yield Member(
        name=extended.get("GNU.sparse.name") or extended.get("path") or info.name,
        kind=_kind(info),
        target=extended.get("linkpath") or info.linkname,
        content=content,
    )
    content.finish()
    source.leave(-size % BLOCK)


def _size(extended: str | None, plain: int) -> int:
    if extended is None:
        return plain
    if not extended.isdecimal() or len(extended) > 20:
        raise CannotOpenError("an extended tar header's size is no number")
    return int(extended)


def _kind(info: tarfile.TarInfo) -> str:
    if info.type in _FILES:
        return "file"
    kinds = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hard link"}
    return kinds.get(info.type, "device")


def _text(source: Source, size: int) -> str:
    if size > _LONGEST_NAME:
        raise CannotOpenError(f"a tar header claims a name or record of {size:,} bytes")
    data = source.exactly(size)
    source.leave(-size % BLOCK)
    return data.decode("utf-8", "replace").rstrip("\0")


def _records(text: str) -> dict[str, str]:
    """The records of an extended header, each "length key=value" with a line feed (POSIX.1-2001, pax)."""
    pairs = (line.partition(" ")[2].partition("=") for line in text.split("\n"))
    return {key: value for key, equals, value in pairs if equals}
