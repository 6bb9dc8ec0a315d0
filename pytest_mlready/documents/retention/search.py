"""Looks for subjects in tables, and in logs word by word, by their keyed hashes."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_mlready.documents.retention import subjects
from pytest_mlready.errors import DataError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from pytest_mlready.documents.retention.subjects import Subjects

MOST_BYTES = 200_000_000  # of one store's logs, expanded
LONGEST_LINE = 1_000_000
DEEPEST = 20  # tables inside one another
MOST_KEYS = 20_000_000  # different keys that are hashed
_WORD = re.compile(r"[^\s\"'`,;:=(){}\[\]<>|]+")  # how ids stand in a log: between spaces and punctuation
_OUTER = re.compile(r"[^\s\"'`,;=(){}\[\]<>|]+")  # the same with a colon inside: user:12
_INNER = re.compile(r"[^/?&#+~!$*%\\]+")  # and how they stand in a path or a query: /users/12?mail=…
_LONGEST = 5  # hashes that a message lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search of one store came to.

    Attributes:
        store: Its name.
        deleted: Hashes of deleted subjects that were met.
        present: Hashes of subjects that must be there, and were met.
        keys: Different keys that were hashed.
        gap: Why the store was not searched, or not to its end; "" where it was.
    """

    store: str
    deleted: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    keys: int = 0
    gap: str = ""


def table(store: str, frame: pl.DataFrame, wanted: Subjects) -> Searched:
    """Searches a table by the columns of the key; every different key is hashed once."""
    columns = list(frame.columns) if wanted.key == ("*",) else list(wanted.key)
    if missing := [column for column in columns if column not in frame.columns]:
        told = f"has no column {', '.join(missing)}: nothing in it says who a record is about"
        return Searched(store=store, gap=told)
    keys = frame.select(columns).unique()
    if keys.height > MOST_KEYS:
        return Searched(store=store, gap=f"has {keys.height:,} different keys, more than are looked through")
    return _among(store, (subjects.digest(row, wanted.salt) for row in keys.iter_rows()), wanted)


def logs(store: str, paths: Sequence[Path], wanted: Subjects) -> Searched:
    """Searches logs: every value of JSON lines and every word of others, for keys of one column.

    Raises:
        DataError: a file cannot be read.
    """
    if len(wanted.key) > 1 or wanted.key == ("*",):
        told = "is a log, in which a key of several columns cannot be looked for"
        return Searched(store=store, gap=told)
    words: set[str] = set()
    whole = True
    for path in paths:
        whole = _collect(path, words) and whole
        if len(words) > MOST_KEYS:
            whole = False
            break
    found = _among(store, (subjects.digest([word], wanted.salt) for word in words), wanted)
    gap = "" if whole else "is too large to be looked through to its end"
    return Searched(store=store, deleted=found.deleted, present=found.present, keys=found.keys, gap=gap)


def judge(searched: Sequence[Searched], wanted: Subjects) -> list[Verdict]:
    """Deleted subjects are nowhere, every store was searched, and the hashes are shown to fit the data."""
    verdicts = [_judge_store(one, wanted) for one in searched]
    met = frozenset(digest for one in searched for digest in one.present)
    if not wanted.deleted:
        told = f"{wanted.path} names no deleted subject: a drill without one shows nothing"
        verdicts.append(Verdict(outcome="inconclusive", message=told))
    if not wanted.present:
        told = (
            f"{wanted.path} names nobody who is still there (present): hashes of another form would match nothing too"
        )
        verdicts.append(Verdict(outcome="inconclusive", message=told))
    elif lost := wanted.present - met:
        told = f"{len(lost)} of {len(wanted.present)} subjects who must still be there were found nowhere"
        why = "the hashes were made with another salt, key or form, or these subjects are gone too"
        message = f"{wanted.path}: {told} ({_short(lost)}): {why}"
        verdicts.append(Verdict(outcome="inconclusive", message=message))
    return verdicts


def _judge_store(one: Searched, wanted: Subjects) -> Verdict:
    noted = (
        Measurement(name=f"{one.store}: different keys looked at", value=one.keys),
        Measurement(name=f"{one.store}: deleted subjects", value=len(one.deleted), max=0, n=len(wanted.deleted)),
        Measurement(name=f"{one.store}: controls found", value=len(one.present), n=len(wanted.present)),
    )
    if one.deleted:
        told = f"{one.store} still holds {len(one.deleted)} of {len(wanted.deleted)} deleted subjects"
        step = "Next step: delete them there too, and let the deletion job cover this store"
        message = f"{told} (hashes {_short(one.deleted)}). {step}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    if one.gap:
        return Verdict(outcome="inconclusive", message=f"{one.store} {one.gap}", measurements=noted)
    if not one.keys:
        return Verdict(outcome="inconclusive", message=f"{one.store} is empty", measurements=noted)
    message = f"{one.store}: none of {len(wanted.deleted)} deleted subjects"
    return Verdict(outcome="passed", message=message, measurements=noted)


def _among(store: str, hashes: Iterator[str], wanted: Subjects) -> Searched:
    keys, gone, there = 0, set(), set()
    for one in hashes:
        keys += 1
        if one in wanted.deleted:
            gone.add(one)
        if one in wanted.present:
            there.add(one)
    return Searched(store=store, deleted=frozenset(gone), present=frozenset(there), keys=keys)


def _collect(path: Path, words: set[str]) -> bool:
    """Adds a log's words; whether it was read to its end."""
    left, whole = MOST_BYTES, True
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            while line := stream.readline(LONGEST_LINE):
                left -= len(line)
                whole = whole and (len(line) < LONGEST_LINE or line.endswith(b"\n"))  # cut, perhaps within a word
                if left < 0 or len(words) > MOST_KEYS:
                    return False
                words.update(_of_line(line.decode("utf-8", errors="replace")))
    except (OSError, EOFError, zlib.error) as reason:
        raise DataError(f"{path} cannot be read: {reason}") from None
    return whole


def _of_line(line: str) -> Iterator[str]:
    yield from _words(line)
    if line.lstrip().startswith(("{", "[")):
        try:
            yield from _scalars(json.loads(line), 0)
        except (ValueError, RecursionError):
            return


def _words(text: str) -> Iterator[str]:
    """Every form in which a word may be an id: as it stands, as part of an address, at the end of a sentence."""
    plain = [text, *([unquote(text)] if "%" in text else [])]
    for word in (found for one in plain for pattern in (_WORD, _OUTER) for found in pattern.findall(one)):
        yield word
        for part in _INNER.findall(word):
            yield part
            yield part.rstrip(".:")


def _scalars(value: Any, depth: int) -> Iterator[str]:
    """Every value in a record, and every word of its texts: JSON escapes what a plain look at the line would miss."""
    if isinstance(value, dict | list):
        if depth < DEEPEST:
            for inner in value.values() if isinstance(value, dict) else value:
                yield from _scalars(inner, depth + 1)
        return
    text = subjects.text_of(value)
    yield text
    if isinstance(value, str):
        yield from _words(text)


def _short(hashes: frozenset[str]) -> str:
    shown = ", ".join(f"{one[:12]}…" for one in sorted(hashes)[:_LONGEST])
    return shown + (f" and {len(hashes) - _LONGEST} more" if len(hashes) > _LONGEST else "")
