"""Reads the names of a data file's columns from its beginning, and nothing of its rows."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEADER = 64 * 1024  # bytes in which a header must end
LARGEST = 2 * 1024**3  # bytes of a file of columns, whose footer a library reads
MOST = 2000  # columns; a wider table is no table of named features


def names(path: Path) -> tuple[str, ...]:
    """The columns of a .parquet, .arrow, .csv or .csv.gz file; none where they cannot be told."""
    try:
        if not path.is_file():  # a pipe would wait for ever
            return ()
        found = _header(path) if path.name.lower().endswith((".csv", ".csv.gz")) else _schema(path)
    except (OSError, EOFError, ValueError, csv.Error):
        return ()
    return found if len(found) <= MOST and all(found) and len(set(found)) == len(found) else ()


def _header(path: Path) -> tuple[str, ...]:
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rb") as file:
        beginning = file.read(HEADER)
    text, newline, _ = beginning.decode("utf-8-sig", errors="replace").partition("\n")
    if not newline or "\0" in text:  # a header that does not end here, a file of one line, or no text: no table
        return ()
    separator = max(",;\t|", key=text.count)
    row = next(csv.reader(io.StringIO(text), delimiter=separator), [])
    return () if any(_is_number(name) for name in row) else tuple(name.strip() for name in row)


def _is_number(text: str) -> bool:
    """Whether a cell is a value: then the row is no header."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _schema(path: Path) -> tuple[str, ...]:
    import polars as pl

    if path.stat().st_size > LARGEST:
        return ()
    read = pl.read_parquet_schema if path.suffix == ".parquet" else pl.read_ipc_schema
    try:
        return tuple(read(path))
    except pl.exceptions.PolarsError:
        return ()
