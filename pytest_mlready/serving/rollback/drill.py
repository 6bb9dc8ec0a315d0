"""Performs the drill: from version N back to N−1 and forward to N, on a service that was started for it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving import process, readiness
from pytest_mlready.serving.commands import filled
from pytest_mlready.serving.rollback import commands, standing
from pytest_mlready.serving.rollback import golden as goldens
from pytest_mlready.serving.rollback.trickle import Seen, Trickle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import ExitStack
    from pathlib import Path

    from pytest_mlready.serving.commands import Ran
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.process import Process
    from pytest_mlready.serving.rollback.standing import Side, Standing

STEP = 0.1  # seconds between looks
BEFORE_AND_AFTER = 1.0  # seconds of requests before the first command and after the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be drilled.

    Attributes:
        plan: How the service is started.
        environment: Variables of the drill's service and commands beside those of the plan; {scratch} may be in them.
        scratch: A folder that lives as long as the drill.
        rollback, forward: Commands, with placeholders.
        candidate, previous: The two versions.
        limit: Seconds for one direction, from the start of the command until the version is verified.
        settle: Of these, seconds after the command's end.
        answer_limit: Seconds for an answer while versions change.
    """

    plan: Plan
    environment: Mapping[str, str]
    scratch: Path
    rollback: str
    forward: str
    candidate: Side
    previous: Side
    limit: float
    settle: float
    answer_limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One direction.

    Attributes:
        name: "rollback" or "forward", as its setting is called.
        wanted: The version that it was to bring.
        ran: The command.
        seconds: Until the version was verified, or given up.
        standing: The last look at the service; None where the command failed.
        unchanged: Whether the service goes on serving what it served before.
        log: How the service ended, or its last lines, where it does not serve what was wanted.
    """

    name: str
    wanted: Side
    ran: Ran
    seconds: float
    standing: Standing | None = None
    unchanged: bool = False
    log: str = ""

    @property
    def done(self) -> bool:
        return self.standing is not None and not self.standing.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What happened.

    Attributes:
        before: The look at N before anything was done.
        goldens_tell: Whether N answers the golden requests of N−1 otherwise, so that they tell the two apart.
        switches: Rollback, and forward where the rollback was done.
        seen: What the requests met meanwhile.
    """

    before: Standing
    goldens_tell: bool = False
    switches: tuple[Switch, ...] = ()
    seen: Seen = field(default_factory=Seen)


def perform(task: Task, progress: Callable[[str], None] = lambda _: None) -> Drill:
    """Starts the service, goes back and forward, and ends it with all that the commands left behind.

    Raises:
        ServiceError: The service, or a command, cannot be started.
        ReadinessError: A command has an unknown placeholder.
    """
    added = {name: _filled(name, value, task.scratch) for name, value in task.environment.items()}
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(process.start(task.plan.launch(added)))
        readiness.wait(service, task.plan, progress)
        endpoint = standing.endpoint_of(service, task.plan)
        stack.callback(endpoint.close)
        before = standing.look(endpoint, task.candidate)
        if before.wrong:
            return Drill(before=before)
        told_apart = bool(task.previous.golden and goldens.differences(endpoint, task.previous.golden))
        with Trickle(endpoint, limit=task.answer_limit) as trickle:
            time.sleep(BEFORE_AND_AFTER)
            switches = _both(task, service, endpoint, stack, progress)
            time.sleep(BEFORE_AND_AFTER)
        return Drill(before=before, goldens_tell=told_apart, switches=switches, seen=trickle.seen)


def _filled(name: str, value: str, scratch: Path) -> str:
    try:
        return value.format_map({"scratch": str(scratch)})
    except (ValueError, LookupError, AttributeError) as error:
        raise ReadinessError(
            f'environment = {{ {name} = "{value}" }} cannot be filled in: {type(error).__name__}',
            expected="{scratch} as the only placeholder; {{ and }} for plain braces",
        ) from None


def _both(
    task: Task, service: Process, endpoint: Endpoint, stack: ExitStack, progress: Callable[[str], None]
) -> tuple[Switch, ...]:
    progress("rollback drill: going back")
    back = _switch(task, "rollback", service, endpoint, stack)
    if not back.done:
        return (back,)
    progress("rollback drill: going forward")
    forth = _switch(task, "forward", service, endpoint, stack)
    progress("")
    return back, forth


def _switch(task: Task, name: str, service: Process, endpoint: Endpoint, stack: ExitStack) -> Switch:
    wanted, other = task.previous, task.candidate
    if name == "forward":
        wanted, other = other, wanted
    url = service.url
    values = {"url": url, "port": str(urlsplit(url).port), "pid": str(service.pid), "scratch": str(task.scratch)}
    words = filled(task.rollback if name == "rollback" else task.forward, values, name)
    began = time.monotonic()
    ran = commands.run(words, service.launch, limit=task.limit, stack=stack)
    if ran.code != 0:
        return Switch(name=name, wanted=wanted, ran=ran, seconds=ran.seconds, log=service.obituary())
    seen = _await(endpoint, wanted, min(began + task.limit, time.monotonic() + task.settle))
    switch = Switch(name=name, wanted=wanted, ran=ran, seconds=time.monotonic() - began, standing=seen)
    if switch.done:
        return switch
    still = standing.look(endpoint, other)
    log = service.obituary() or service.tail()
    return replace(switch, unchanged=not still.wrong, log=log)


def _await(endpoint: Endpoint, wanted: Side, deadline: float) -> Standing:
    """The look that found the version, or the last one before the deadline; there is always one."""
    while True:
        seen = standing.look(endpoint, wanted)
        if not seen.wrong or time.monotonic() > deadline:
            return seen
        time.sleep(STEP)
