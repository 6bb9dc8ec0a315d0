"""Reads a file, a part of a file, or a member of an archive: forward only, a step at a time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from typing import BinaryIO

    from pytest_mlready.artifacts.contents.limits import Budget

STEP = 1 << 18  # bytes that pass through memory at once
_AHEAD = 4096  # bytes fetched for a smaller read
LONGEST_READ = 128 << 20  # whatever a file claims of its parts' sizes, no more is held in memory at once


class Source:
    """A stream with a look ahead. Subclasses say where bytes come from, and how to pass over many at once."""

    def __init__(self) -> None:
        self.position = 0
        self._ahead = b""
        self._used = 0  # bytes of the look ahead that were read already

    def _fetch(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        raise NotImplementedError

    def _jump(self, size: int) -> int:
        """Passes over up to `size` bytes; says how many there were."""
        left = size
        while left and (part := self._fetch(min(left, STEP))):
            left -= len(part)
        return size - left

    def place(self) -> tuple[BinaryIO, int, int] | None:
        """(file, offset, size) when the bytes that follow lie in a file as they are; else None."""
        return None

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay to be read; fewer than `size` only at the end."""
        if len(self._ahead) - self._used < size:
            parts, known = [self._ahead[self._used :]], len(self._ahead) - self._used
            while known < size and (part := self._fetch(size - known)):
                parts.append(part)
                known += len(part)
            self._ahead, self._used = b"".join(parts), 0
        return self._ahead[self._used : self._used + size]

    def read(self, size: int) -> bytes:
        """The next bytes; fewer than `size` only at the end.

        Raises:
            CannotOpenError: More is asked for than may be held in memory.
        """
        if size > LONGEST_READ:
            raise CannotOpenError(f"a part claims {size:,} bytes")
        if self._used + size > len(self._ahead):
            self.peek(max(size, _AHEAD))
        data = self._ahead[self._used : self._used + size]
        self._used += len(data)
        self.position += len(data)
        return data

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes.

        Raises:
            CannotOpenError: There are fewer, or more than may be held in memory.
        """
        data = self.read(size)
        if len(data) < size:
            raise CannotOpenError("it is cut off")
        return data

    def some(self) -> bytes:
        """Whatever comes next, one step of it; nothing at the end."""
        return self.read(STEP)

    def skip(self, size: int) -> int:
        """Passes over bytes without holding them; says how many there were."""
        here = min(size, len(self._ahead) - self._used)
        self._used += here
        passed = here + (self._jump(size - here) if size > here else 0)
        self.position += passed
        return passed

    def leave(self, size: int) -> None:
        """Passes over exactly `size` bytes.

        Raises:
            CannotOpenError: There are fewer.
        """
        if self.skip(size) < size:
            raise CannotOpenError("it is cut off")

    def readline(self) -> bytes:
        """The next bytes up to and with a line feed.

        Raises:
            CannotOpenError: There is none, or more bytes before it than may be held in memory.
        """
        size = 256
        while (end := (known := self.peek(size)).find(b"\n")) < 0:
            if size > LONGEST_READ or len(known) < size:
                raise CannotOpenError("a line in it has no end")
            size *= 2
        return self.read(end + 1)


class FileSource(Source):
    """A seekable file, from its beginning."""

    def __init__(self, file: BinaryIO, budget: Budget) -> None:
        super().__init__()
        self._file, self._budget = file, budget
        self._size = file.seek(0, 2)
        file.seek(0)

    def _fetch(self, size: int) -> bytes:
        self._budget.tick()
        return self._file.read(size)

    def place(self) -> tuple[BinaryIO, int, int] | None:
        return self._file, self.position, self._size - self.position

    def _jump(self, size: int) -> int:
        here = self._file.tell()
        return self._file.seek(min(here + size, self._size)) - here


class Section(Source):
    """The next bytes of another source."""

    def __init__(self, whole: Source, size: int) -> None:
        super().__init__()
        self._origin = whole.place()
        self._whole, self._left, self._size = whole, size, size

    def place(self) -> tuple[BinaryIO, int, int] | None:
        if self._origin is None:
            return None
        file, start, available = self._origin
        return file, start + self.position, min(self._size, available) - self.position

    def _fetch(self, size: int) -> bytes:
        data = self._whole.read(min(size, self._left))
        self._left -= len(data)
        return data

    def _jump(self, size: int) -> int:
        passed = self._whole.skip(min(size, self._left))
        self._left -= passed
        return passed

    def finish(self) -> None:
        """Moves the other source to the end of this section.

        Raises:
            CannotOpenError: It ends before.
        """
        self._whole.leave(self._left)
        self._left = 0


class Window(io.RawIOBase):
    """A part of a file, as a file that can be sought in."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class MemberSource(Source):
    """A file object that an archive's reader gave, whose damage shows while it is read."""

    def __init__(self, file: Any, budget: Budget) -> None:
        super().__init__()
        self._file, self._budget = file, budget

    def _fetch(self, size: int) -> bytes:
        try:
            data: bytes = self._file.read(size)
        except CannotOpenError:
            raise
        except Exception as reason:  # noqa: BLE001 - readers raise whatever their parsing runs into
            raise CannotOpenError(f"it is damaged ({type(reason).__name__})") from None
        self._budget.expand(len(data))
        return data
