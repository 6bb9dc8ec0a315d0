"""Reads records in JSON, one a line or all in one document, within limits of size and number."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 200_000_000  # of a file that is read line by line
MAX_LINE = 5_000_000
MAX_DOCUMENT = 20_000_000  # of a file that is one document, which must be held as a whole
MAX_RECORDS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One value, and the line that it begins in; 0 where all stand in one document."""

    line: int
    value: Any


def read(path: Path, *, setting: str) -> Iterator[Record]:
    """The records of a file: JSON lines, a list, or a single value.

    Args:
        path: The file, in UTF-8. Blank lines are passed over.
        setting: Name of the setting that names it, for messages.

    Raises:
        DataError: it is missing, too large, no JSON, or has a key twice in one table.
    """
    met = 0
    for number, line in _lines(path, setting):
        try:
            value = _parsed(line)
        except (ValueError, RecursionError) as reason:
            if met:
                raise DataError(f"{path}, line {number}, is not valid JSON: {_short(reason)}") from None
            yield from _document(path)  # its first line alone is no JSON: one document over several lines
            return
        for one in value if isinstance(value, list) else [value]:
            met += 1
            _refuse_too_many(met, path)
            yield Record(line=number, value=one)


def _lines(path: Path, setting: str) -> Iterator[tuple[int, bytes]]:
    total = 0
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path} is no file", fix=f"correct `{setting}`")
        with path.open("rb") as stream:
            for number in range(1, MAX_BYTES):
                line = stream.readline(MAX_LINE + 1)
                if not line:
                    return
                total += len(line)
                _refuse_too_large(line, total, number, path)
                if text := line.removeprefix(b"\xef\xbb\xbf").strip():
                    yield number, text
    except OSError as reason:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        told = f"{path} cannot be read: {reason.strerror}{near(path.name, beside)}"
        raise DataError(told, fix=f"correct `{setting}`") from None


def _refuse_too_large(line: bytes, total: int, number: int, path: Path) -> None:
    if len(line) > MAX_LINE:
        raise DataError(f"{path}, line {number}, has more than {MAX_LINE:,} bytes", expected="one record a line")
    if total > MAX_BYTES:
        raise DataError(f"{path} has more than {MAX_BYTES:,} bytes", fix="export what concerns these models alone")


def _refuse_too_many(met: int, path: Path) -> None:
    if met > MAX_RECORDS:
        raise DataError(f"{path} has more than {MAX_RECORDS:,} records", fix="export what concerns these models alone")


def _document(path: Path) -> Iterator[Record]:
    with path.open("rb") as stream:
        data = stream.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise DataError(f"{path} is one document of more than {MAX_DOCUMENT:,} bytes", fix="write one record a line")
    try:
        value = _parsed(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as reason:
        raise DataError(f"{path} is not valid JSON: {_short(reason)}") from None
    listed = value if isinstance(value, list) else [value]
    _refuse_too_many(len(listed), path)
    yield from (Record(line=0, value=one) for one in listed)


def _parsed(data: bytes) -> Any:
    return json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table; a key that stands twice would be read as one thing here and as another elsewhere."""
    table = dict(pairs)
    if len(table) < len(pairs):
        times = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {next(key for key, met in times.items() if met > 1)!r} stands twice")
    return table


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)  # 1e999: no writer of JSON makes it, and none can keep it


def _short(reason: BaseException) -> str:
    return " ".join(str(reason).split())[:200] or type(reason).__name__
