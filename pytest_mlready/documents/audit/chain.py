"""Chains the lines of a log, so that a change, a removal or another order shows; appends to it and verifies it.

One JSON object a line. `prev` is the `sha256` of the line before (64 zeros in the first), `sha256` the digest of the
line itself without that key, in canonical form: keys sorted, no spaces, UTF-8. Whoever can write the whole log can also
chain it anew: keep the last digest (`head`) where they cannot write. Trees that prove more: Crosby and Wallach 2009.

    python -m pytest_mlready.documents.audit LOG event=deployed model_sha256=… commit=… approver=…
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import jsonlines
from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import IO

    from pytest_mlready.documents.jsonlines import Record

FIRST = "0" * 64
KEYS = ("prev", "sha256")


def digest(entry: Mapping[str, Any]) -> str:
    """Sha256 of an entry in canonical form, its own `sha256` left out."""
    rest = {key: value for key, value in entry.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_chained(records: Sequence[Record]) -> bool:
    """Whether any line claims to be chained; a log of which some are is no export."""
    return any(isinstance(r.value, dict) and any(key in r.value for key in KEYS) for r in records)


def breaks(records: Sequence[Record], *, head: str | None = None) -> list[str]:
    """Where the chain is broken, a sentence each; empty when every line is as it was written, in its place.

    Args:
        records: The log's lines.
        head: The last line's digest, as it was kept elsewhere.
    """
    lines = {str(r.value.get("sha256")): r.line for r in records if isinstance(r.value, dict)}
    found, before = [], FIRST
    for record in records:
        entry = record.value
        if not isinstance(entry, dict):
            found.append(f"line {record.line} is no entry")
            continue
        if digest(entry) != entry.get("sha256"):
            found.append(f"line {record.line} was changed after it was written: its sha256 is not that of its content")
        if entry.get("prev") != before:
            found.append(_misplaced(record, lines))
        before = str(entry.get("sha256"))
    if head and before.lower() != head.strip().lower():
        found.append(f"the last line is not the one whose digest was kept ({head[:12]}…): lines were cut off or added")
    return found


def _misplaced(record: Record, lines: Mapping[str, int]) -> str:
    prev = str(record.value.get("prev"))
    if prev == FIRST:
        return f"line {record.line} begins a chain of its own"
    where = f"line {lines[prev]}" if prev in lines else "a line that is not there"
    return f"line {record.line} follows {where}, by its prev: lines were removed, inserted or put in another order"


def append(path: Path, entry: Mapping[str, Any]) -> str:
    """Adds a line at the end of a log, and returns its digest, which is the new head.

    Args:
        path: The log; made when it is not there.
        entry: What is to be kept, as JSON can carry it; `prev` and `sha256` are added.

    Raises:
        DataError: the log's chain is broken, or the entry names `prev` or `sha256` itself.
    """
    if taken := [key for key in KEYS if key in entry]:
        raise DataError(f"the entry has {' and '.join(taken)}", expected="what is to be kept; the chain is added")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        _lock(stream)
        records = list(jsonlines.read(path, setting="log"))
        if found := breaks(records):
            raise DataError(
                f"{path} is broken: {found[0]}", fix="restore it; nothing is added to a log that is not whole"
            )
        chained = {**entry, "prev": records[-1].value["sha256"] if records else FIRST}
        head = chained["sha256"] = digest(chained)
        gap = b"" if not records or _ends_line(stream) else b"\n"
        stream.write(gap + json.dumps(chained, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    return head


def _ends_line(stream: IO[bytes]) -> bool:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"


def _lock(stream: IO[bytes]) -> None:
    """Keeps two jobs from following the same line; not where the system has no such lock."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(stream, fcntl.LOCK_EX)
