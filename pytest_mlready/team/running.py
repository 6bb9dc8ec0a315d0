"""Runs a command of the team's within limits on time and memory, shows that it runs, and ends whatever it leaves."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving.commands import Ran

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
