"""Sends load by Locust on a schedule of its own, whatever the answers, and writes down every request.

A program, never imported: Locust's gevent replaces sockets and threads of the process that it is in.

    locust_driver.py run SPEC OUT      sends what SPEC (JSON) says, itself or through Locust workers; records go to OUT
    locust_driver.py master HOST:PORT  stands by for runs, between them and workers on other machines
    locust_driver.py worker HOST:PORT  sends its share of what that master hands on

With --with-parent behind these it ends when its standard input does. Headers with credentials come from the environment
variable MLREADY_LOAD_HEADERS (JSON) of each process that sends; they are in no file, no message and no command line.
"""

# mypy: disable-error-code="import-untyped,no-untyped-call,misc,import-not-found,unused-ignore,no-any-unimported"
# ruff: noqa: E402
from __future__ import annotations

import os
import sys

sys.path += [folder for folder in os.environ.get("MLREADY_LOAD_PATH", "").split(os.pathsep) if folder]

from gevent import monkey

monkey.patch_all()

import gc
import itertools
import json
import logging
import subprocess
import time
import traceback
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import gevent.os
from gevent.pool import Pool
from locust import FastHttpUser, __version__
from locust.env import Environment

from pytest_mlready.serving.load import records, shares
from pytest_mlready.serving.load.answers import flaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mlready.serving.load.shares import Collection

    Tell = Callable[[str, dict[str, Any]], None]  # a kind of news, and what goes with it

MESSAGE, HEAD_START = shares.MESSAGE, shares.HEAD_START
BLOCK = 65_536  # bytes of records that are handed on together
clock = time.perf_counter


