"""Cuts text out of files, and printable runs out of what is not text."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_mlready.artifacts.contents.found import Piece

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_mlready.artifacts.contents.found import At
    from pytest_mlready.artifacts.contents.streams import Source

SHORTEST_RUN = 8  # characters; no token format is shorter
BLOCK = 1 << 20  # characters of one piece
_LONGEST_LINE = 1 << 14  # a longer one may be cut, between words where it has any
_RUNS = re.compile(rb"[\x20-\x7e\t]{8,}")
_ZEROS = re.compile(rb"\x00{8,}")
_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_CONFIG_SUFFIXES = re.compile(
    r"\.(env|ini|cfg|cnf|conf|config|properties|toml|ya?ml|sh|bash|zsh|ps1|bat|cmd|service|dockerfile|mk|netrc|pgpass|"
    r"npmrc|pypirc|tfvars|envrc|credentials)",
    re.IGNORECASE,
)
_CONFIG_NAMES = re.compile(
    r"(dockerfile|containerfile|makefile|procfile|\.env|env|credentials|config|\.netrc|_netrc|\.pgpass|\.\w+rc)([.-].*)?",
    re.IGNORECASE,
)
_WORD_LISTS = re.compile(  # data, vocabularies and what tools generate
    r".*\.(csv|tsv|jsonl|bpe|vocab|map|svg|css|geojson)|(vocab|merges|tokenizer|added_tokens)\.(txt|json)|RECORD",
    re.IGNORECASE,
)


def encoding(head: bytes) -> str | None:
    """The encoding of a text that begins with these bytes, or None when it is no text."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if not head or _CONTROL.search(head):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        high = sum(byte > 0x7F for byte in head)
        return "latin-1" if high < len(head) // 3 else None
    return "utf-8"


def of_file(source: Source, at: At, coding: str) -> Iterator[Piece]:
    """A text file, in pieces that are cut between lines where lines are not endless."""
    decoder = codecs.getincrementaldecoder(coding)("replace")
    rest, line = "", 1
    while data := source.some():
        rest += decoder.decode(data)
        while len(rest) >= BLOCK:
            block, rest = _cut(rest)
            yield piece(at, block, line)
            line += block.count("\n")
    if rest := rest + decoder.decode(b"", final=True):
        yield piece(at, rest, line)


def _cut(text: str) -> tuple[str, str]:
    end = text.rfind("\n", BLOCK - _LONGEST_LINE, BLOCK) + 1
    if not end:
        end = max(text.rfind(mark, BLOCK - _LONGEST_LINE, BLOCK) for mark in (" ", ",", '"')) + 1
    return text[: end or BLOCK], text[end or BLOCK :]


def piece(at: At, text: str, first_line: int = 0) -> Piece:
    """A piece of a text file; its name says how it is to be read."""
    name = PurePosixPath(at.name.replace("\\", "/")).name
    return Piece(
        at=at,
        text=text,
        first_line=first_line,
        config=any(p.fullmatch(n) for p, n in ((_CONFIG_SUFFIXES, PurePosixPath(name).suffix), (_CONFIG_NAMES, name))),
        formats_only=at.packaged or _WORD_LISTS.fullmatch(name) is not None,
    )


def runs(data: bytes) -> str:
    """The printable runs of bytes, each on a line of its own; those of UTF-16 too, as Windows programs hold text."""
    found = _RUNS.findall(data)
    for start in (0, 1):
        low, high = data[start::2], data[start + 1 :: 2]
        for zeros in _ZEROS.finditer(high):
            found += _RUNS.findall(low, zeros.start(), zeros.end())
    return b"\n".join(found).decode("ascii")


def pairs(at: At, named: Iterable[tuple[str, str]]) -> Iterator[Piece]:
    """Values with their names, as assignments: a name is what gives a password away."""
    lines: list[str] = []
    size = 0
    for name, value in named:
        lines.append(assignment(name, value))
        size += len(lines[-1])
        if size > BLOCK:
            yield Piece(at=at, text="\n".join(lines), formats_only=at.packaged)
            lines, size = [], 0
    if lines:
        yield Piece(at=at, text="\n".join(lines), formats_only=at.packaged)


def assignment(name: str, value: str) -> str:
    """`name = "value"`; a value of several lines follows as it is."""
    if "\n" in value:
        return f"{name} =\n{value}"
    quote = "'" if '"' in value else '"'
    return f"{name} = {quote}{value}{quote}"
