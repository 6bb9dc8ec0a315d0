"""Walks over one file and all that lies inside it, and yields its texts; nothing is executed, nothing stored."""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, BinaryIO, cast

from pytest_mlready.artifacts.contents import (
    headers,
    kinds,
    notebooks,
    onnxtexts,
    picklestrings,
    tarfiles,
    texts,
    zipfiles,
)
from pytest_mlready.artifacts.contents.expanding import Expanded
from pytest_mlready.artifacts.contents.found import Gap, Piece
from pytest_mlready.artifacts.contents.limits import Budget, Limits, SpentError
from pytest_mlready.artifacts.contents.packages import is_packaged
from pytest_mlready.artifacts.contents.streams import STEP, FileSource, MemberSource, Window
from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_mlready.artifacts.contents.found import At, Found
    from pytest_mlready.artifacts.contents.streams import Source

_HELD = 32 << 20  # bytes of an inner zip that are held in memory; a larger one goes to an unnamed temporary file
_LARGEST_HELD = 2 << 30
_WHOLE = 64 << 20  # bytes of a file of an unknown kind that are read
_BEGINNING = 1 << 20  # bytes that are read of what is known to hold no text further on
_OLD_PICKLE = 64 << 20


class Walk:
    """One walk: its limits, and what is left of them."""

    def __init__(
        self, size: int, limits: Limits, *, own_packages: tuple[str, ...] = (), numbers: tuple[str, ...] = ()
    ) -> None:
        """Prepares a walk.

        Args:
            size: Bytes of the file.
            limits: How far to go.
            own_packages: Names of installed packages that are the team's own.
            numbers: Globs of files that hold numbers alone, of which the beginning is enough.
        """
        self.size, self.limits, self.own_packages, self.numbers = size, limits, own_packages, numbers
        self.budget = Budget(limits, size)
        self.files = 0
        self.outside = 0  # members whose name or link leads out of the archive; nothing follows them

    def another_budget(self) -> Budget:
        """The limits once more, for a look at the whole before the walk."""
        return Budget(self.limits, self.size)

    def open(self, source: Source, at: At) -> Iterator[Found]:
        """Yields what is in a stream; damage becomes a gap, and the walk goes on beside it.

        Raises:
            SpentError: While iterating: a limit of the whole artifact is reached.
        """
        try:
            yield from self._open(source, at)
        except SpentError:
            raise
        except CannotOpenError as reason:
            yield Gap(at=at, why=str(reason))
        except Exception as reason:  # noqa: BLE001 - hostile bytes may break a parser in any way; the walk goes on
            yield Gap(at=at, why=f"it is damaged in a way that its reader does not know ({type(reason).__name__})")

    def _open(self, source: Source, at: At) -> Iterator[Found]:
        if at.depth > self.limits.depth:
            raise CannotOpenError(f"it lies more than {self.limits.depth} layers deep")
        self.budget.tick()
        head = source.peek(kinds.LOOK)
        kind = kinds.kind(head, at.name) if head else "empty"
        self.files += kind not in (*kinds.COMPRESSED, "zip", "tar", "empty")
        if kind in kinds.NOT_OPENED:
            raise CannotOpenError(f"it is a {kind}, which this walk does not open")
        if kind in kinds.COMPRESSED:
            yield from self.open(Expanded(source, kind, self.budget), at.inside(kind, _unpacked(at.name)))
        elif kind == "text":
            yield from texts.of_file(source, at, texts.encoding(head) or "utf-8")
        elif kind != "empty":
            yield from self._reader(kind)(source, at)

    def _reader(self, kind: str) -> Callable[[Source, At], Iterator[Found]]:
        readers: dict[str, Callable[[Source, At], Iterator[Found]]] = {
            "tar": self._tar,
            "zip": self._zip,
            "pickle": self._pickle,
            "old pickle": self._old,
            "npy": self._npy,
            "notebook": lambda source, at: notebooks.pieces(_all(source, notebooks.LONGEST), at),
            "safetensors": headers.safetensors,
            "gguf": headers.gguf,
            "onnx": onnxtexts.pieces,
            "opaque": lambda source, at: self.binary(source, at, known=True),
            "binary": self.binary,
        }
        return readers[kind]

    def binary(self, source: Source, at: At, *, known: bool = False) -> Iterator[Found]:
        """Yields the printable runs at the beginning of a file that is no text.

        Raises:
            CannotOpenError: While iterating: it goes on, and may hold texts there.
        """
        left = _BEGINNING if known or self._is_numbers(at) else _WHOLE
        while left and (data := source.read(min(4 * STEP, left))):
            left -= len(data)
            yield Piece(at=at, text=texts.runs(data), formats_only=at.packaged or known)
        if not known and not self._is_numbers(at) and source.peek(1):
            raise CannotOpenError(
                f"it is of an unknown kind, and only its first {_WHOLE >> 20} MB were read (if it holds numbers alone, "
                "name it in `numbers`)"
            )

    def _is_numbers(self, at: At) -> bool:
        return any(fnmatch(at.name, glob) or fnmatch(at.name.rpartition("/")[2], glob) for glob in self.numbers)

    def _old(self, source: Source, at: At) -> Iterator[Found]:
        """A file that is named like a pickle and does not begin like one: protocol 0 or 1, or anything else."""
        data = source.peek(_OLD_PICKLE)
        found = list(picklestrings.pieces(_Memory(data, self.budget), at, self)) if len(data) < _OLD_PICKLE else []
        if found and not any(isinstance(one, Gap) for one in found):
            yield from found
        elif coding := texts.encoding(data[: kinds.LOOK]):
            yield from texts.of_file(source, at, coding)
        else:
            yield Gap(at=at, why="it is named like a pickle and cannot be followed as one")
            yield from self.binary(source, at)

    def _pickle(self, source: Source, at: At) -> Iterator[Found]:
        return picklestrings.pieces(source, at, self)

    def _npy(self, source: Source, at: At) -> Iterator[Found]:
        header, follows = headers.npy(source)
        yield Piece(at=at, text=header, formats_only=True)
        if follows == "O":
            yield from self.open(source, at.part("objects", "objects.pkl"))
        while follows in ("S", "U") and (data := source.some()):
            yield Piece(at=at, text=headers.fixed_width(data), formats_only=True)

    def _tar(self, source: Source, at: At) -> Iterator[Found]:
        for member in tarfiles.members(source, self.budget):
            yield from self.member(member, at)

    def member(self, member: tarfiles.Member, at: At) -> Iterator[Found]:
        """Yields what is in one member of a tar archive."""
        self.outside += _leads_out(member.name) or (member.kind == "link" and member.target.startswith(".."))
        if member.kind == "file":
            yield from self.open(member.content, self._inside(at, member.name))

    def _zip(self, source: Source, at: At) -> Iterator[Found]:
        if place := source.place():
            file, start, size = place
            here = file.tell()
            yield from self._members(cast("BinaryIO", io.BufferedReader(Window(file, start, size))), at)
            file.seek(here)
            return
        with tempfile.SpooledTemporaryFile(max_size=_HELD) as held:
            while data := source.some():
                held.write(data)
                if held.tell() > _LARGEST_HELD:
                    raise CannotOpenError(
                        f"a zip archive of more than {_LARGEST_HELD >> 30} GB lies in compressed data"
                    )
            yield from self._members(cast("BinaryIO", held), at)

    def _members(self, file: BinaryIO, at: At) -> Iterator[Found]:
        with zipfiles.opened(file) as archive:
            for name, stream in zipfiles.members(archive, self.budget):
                inside = self._inside(at, name)
                self.outside += _leads_out(name)
                if isinstance(stream, str):
                    yield Gap(at=inside, why=stream)
                else:
                    yield from self.open(MemberSource(stream, self.budget), inside)

    def _inside(self, at: At, name: str) -> At:
        inside = at.inside(name, name)
        path = at.path or (name if at.layer is not None else "")
        packaged = at.packaged or is_packaged(name, image=at.layer is not None, own=self.own_packages)
        return replace(inside, path=path, packaged=packaged)


class _Memory(FileSource):
    def __init__(self, data: bytes, budget: Budget) -> None:
        super().__init__(io.BytesIO(data), budget)


def _all(source: Source, limit: int) -> bytes:
    data = source.read(limit)
    if source.peek(1):
        raise CannotOpenError(f"it is longer than {limit >> 20} MB")
    return data


def _unpacked(name: str) -> str:
    """The name of what a compressed file holds: "app.tar.gz" holds "app.tar"."""
    for suffix in (".gz", ".bz2", ".xz", ".lzma", ".zst", ".z"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name[:-2] + "ar" if name.lower().endswith(".tgz") else name


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"
