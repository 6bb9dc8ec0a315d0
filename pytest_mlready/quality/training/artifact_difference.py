"""Says in which part two artifacts of one training differ: which member, which array, which field, which byte."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.quality.training import json_difference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from gzip import GzipFile
    from pathlib import Path
    from typing import IO

    Readable = IO[bytes] | GzipFile

READ = 64 << 20  # bytes of one member that are looked into; larger ones are compared as bytes alone
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"


def equal(a: Path, b: Path) -> bool:
    """Whether two files, or two folders with all below, hold the same names and bytes."""
    if a.is_dir() and b.is_dir():
        names = _below(a)
        return names == _below(b) and all(equal(a / name, b / name) for name in names)
    if not a.is_file() or not b.is_file():
        return False
    with a.open("rb") as ours, b.open("rb") as theirs:
        return _first_difference(ours, theirs) is None


def differences(a: Path, b: Path) -> list[str]:
    """Sentences on what differs between two files or two folders; none where the bytes are equal."""
    if a.is_dir() and b.is_dir():
        return list(_folders(a, b))
    if equal(a, b):
        return []
    if a.is_dir() or b.is_dir():
        return ["one is a folder, the other a file"]
    return list(_files(a, b))


def _folders(a: Path, b: Path) -> Iterator[str]:
    ours, theirs = _below(a), _below(b)
    yield from _only(ours, theirs)
    for name in (n for n in ours if n in theirs):
        yield from (f"{name}: {said}" for said in differences(a / name, b / name))


def _files(a: Path, b: Path) -> Iterator[str]:
    if zipfile.is_zipfile(a) and zipfile.is_zipfile(b):
        try:
            with zipfile.ZipFile(a) as ours, zipfile.ZipFile(b) as theirs:
                yield from _archives(ours, theirs) or ["the archives' directories differ, their members do not"]
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, OSError) as error:
            yield f"the archives cannot be compared by member: {error}"
        return
    with a.open("rb") as ours_raw, b.open("rb") as theirs_raw:
        if ours_raw.read(2) == theirs_raw.read(2) == GZIP and (said := _compressed(a, b)):
            yield said
            return
    if a.stat().st_size <= READ and b.stat().st_size <= READ:
        yield from _contents(a.read_bytes(), b.read_bytes())
        return
    with a.open("rb") as ours_raw, b.open("rb") as theirs_raw:
        yield _from_byte(_first_difference(ours_raw, theirs_raw), a.stat().st_size, b.stat().st_size)


def _compressed(a: Path, b: Path) -> str:
    try:
        with gzip.open(a) as ours, gzip.open(b) as theirs:
            at = _first_difference(ours, theirs)
    except (OSError, EOFError, zlib.error):
        return ""
    if at is None:
        return "the gzip headers differ (time of writing or file name), what is compressed does not"
    return f"what is compressed differs from byte {at:,}"


def _archives(a: zipfile.ZipFile, b: zipfile.ZipFile) -> list[str]:
    ours, theirs = ({info.filename: info for info in archive.infolist()} for archive in (a, b))
    said = list(_only(list(ours), list(theirs), "member"))
    shared = [name for name in ours if name in theirs]
    dated = [name for name in shared if ours[name].date_time != theirs[name].date_time]
    if dated:
        said.append(f"the times of writing differ in {len(dated)} of {len(shared)} members ({dated[0]})")
    if not said and list(ours) != list(theirs):
        said.append("the members stand in another order")
    for name in shared:
        said += _members(name, (a, ours[name]), (b, theirs[name]))
    return said


def _members(
    name: str, ours: tuple[zipfile.ZipFile, zipfile.ZipInfo], theirs: tuple[zipfile.ZipFile, zipfile.ZipInfo]
) -> list[str]:
    sizes = [info.file_size for _, info in (ours, theirs)]
    if ours[1].CRC == theirs[1].CRC and sizes[0] == sizes[1]:
        return []
    if max(sizes) > READ:
        return [f"{name} differs ({sizes[0]:,} and {sizes[1]:,} bytes)"]
    contents = [archive.open(info).read(READ) for archive, info in (ours, theirs)]
    return [f"{name}: {said}" for said in _contents(*contents)]


def _contents(a: bytes, b: bytes) -> list[str]:
    """What differs between two contents: fields of JSON, numbers of an array, or bytes."""
    for reader in (_documents, _arrays):
        if said := reader(a, b):
            return said
    return [_from_byte(_first_place(a, b), len(a), len(b))]


def _documents(a: bytes, b: bytes) -> list[str]:
    if a[:1] not in (b"{", b"["):
        return []
    try:
        return json_difference.differences(json.loads(a), json.loads(b))
    except (ValueError, RecursionError):
        return []


def _arrays(a: bytes, b: bytes) -> list[str]:
    if not a.startswith(b"\x93NUMPY") or not b.startswith(b"\x93NUMPY"):
        return []
    try:
        ours, theirs = (np.load(io.BytesIO(raw), allow_pickle=False) for raw in (a, b))
    except (ValueError, OSError, EOFError):
        return []
    return arrays(ours, theirs)


def arrays(a: Any, b: Any) -> list[str]:
    """What differs between two arrays: shape, type, or how many values and by how much; field by field."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return [f"{a.dtype} of shape {a.shape} and {b.dtype} of shape {b.shape}"]
    if a.dtype.names:
        return [f"{name}: {said}" for name in a.dtype.names for said in arrays(a[name], b[name])]
    numbers = a.dtype.kind in "fc"
    differ = np.asarray((a != b) & ~((a != a) & (b != b)) if numbers else a != b)  # noqa: PLR0124 - NaN equals NaN here
    if not differ.any():
        return []
    with np.errstate(all="ignore"):
        by = f", by up to {np.abs(a[differ] - b[differ]).max():.3g}" if numbers else ""
    return [f"{int(differ.sum()):,} of {a.size:,} values differ{by}"]


def _only(a: list[str], b: list[str], what: str = "file") -> Iterator[str]:
    for names, others, which in ((a, b, "first"), (b, a, "second")):
        alone = [name for name in names if name not in others]
        if alone:
            yield f"{len(alone)} {what}{'s' * (len(alone) > 1)} only in the {which} ({', '.join(alone[:3])})"


def _first_difference(a: Readable, b: Readable) -> int | None:
    at = 0
    while True:
        ours, theirs = a.read(CHUNK), b.read(CHUNK)
        if ours != theirs:
            return at + _first_place(ours, theirs)
        if not ours:
            return None
        at += len(ours)


def _first_place(a: bytes, b: bytes) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _from_byte(at: int | None, a: int, b: int) -> str:
    return f"they differ from byte {at or 0:,} ({a:,} and {b:,} bytes)"


def _below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
