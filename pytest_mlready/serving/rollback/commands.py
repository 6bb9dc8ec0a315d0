"""Runs the team's own commands for going back and forward, within a limit, and ends whatever they leave behind."""

from __future__ import annotations

import shlex
import string
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.serving import process
from pytest_mlready.serving.http import masked
from pytest_mlready.serving.launch import Launch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

KNOWN = ("url", "port", "pid", "scratch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that was run.

    Attributes:
        shown: The command, secrets masked.
        code: Exit status; None when it did not end within its limit.
        seconds: Time that it took.
        tail: Its last lines.
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
        how = f"did not end within {self.seconds:.0f} s" if self.code is None else f"ended with status {self.code}"
        return f"`{self.shown}` {how}" + (f"; its last lines:\n{self.tail}" if self.tail else " and wrote nothing")


def filled(command: str, values: Mapping[str, str], setting: str) -> tuple[str, ...]:
    """The words of a command with its placeholders filled in; no shell reads them.

    Raises:
        ReadinessError: It cannot be split into words, is empty, or has an unknown placeholder.
    """
    expected = "words as a shell splits them, with {url}, {port}, {pid} and {scratch} where they are needed"
    try:
        words = shlex.split(command)
        names = {name for word in words for _, name, _, _ in string.Formatter().parse(word) if name is not None}
    except ValueError as error:
        raise ReadinessError(f"{setting} = {command!r} cannot be read: {error}", expected=expected) from None
    unknown = sorted(names - set(KNOWN))
    if unknown or not words:
        found = f"has the unknown placeholder {{{unknown[0]}}}{near(unknown[0], KNOWN)}" if unknown else "is empty"
        raise ReadinessError(f"{setting} = {command!r} {found}", expected=expected)
    return tuple(word.format_map(values) for word in words)


def run(words: tuple[str, ...], service: Launch, *, limit: float, stack: ExitStack) -> Ran:
    """Runs a command where the service runs, with its environment.

    Args:
        words: As `filled` gives them.
        service: What the service was started with.
        limit: Seconds after which it is ended.
        stack: Ends what the command started when it is closed: a procedure may put another process in the place of
            the service.

    Raises:
        ServiceError: It cannot be started.
    """
    launch = Launch(
        words=words,
        folder=service.folder,
        environment=service.environment,
        url=service.url,
        secrets=service.secrets,
        stop_limit=service.stop_limit,
    )
    began = time.monotonic()
    running = stack.enter_context(process.start(launch))
    running.obituary(limit)
    seconds = time.monotonic() - began
    code = None if running.alive else running.code
    if code is None:
        running.stop()
    shown = masked(shlex.join(words), service.secrets)
    return Ran(shown=shown, code=code, seconds=seconds, tail=running.tail())
