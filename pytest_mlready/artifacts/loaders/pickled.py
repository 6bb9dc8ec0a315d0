"""Loads .joblib, .pkl and .pickle, after the scan, from the bytes that were scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import pickles

if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path, data: bytes, *, trust: tuple[str, ...], trusted_types: tuple[str, ...]) -> Any:
    """The pickled object.

    Args:
        path: Where `data` were read from, for messages.
        data: The file's bytes.
        trust: SHA-256 digests of files to load whatever the scan says.
        trusted_types: Dotted names of classes accepted besides the list.

    Raises:
        ModelError: the scan objects, or loading fails.
    """
    scanned = pickles.scan(path, data=data, trusted=trusted_types)
    return pickles.load(scanned, trusted=trusted_types, trust=trust)
