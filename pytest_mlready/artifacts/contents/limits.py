"""Limits one walk over one artifact: bytes that it expands to, members, depth, text and time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pytest_mlready.artifacts.unpack import CannotOpenError


class SpentError(CannotOpenError):
    """A limit of the whole artifact is reached, so nothing more of it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far an artifact is walked.

    Attributes:
        depth: Layers of compression and archives inside one another. An image takes two before its files begin.
        members: Files in all archives together; a large image has some hundred thousand.
        expanded: Bytes that all layers may expand to.
        floor: Bytes that even a tiny file may expand to. They pass through memory a step at a time.
        ratio: Above `floor`, bytes that one byte of the file may expand to; as in `unpack.Limits`.
        text: Characters of text that are looked at.
        seconds: Wall-clock time.
    """

    depth: int = 8
    members: int = 1_000_000
    expanded: int = 64 << 30
    floor: int = 1 << 30
    ratio: int = 100
    text: int = 1 << 30
    seconds: float = 600.0


class Budget:
    """What is left of the limits; spending more than that raises `SpentError`."""

    def __init__(self, limits: Limits, size: int) -> None:
        """Begins a walk over a file of `size` bytes."""
        self.limits = limits
        self.expanded_left = min(limits.expanded, max(limits.floor, limits.ratio * size))
        self.members_left = limits.members
        self.text_left = limits.text
        self.text = 0
        self.deadline = time.monotonic() + limits.seconds

    def expand(self, amount: int) -> None:
        """Spends bytes that came out of a compressed stream, and looks at the clock."""
        self.expanded_left -= amount
        if self.expanded_left < 0:
            raise SpentError("it expands to more bytes than the limit allows (a decompression bomb?)")
        self.tick()

    def member(self) -> None:
        """Spends one member of an archive."""
        self.members_left -= 1
        if self.members_left < 0:
            raise SpentError(f"it has more than {self.limits.members:,} members")
        self.tick()

    def read(self, characters: int) -> None:
        """Spends text."""
        self.text += characters
        self.text_left -= characters
        if self.text_left < 0:
            raise SpentError(f"it holds more text than max_text ({self.limits.text:,} characters)")
        self.tick()

    def tick(self) -> None:
        """Looks at the clock."""
        if time.monotonic() > self.deadline:
            raise SpentError(f"walking it takes longer than time_limit ({self.limits.seconds:g} s)")
