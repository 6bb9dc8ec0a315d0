"""Appends an entry to a chained log, or verifies one.

    python -m pytest_mlready.documents.audit LOG                                   # verify; status 1 when it is broken
    python -m pytest_mlready.documents.audit LOG event=deployed model=FILE …       # append; prints the new head

Words are KEY=VALUE and stand in the entry as they are. Where they are not given, the digests of `model=FILE`,
`data=FILE` and `report=FILE` are added as model_sha256, data_sha256 and report_sha256, and now as `time`. A deployment
must say all that the check compliance.audit_trail asks for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_mlready.documents import jsonlines
from pytest_mlready.documents.audit import chain, entries
from pytest_mlready.errors import DataError, ReadinessError
from pytest_mlready.people import same_person

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES = ("model", "data", "report")


def main(words: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(f"{__doc__}\n")
        return 0 if words else 2
    path = Path(words[0])
    try:
        told = append(path, words[1:]) if words[1:] else verify(path)
    except ReadinessError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


def verify(path: Path) -> str:
    """The digest of the log's end.

    Raises:
        DataError: the chain is broken; names every place.
    """
    records = list(jsonlines.read(path, setting="log"))
    if found := chain.breaks(records):
        raise DataError(f"{path} is broken: {'; '.join(found)}")
    return f"{len(records)} lines, head {records[-1].value['sha256'] if records else chain.FIRST}"


def append(path: Path, words: Sequence[str]) -> str:
    """Adds the entry that the words make, and returns its digest.

    Raises:
        DataError: a word is none of KEY=VALUE, a file is not there, or a deployment's entry is not whole.
    """
    table: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key or not value:
            raise DataError(f"{word!r} is no entry", expected="KEY=VALUE")
        table[key] = value
    for key in FILES:
        if key in table and f"{key}_sha256" not in table and "://" not in table[key]:
            table[f"{key}_sha256"] = _sha256(Path(table[key]))
    table.setdefault("time", dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"))
    entry = entries.entry(table, "the entry")
    if entry.deploys and entry.lacks:
        raise DataError(f"the entry lacks {', '.join(entry.lacks)}")
    if entry.deploys and same_person(entry.author, entry.approver):
        raise DataError(f"{entry.approver} cannot approve their own work")
    return f"head {chain.append(path, table)}"


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
