"""Runs the team's own commands for going back and forward, within a limit, and ends whatever they leave behind."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

from pytest_mlready.serving import process
from pytest_mlready.serving.commands import Ran
from pytest_mlready.serving.http import masked
from pytest_mlready.serving.launch import Launch

if TYPE_CHECKING:
    from contextlib import ExitStack


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
