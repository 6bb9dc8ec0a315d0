"""Looks up what is really there: installed versions, and the columns of tables."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def installed(names: Iterable[str]) -> dict[str, str]:
    """Version of each package that this environment has, by the name that was asked for."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def columns(path: Path) -> dict[str, str] | None:
    """Name and type of a table's columns, of CSV by its first rows; None for what is no table that polars reads."""
    import polars as pl

    readers = {
        ".parquet": pl.scan_parquet, ".csv": pl.scan_csv, ".arrow": pl.scan_ipc, ".feather": pl.scan_ipc,
        ".ndjson": pl.scan_ndjson,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        return None
    try:
        return {name: str(kind) for name, kind in reader(path).collect_schema().items()}  # type: ignore[operator]
    except (pl.exceptions.PolarsError, OSError):
        return None
