"""Fills in the placeholders of a command of the team's, and tells how one ended."""

from __future__ import annotations

import shlex
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError, near

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that was run.

    Attributes:
        shown: The command, secrets masked.
        code: Exit status, negative for a signal; None when it did not end within its limit.
        seconds: Time that it took.
        tail: Its last lines, secrets masked.
    """

    shown: str
    code: int | None
    seconds: float
    tail: str

    @property
    def ended(self) -> str:
        """How it ended and what it said last, for a message; "" for status 0."""
        if self.code == 0:
            return ""
        how = f"ended with status {self.code}"
        if self.code is None:
            how = f"did not end within {self.seconds:.0f} s"
        elif self.code < 0:
            how = f"was ended by signal {-self.code}"
        return f"`{self.shown}` {how}" + (f"; its last lines:\n{self.tail}" if self.tail else " and wrote nothing")


def filled(
    command: str, values: Mapping[str, str], setting: str, *, error: type[ReadinessError] = ReadinessError
) -> tuple[str, ...]:
    """The words of a command with its placeholders filled in; no shell reads them.

    Args:
        command: As the settings have it.
        values: Text by placeholder; each may be used, none must.
        setting: Name of the setting, for messages.
        error: What is raised.

    Raises:
        ReadinessError: of type `error`; it cannot be split into words, is empty, or has an unknown placeholder.
    """
    expected = f"words as a shell splits them, with {', '.join(f'{{{name}}}' for name in values)} where they are needed"
    try:
        words = shlex.split(command)
        names = {name for word in words for _, name, _, _ in string.Formatter().parse(word) if name is not None}
    except ValueError as reason:
        raise error(f"{setting} = {command!r} cannot be read: {reason}", expected=expected) from None
    unknown = sorted(names - set(values))
    if unknown or not words:
        found = f"has the unknown placeholder {{{unknown[0]}}}{near(unknown[0], values)}" if unknown else "is empty"
        raise error(f"{setting} = {command!r} {found}", expected=expected)
    return tuple(word.format_map(values) for word in words)
