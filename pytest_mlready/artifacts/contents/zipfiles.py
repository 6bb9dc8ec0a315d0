"""Goes over the members of a zip archive; each is expanded a step at a time."""

from __future__ import annotations

import re
import struct
import zipfile
from typing import IO, TYPE_CHECKING, BinaryIO

from pytest_mlready.artifacts.unpack import CannotOpenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.artifacts.contents.limits import Budget

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LONGEST_DIRECTORY = 32 << 20  # bytes; about half a million members, which take some hundred MB as objects
_TENSOR = re.compile(r"(.*/)?data/\d+")  # raw numbers in a PyTorch archive, beside its data.pkl


def opened(file: BinaryIO) -> zipfile.ZipFile:
    """Reads the directory of an archive.

    Raises:
        CannotOpenError: It is damaged, or claims to be longer than may be held.
    """
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - (1 << 16) - 128))
    tail = file.read()
    if (claimed := _directory(tail)) > _LONGEST_DIRECTORY:
        raise CannotOpenError(f"its zip directory claims {claimed:,} bytes")
    file.seek(0)
    try:
        return zipfile.ZipFile(file)
    except Exception as reason:  # noqa: BLE001 - zipfile raises whatever its parsing runs into
        raise CannotOpenError(f"it is a damaged zip archive ({type(reason).__name__})") from None


def _directory(tail: bytes) -> int:
    """Bytes that the end record claims for the directory. Source: .ZIP File Format Specification, 4.3.14 and 4.3.16."""
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + 16:
        return 0
    (size,) = struct.unpack_from("<I", tail, end + 12)
    wide = tail.rfind(_END_64, 0, end)
    if size == 0xFFFFFFFF and 0 <= wide <= end - 48:
        (size,) = struct.unpack_from("<Q", tail, wide + 40)
    return int(size)


def members(archive: zipfile.ZipFile, budget: Budget) -> Iterator[tuple[str, IO[bytes] | str]]:
    """Yields (name, content) of every file, or (name, reason) where its content cannot be had.

    Two members of one name are both given. The tensors of a PyTorch archive are left out: they are numbers.
    """
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]  # is_dir() fails on ""
    is_torch = any(info.filename.rpartition("/")[2] == "data.pkl" for info in infos)
    for info in infos:
        budget.member()
        if is_torch and _TENSOR.fullmatch(info.filename):
            continue
        if info.flag_bits & 0x1:
            yield info.filename, "it is encrypted"
            continue
        try:
            stream = archive.open(info)
        except Exception as reason:  # noqa: BLE001 - as above
            yield (
                info.filename,
                f"it is damaged, or packed in a way that Python does not open ({type(reason).__name__})",
            )
            continue
        with stream:
            yield info.filename, stream
