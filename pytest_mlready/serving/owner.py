"""Owns the one service of a run: starts it when first asked for, again when it died, and ends it; or finds it there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving import process, readiness
from pytest_mlready.serving.http import Client, NoAnswerError, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.process import Process

RESTARTS = 5  # a service that dies more often than that is not started again


class Address(Protocol):
    """Where the service is now."""

    url: str
    side: tuple[str, ...]


class Owner(Protocol):
    """Who started the service, or knows that somebody else did."""

    def up(self) -> Address:
        """The address of the service, which runs and is ready; one that died is started again.

        Raises:
            ServiceError: It does not come up.
        """

    def obituary(self, wait: float = 0.0) -> str:
        """How the service ended, with its last lines; "" when it still runs after `wait` seconds."""

    def log(self, lines: int = 200) -> str:
        """The last lines that it wrote, secrets masked; "" where nobody here can read them."""


class Keeper:
    """The owner of a service that this process starts.

    Attributes:
        plan: What is started.
        url, side: Where it is; "" before it was asked for.
        starts: How often it was started.
    """

    def __init__(self, plan: Plan, progress: Callable[[str], None] = lambda _: None) -> None:
        self.plan, self.progress = plan, progress
        self.url, self.side, self.starts = "", (), 0
        self._service: Process | None = None
        self._failure: process.ServiceError | None = None
        self._one_at_a_time = threading.Lock()

    side: tuple[str, ...]

    def up(self) -> Keeper:
        """The address of the running service.

        Raises:
            ServiceError: It does not come up. It is then not tried again: every other check is told the same at once.
        """
        with self._one_at_a_time:
            if self._failure is not None:
                raise self._failure
            if self._service is None or not self._service.alive:
                try:
                    self._start()
                except process.ServiceError as error:
                    self._failure = error
                    raise
        return self

    def _start(self) -> None:
        if self.starts > RESTARTS:
            raise process.ServiceError(f"the service died {self.starts} times; the last time {self.obituary()}")
        self._end()
        self.starts += 1
        self._service = process.start(self.plan.launch())
        self.url, self.side = self._service.launch.url, self._service.launch.side
        readiness.wait(self._service, self.plan, self.progress)

    def obituary(self, wait: float = 0.0) -> str:
        """How the service ended, with its last lines; "" when it still runs after `wait` seconds."""
        return self._service.obituary(wait) if self._service else ""

    def log(self, lines: int = 200) -> str:
        """The last lines that it wrote, secrets masked."""
        return self._service.tail(lines) if self._service else ""

    def close(self) -> None:
        """Ends the service with everything that it started."""
        with self._one_at_a_time:
            self._end()

    def _end(self) -> None:
        if self._service is not None:
            self._service.stop()
            self._service.remove_log()


class Elsewhere:
    """Owner of a service at a configured URL: it runs, or it does not; nobody here starts it."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.url, self.side = plan, (plan.url or "").rstrip("/"), plan.side
        self._limit = max(plan.start_limit, readiness.ASK_LIMIT)  # one that was scaled to zero wakes at first

    def up(self) -> Address:
        with Client(self.url, timeout=self._limit, secrets=self.plan.secrets) as client:
            try:
                client.send(Request(path=self.plan.ready or "/"), headers=self.plan.headers())
            except NoAnswerError as error:
                raise ReadinessError(
                    error.found, expected="a running service", fix="start it, or correct url"
                ) from None
        self._limit = readiness.ASK_LIMIT
        return self

    def obituary(self, wait: float = 0.0) -> str:  # noqa: ARG002 - as every owner has it
        return ""

    def log(self, lines: int = 200) -> str:  # noqa: ARG002 - as every owner has it
        return ""
