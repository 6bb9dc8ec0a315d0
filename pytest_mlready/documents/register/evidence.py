"""Looks for a duty's documents: whether they are there, say something, and are those that were looked at."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from pytest_mlready.documents import placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_mlready.documents.register.entries import Answer

FEWEST_WORDS = 10  # below that a text names its subject and says nothing about it
MOST_BYTES = 5_000_000  # of a text whose words are counted
_LINK = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_TEXTS = frozenset({".md", ".markdown", ".txt", ".rst", ".adoc"})


def is_link(document: str) -> bool:
    """Whether a document lies elsewhere: it can be shown and not read."""
    return _LINK.match(document) is not None


def problems(answer: Answer, root: Path) -> Iterator[str]:
    """What speaks against a duty's evidence, a part of a sentence each.

    Args:
        answer: The register's answer.
        root: Folder that documents are relative to; what follows # names a place in one.
    """
    if not answer.evidence:
        yield "no evidence is named"
    digests = answer.sha256 or ("",) * len(answer.evidence)
    for document, digest in zip(answer.evidence, digests, strict=True):
        if not is_link(document) and (problem := _local(document, digest, root)):
            yield problem


def _local(document: str, digest: str, root: Path) -> str:
    path = root / document.partition("#")[0]
    try:
        if not path.is_file():
            return f"{document} is not there"
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            beginning = stream.read(MOST_BYTES)
    except (OSError, ValueError) as reason:
        return f"{document} cannot be read: {reason}"
    if not digest:
        return f"{document} has no sha256 in the register: state the one that was looked at ({found} today)"
    if digest.lower() != found:
        return f"{document} has changed since it was looked at (sha256 {found[:12]}…, register {digest[:12].lower()}…)"
    return "" if _says_something(path, beginning) else f"{document} says nothing: it is empty or not filled in"


def _says_something(path: Path, beginning: bytes) -> bool:
    if path.suffix.lower() not in _TEXTS:
        return bool(beginning.strip())
    return placeholders.words(beginning.decode(errors="replace")) >= FEWEST_WORDS
