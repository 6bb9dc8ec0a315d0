"""Reads a sample of logs and prompts: JSON lines field by field, anything else line by line."""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader
    from pathlib import Path

MOST_BYTES = 500_000_000  # of all files together; what lies behind is counted as not read
LONGEST_LINE = 1_000_000  # bytes of one line
DEEPEST = 8  # tables inside one another
MOST_FIELDS = 2_000
_BEGIN = 1000  # bytes in which a list's bracket stands
_FIX = "write text: tables belong under [tool.mlready.data], other compression is expanded first"
LINE = "line"  # the field of a line that is no JSON
_CHANGING = re.compile(r"\d+|[0-9a-f-]{8,}", re.IGNORECASE)  # a key that is an id: all such keys are one field


@dataclass(slots=True, kw_only=True)
class Records:
    """A sample of records.

    Attributes:
        fields: Values by dotted path; a list's elements under "path[]".
        rows: Records in the sample.
        total: Records in the files, as far as they were read.
        whole: Whether all files were read to their end.
    """

    fields: dict[str, list[Any]] = field(default_factory=dict)
    rows: int = 0
    total: int = 0
    whole: bool = True


def read(paths: Sequence[Path], *, seed: int, sample: int) -> Records:
    """A sample of all records of the files, each with the same chance (Vitter 1985, algorithm R).

    Args:
        paths: Files; .gz is expanded. A .json file that holds a list is read as its elements.
        seed: Of the sample.
        sample: Records at most.

    Raises:
        DataError: a file cannot be read.
    """
    chosen: list[Any] = []
    records = Records()
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    for one in _all(paths, records):
        records.total += 1
        if len(chosen) < sample:
            chosen.append(one)
        elif (place := rng.randrange(records.total)) < sample:
            chosen[place] = one
    records.rows = len(chosen)
    for one in chosen:
        _flatten(_parsed(one), "", records.fields, 0)
    return records


def _all(paths: Sequence[Path], records: Records) -> Iterator[Any]:
    left = MOST_BYTES
    for path in paths:
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
                if _holds_a_list(path, stream):
                    data = stream.read(left + 1)
                    left -= len(data)
                    if left < 0:
                        records.whole = False
                        return
                    yield from _listed(data)
                    continue
                while line := stream.readline(LONGEST_LINE):
                    left -= len(line)
                    if left < 0:
                        records.whole = False
                        return
                    line = line.strip(b"\0")  # with which a log begins that was cut while it was written
                    if b"\0" in line:
                        raise DataError(f"{path} is no text in UTF-8", expected="JSON lines or text, .gz too", fix=_FIX)
                    if line.strip():
                        yield line
        except (OSError, EOFError, zlib.error) as reason:
            told = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
            raise DataError(f"{path} cannot be read: {told}") from None


def _holds_a_list(path: Path, stream: gzip.GzipFile | BufferedReader) -> bool:
    """Whether a JSON file is one list; leaves the stream at its beginning."""
    begin = stream.read(_BEGIN).lstrip() if ".json" in path.suffixes else b""
    stream.seek(0)
    return begin.startswith(b"[")


def _listed(data: bytes) -> list[Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return data.splitlines()
    return found if isinstance(found, list) else [found]


def _parsed(one: Any) -> Any:
    """A line as the table that it holds, else as {"line": text}."""
    if not isinstance(one, bytes):
        return one if isinstance(one, dict) else {LINE: one}
    text = one.decode("utf-8", errors="replace").strip()
    if text.startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return {LINE: text}


def _flatten(value: Any, path: str, fields: dict[str, list[Any]], depth: int) -> None:
    if depth > DEEPEST:
        _put(fields, path, str(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            part = "*" if _CHANGING.fullmatch(str(key)) else str(key)
            _flatten(inner, f"{path}.{part}" if path else part, fields, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _flatten(inner, f"{path}[]", fields, depth + 1)
    else:
        _put(fields, path, value)


def _put(fields: dict[str, list[Any]], path: str, value: Any) -> None:
    if path not in fields and len(fields) >= MOST_FIELDS:
        path = "*"
    fields.setdefault(path, []).append(value)
