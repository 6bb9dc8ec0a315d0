"""Digests and measures files and folders."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes, or of a folder's relative names and file digests in sorted order.

    Symbolic links to folders are not followed, so that a loop cannot hang it.
    """
    if path.is_dir():
        total = hashlib.sha256()
        for file in _files(path):
            total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
        return total.hexdigest()
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_of(data: bytes) -> str:
    """Hexadecimal SHA-256 of bytes in memory."""
    return hashlib.sha256(data).hexdigest()


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    return sum(file.stat().st_size for file in _files(path)) if path.is_dir() else path.stat().st_size


def _files(folder: Path) -> Iterator[Path]:
    """All files below, sorted by their relative name; `rglob` does not enter linked folders."""
    return iter(sorted((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.relative_to(folder).as_posix()))
