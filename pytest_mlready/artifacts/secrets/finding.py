"""Defines what a scan reports of a credential: place, kind and digest, and not a character of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_mlready.artifacts.contents.found import At


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A credential, without a character of it.

    Attributes:
        at: Place.
        line: Line within the place; 0 where lines have no number.
        kind: What it is.
        length: Characters.
        sha1: Digest as in detect-secrets' baselines; for comparison, not shown.
        sha256: First 8 hexadecimal digits of the SHA-256 digest.
        fate: What became of the file in a later layer of the image, or "".
    """

    at: At
    line: int
    kind: str
    length: int
    sha1: str
    sha256: str
    fate: str = ""

    def __str__(self) -> str:
        place = f"{self.at.where}:{self.line}" if self.line else self.at.where
        fate = f" ({self.fate})" if self.fate else ""
        return f"{place}: {self.kind}, {self.length} characters, sha256 {self.sha256}…{fate}"