class Share:
    """One process's part of the schedule: request i of it is every `of`-th one from `index` on.

    A request starts when the schedule says so. Where all connections are busy it waits for one; that time is part of
    its latency, which counts from the intended start. Only what did not wait for a connection tells how late we are.
    """

    def __init__(self, spec: dict[str, Any], index: int, of: int, *, environment: Environment, tell: Tell) -> None:
        self.spec, self.index, self.of, self.tell = spec, index, of, tell
        size = -(-spec["concurrency"] // of)
        limits = dict.fromkeys(("connection_timeout", "network_timeout"), spec["timeout"])
        settings = {"host": spec["url"], "concurrency": size, "max_redirects": 0, "insecure": False, **limits}
        self.client = type("Caller", (FastHttpUser,), settings)(environment).client
        self.client.client.cookiejar = None  # callers of a service share no cookies
        self.headers = {**spec["headers"], **records.credentials()}
        self.bodies = [None if body is None else body.encode() for body in spec["bodies"]]
        self.pool, self.waiting = Pool(size), deque[tuple[int, float]]()
        self.counts, self.buffer = [0] * len(records.ENDINGS), bytearray()
        self.examples: dict[str, str] = {}
        self.start = 0.0

    def run(self, delay: float) -> None:
        """Sends it all, and returns when every request has ended."""
        spec = self.spec
        schedule = records.schedule(spec)
        self.start = clock() + delay
        counting = gevent.spawn(self.count)
        for number, at in itertools.islice(schedule, self.index, None, self.of):
            gevent.sleep(max(0.0, self.start + at - clock()))
            if self.pool.full():
                self.waiting.append((number, at))
            else:
                self.pool.spawn(self.serve, number, at)
        self.pool.join(spec["timeout"] + shares.SLACK / 2)
        counting.kill()
        self.flush()
        self.tell("done", {"examples": self.examples, "counts": self.counts})

    def count(self) -> None:
        while True:
            self.tell("count", {"counts": self.counts})
            gevent.sleep(1.0)

    def serve(self, number: int, at: float) -> None:
        """Sends one request, then those that wait for a connection."""
        self.send(number, at, waited=False)
        while self.waiting:
            self.send(*self.waiting.popleft(), waited=True)

    def send(self, number: int, at: float, *, waited: bool) -> None:
        begun = clock() - self.start
        left = at + self.spec["timeout"] - begun
        unsent = (0, records.UNSENT, "no connection was free within the time-out")
        status, ending, said = self.ask(number, at, left) if left > 0 else unsent
        latency = clock() - self.start - at
        late, wait = (0.0, begun - at) if waited else (begun - at, 0.0)
        self.buffer += records.RECORD.pack(number, at, late, wait, latency, status, ending)
        self.counts[ending] += 1
        if ending != records.ANSWERED:
            self.examples.setdefault(records.ENDINGS[ending], said[:300])
        if len(self.buffer) >= BLOCK:
            self.flush()

    def ask(self, number: int, at: float, left: float) -> tuple[int, int, str]:
        """Status, ending, and what was said, of one request that may take `left` seconds."""
        spec, found = self.spec, (0, records.TIMEOUT, f"no answer within {self.spec['timeout']:g} s")
        body = self.bodies[number % len(self.bodies)]
        request = {"name": "predict", "data": body, "headers": self.headers, "catch_response": True}
        with gevent.Timeout(left, False), self.client.request(spec["method"], spec["path"], **request) as answer:
            spent = clock() - self.start - at
            answer.request_meta["response_time"] = 1000 * spent
            if answer.status_code or spent < spec["timeout"]:
                found = self.judged(answer)
            if found[1] == records.ANSWERED:
                answer.success()
            else:
                answer.failure(found[2])
        return found

    def judged(self, answer: Any) -> tuple[int, int, str]:
        status, error = int(answer.status_code or 0), getattr(answer, "error", None)
        if 200 <= status < 300:
            said = flaw(answer.content, self.spec["answer_keys"])
            return status, records.BODY if said else records.ANSWERED, said
        if status:
            text = (answer.content or b"").decode("utf-8", errors="replace")
            return status, records.STATUS, f"{status}: {' '.join(text.split())[:200]}"
        refused = isinstance(error, ConnectionRefusedError)
        return 0, records.REFUSED if refused else records.BROKEN, f"{type(error).__name__}: {error}"

    def flush(self) -> None:
        if self.buffer:
            block, self.buffer = bytes(self.buffer), bytearray()  # telling may let another greenlet write
            self.tell("samples", {"data": block})


def run(spec_path: str, out: str) -> None:
    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    spec |= {"requests": sum(records.counts_of(spec)), "started": time.time(), "locust": __version__}
    with Path(out).open("wb") as file:
        file.write(records.header(spec))
        found = shares.Collection(spec, file)
        if spec.get("master"):
            lost = through_master(found)
        elif spec["workers"] > 1:
            lost = through_workers(found)
        else:
            Share(spec, 0, 1, environment=Environment(), tell=found.told).run(HEAD_START / 5)
            lost = 0
    shares.say(done=True, lost=lost, examples=found.examples, refused=found.refused)


def through_workers(found: Collection) -> int:
    """Starts workers here, under a master that is this process."""
    runner = Environment().create_master_runner(master_bind_host="127.0.0.1", master_bind_port=0)
    runner.register_message(MESSAGE, lambda msg, **_: found.hear(msg.data))
    words = [sys.executable, "-I", __file__, "worker", f"127.0.0.1:{runner.server.port}", "--with-parent"]
    wanted: int = found.spec["workers"]
    started = [subprocess.Popen(words, stdin=subprocess.PIPE) for _ in range(wanted)]
    try:
        if not shares.wait_until(lambda: len(runner.clients.ready) >= wanted, found.spec["connect_limit"]):
            found.refused = f"{len(runner.clients.ready)} of {wanted} workers came up"
            return wanted
        shares.hand_out(runner, [worker.id for worker in runner.clients.ready], found.spec, found.id)
        return found.wait(wanted, lambda: sum(worker.poll() is not None for worker in started))
    finally:
        for worker in started:
            worker.kill()
            worker.wait()


def through_master(found: Collection) -> int:
    """Asks a master that stands by elsewhere, to which this process is one more worker, which never sends."""
    spec = found.spec
    try:
        with gevent.Timeout(spec["connect_limit"]):
            runner = Environment().create_worker_runner(*shares.address(spec["master"]))
    except gevent.Timeout:
        found.refused = f"no master answers at {spec['master']}"
        return int(spec["workers"])
    runner.register_message(MESSAGE, lambda msg, **_: found.hear(msg.data))
    runner.send_message(MESSAGE, {"kind": "ask", "spec": spec, "run": found.id, "protocol": shares.PROTOCOL})
    return found.wait(spec["workers"])


def master(host_and_port: str) -> None:
    """Stands by for ever."""
    host, port = shares.address(host_and_port)
    runner = Environment().create_master_runner(master_bind_host=host, master_bind_port=port)
    runner.register_message(MESSAGE, shares.Broker(runner).hear)
    shares.say(listening=runner.server.port)
    runner.greenlet.join()


def worker(host_and_port: str) -> None:
    """Sends its share of one run after another, until its master is gone."""
    own = Environment()

    def send(news: dict[str, Any], tell: Tell) -> None:
        Share(news["spec"], news["index"], news["of"], environment=own, tell=tell).run(HEAD_START)

    runner = own.create_worker_runner(*shares.address(host_and_port))
    runner.register_message(MESSAGE, shares.Worker(runner, send).hear, concurrent=True)
    runner.greenlet.join()


def end_with_parent() -> None:
    """Ends this process once nobody holds the other end of its standard input."""
    while gevent.os.tp_read(0, 1):
        pass
    os._exit(3)


def main(role: str, *given: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    if "--with-parent" in given:
        gevent.spawn(end_with_parent)
    shares.open_many_files()
    shares.go_first()
    gc.freeze()  # what was imported needs no more looking through: collections stay short
    roles: dict[str, Callable[..., None]] = {"run": run, "master": master, "worker": worker}
    try:
        roles[role](*(g for g in given if g != "--with-parent"))
    except BaseException:  # noqa: BLE001 - whatever it was, it is told, and the process ends
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # gevent may hang in what would follow


if __name__ == "__main__":
    main(*sys.argv[1:])
