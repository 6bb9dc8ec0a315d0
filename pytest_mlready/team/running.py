"""Runs a command of the team's within limits on time and memory, shows that it runs, and ends whatever it leaves."""

from __future__ import annotations

import shlex
import string
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError, near

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

STEP = 0.5  # seconds between two lines of progress


class TeamCodeError(ReadinessError):
    """The team's own code cannot be called, failed, or returned what cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What team code is given beyond its arguments.

    Attributes:
        root: The project's folder, where it runs and from where it imports.
        environment: All of its environment.
        secrets: Values that no message may show.
        seconds: Time that it may take.
        memory: Bytes that each of its processes may hold (Linux).
        frame: Kind of table it is given.
        progress: Shows one line; an empty one clears it.
    """

    root: Path
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    seconds: float
    memory: int
    frame: str
    progress: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that was run.

    Attributes:
        shown: The command, secrets masked.
        code: Exit status, negative for a signal; None when it did not end within its limit.
        seconds: Time that it took.
        tail: The last that it wrote, secrets masked.
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
        how = "did not end" if self.code is None else f"ended with status {self.code}"
        if self.code is not None and self.code < 0:
            how = f"was ended by signal {-self.code}"
        said = f"; its last lines:\n{self.tail}" if self.tail else " and wrote nothing"
        return f"`{self.shown}` {how} within {self.seconds:.0f} s{said}"


def filled(command: str, values: Mapping[str, str], setting: str) -> tuple[str, ...]:
    """The words of a command with its placeholders filled in; no shell reads them.

    Args:
        command: As the settings have it.
        values: Text by placeholder; each may be used, none must.
        setting: Name of the setting, for messages.

    Raises:
        TeamCodeError: It cannot be split into words, is empty, or has an unknown placeholder.
    """
    expected = f"words as a shell splits them, with {', '.join(f'{{{name}}}' for name in values)} where they are needed"
    try:
        words = shlex.split(command)
        names = {name for word in words for _, name, _, _ in string.Formatter().parse(word) if name is not None}
    except ValueError as error:
        raise TeamCodeError(f"{setting} = {command!r} cannot be read: {error}", expected=expected) from None
    unknown = sorted(names - set(values))
    if unknown or not words:
        found = f"has the unknown placeholder {{{unknown[0]}}}{near(unknown[0], values)}" if unknown else "is empty"
        raise TeamCodeError(f"{setting} = {command!r} {found}", expected=expected)
    return tuple(word.format_map(values) for word in words)


def run(words: Sequence[str], setting: Setting, *, what: str) -> Ran:
    """Runs a command to its end, or ends it with all that it started when its time is over.

    Args:
        words: The command.
        setting: Where, with what, and within which limits.
        what: What runs, for the line of progress: "training".

    Raises:
        ServiceError: It cannot be started.
    """
    from pytest_mlready.serving import process
    from pytest_mlready.serving.http import masked
    from pytest_mlready.serving.launch import Launch

    launch = Launch(
        words=tuple(words),
        folder=setting.root,
        environment=setting.environment,
        url="",
        secrets=setting.secrets,
        memory=setting.memory,
    )
    began = time.monotonic()
    with process.start(launch) as running:
        while running.alive and (seconds := time.monotonic() - began) < setting.seconds:
            setting.progress(f"{what}: {seconds:.0f} s")
            running.obituary(min(STEP, setting.seconds - seconds))
        seconds, code = time.monotonic() - began, None if running.alive else running.code
        if code is None:
            running.stop()
        tail = running.tail()
    setting.progress("")
    return Ran(shown=masked(shlex.join(words), setting.secrets), code=code, seconds=seconds, tail=tail)
