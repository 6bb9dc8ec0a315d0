"""Hands the shares of a load out to workers, and puts together what they tell.

Standard library alone; the runners are Locust's, which `locust_driver` makes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import uuid
from typing import IO, TYPE_CHECKING, Any

from pytest_mlready.serving.load import records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MESSAGE = "mlready"  # type of all our messages among Locust's own
PROTOCOL = 1  # changes with what the messages hold
HEAD_START = 1.0  # seconds between handing out the shares and the first request
SLACK = 20.0  # seconds beyond schedule and time-out after which a share counts as lost
PRIORITY = -10  # of a process that sends, as nice(1) counts
clock = time.perf_counter


def say(**news: Any) -> None:
    """One line of JSON on standard output, for the process that started this one."""
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


def open_many_files() -> None:
    """Lets this process open as many files as the system allows it: a connection is one."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def go_first() -> None:
    """Has this process run before others, where the system lets it: on the service's own cores it is late otherwise."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)


def address(text: str) -> tuple[str, int]:
    """Host and port of "host:port"."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def longest(spec: dict[str, Any]) -> float:
    """Seconds after which a run has ended, one way or the other."""
    return float(HEAD_START + spec["warm_up"] + spec["seconds"] + spec["timeout"] + SLACK)


def wait_until(happened: Callable[[], bool], seconds: float) -> bool:
    end = clock() + seconds
    while not happened():
        if clock() > end:
            return False
        time.sleep(0.05)
    return True


class Collection:
    """What the shares of one run tell, put together.

    Attributes:
        id: Of the run.
        examples: What the first request of each bad ending was told, by ending.
        refused: Why a master or worker would not take part; "" when they did.
    """

    def __init__(self, spec: dict[str, Any], file: IO[bytes]) -> None:
        self.spec, self.file, self.id = spec, file, uuid.uuid4().hex
        self.examples: dict[str, str] = {}
        self.refused = ""
        self._counts: dict[int, list[int]] = {}
        self._done: set[int] = set()

    def told(self, kind: str, news: dict[str, Any]) -> None:
        """By the only share, in this process."""
        self.hear({**news, "kind": kind, "run": self.id, "index": 0})

    def hear(self, news: dict[str, Any]) -> None:
        """By one share; what belongs to another run is left alone."""
        if news["run"] != self.id:
            return
        if news["kind"] == "samples":
            self.file.write(news["data"])
        elif news["kind"] == "refused":
            self.refused = self.refused or news["why"]
        else:
            self._count(news)

    def _count(self, news: dict[str, Any]) -> None:
        self._counts[news["index"]] = list(news["counts"])
        if news["kind"] == "done":
            self._done.add(news["index"])
            self.examples = {**news["examples"], **self.examples}
        say(counts=[sum(column) for column in zip(*self._counts.values(), strict=True)])

    def wait(self, of: int, gone: Callable[[], int] = lambda: 0) -> int:
        """Waits for all shares, but for those whose process is gone; says how many are missing."""
        wait_until(lambda: bool(self.refused) or len(self._done) >= of - gone(), longest(self.spec))
        return of - len(self._done)


def hand_out(runner: Any, workers: Sequence[str], spec: dict[str, Any], run: str, to: str = "") -> int:
    """Gives each worker its share of a run that `to` asked for, and says how many there are."""
    chosen = workers[: spec["workers"]]
    for index, worker in enumerate(chosen):
        share = {"kind": "share", "spec": spec, "index": index, "of": len(chosen), "run": run, "to": to}
        runner.send_message(MESSAGE, share, client_id=worker)
    return len(chosen)


class Worker:
    """Takes one share after another, each with `send(share, tell)`, and refuses what it cannot send."""

    def __init__(
        self, runner: Any, send: Callable[[dict[str, Any], Callable[[str, dict[str, Any]], None]], None]
    ) -> None:
        self._runner, self._send = runner, send
        self._busy = False

    def hear(self, msg: Any, **_: Any) -> None:
        news = msg.data
        back = {key: news[key] for key in ("run", "to", "index")}

        def tell(kind: str, told: dict[str, Any]) -> None:
            self._runner.send_message(MESSAGE, {**told, **back, "kind": kind})

        missing = set(news["spec"]["credentials"]) - set(records.credentials())
        if self._busy or missing:
            why = f"has no {min(missing)} in {records.HEADERS}" if missing else "is busy with another run"
            tell("refused", {"why": f"the worker {self._runner.client_id} {why}"})
            return
        self._busy = True
        try:
            self._send(news, tell)
        finally:
            self._busy = False


class Broker:
    """A master that stands by: hands one run after another on to its workers, and what they tell to who asked."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._asking: set[str] = set()  # who asks is connected as a worker, and never sends
        self._left, self._until = 0, 0.0

    def hear(self, msg: Any, **_: Any) -> None:
        news = msg.data
        if news["kind"] == "ask":
            self._asked(msg.node_id, news)
            return
        self._left = 0 if news["kind"] == "refused" else self._left - (news["kind"] == "done")
        self._runner.send_message(MESSAGE, news, client_id=news["to"])

    def _asked(self, who: str, news: dict[str, Any]) -> None:
        self._asking.add(who)
        workers = [worker.id for worker in self._runner.clients.ready if worker.id not in self._asking]
        if why := self._objection(news, len(workers)):
            refusal = {"kind": "refused", "why": why, "run": news["run"]}
            self._runner.send_message(MESSAGE, refusal, client_id=who)
            return
        self._until = clock() + longest(news["spec"])
        self._left = hand_out(self._runner, workers, news["spec"], news["run"], who)

    def _objection(self, news: dict[str, Any], workers: int) -> str:
        if news.get("protocol") != PROTOCOL:
            return "the master is of another release of pytest-mlready"
        if self._left > 0 and clock() < self._until:
            return "the master is busy with another run"
        wanted = news["spec"]["workers"]
        return "" if workers >= wanted else f"{workers} of {wanted} workers are connected to the master"
