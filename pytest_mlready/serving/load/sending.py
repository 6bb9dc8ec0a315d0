"""Sends load to a service from a process of its own, watches both, and brings back what every request took."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import Inconclusive, MissingExtra, ReadinessError
from pytest_mlready.serving.http import masked
from pytest_mlready.serving.load import program as load_program
from pytest_mlready.serving.load import records, shares

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_mlready.serving.load.program import Program
    from pytest_mlready.serving.load.results import Load

START_LIMIT = 90.0  # seconds until the first word of the program: Locust's import, and workers that connect
MOST = 20_000_000  # requests of one run: some 460 MB of records


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is sent.

    Attributes:
        url: Of the service, without path.
        method, path: Of the request.
        headers: Without credentials.
        bodies: Sent in turn; None: no body.
        rate: Requests a second.
        seconds: Of the part that counts.
        warm_up: Seconds before it, sent at the same rate, whose requests do not count.
        timeout: Seconds from the intended start after which a request has failed.
        arrivals: "poisson" or "fixed"; see `records.arrivals`.
        seed: Of the schedule.
        concurrency: Connections that may be open at once, over all workers.
        workers: Processes that send: 1 without Locust's master.
        master: "host:port" of a master that stands by (`locust_driver.py master`); None: no other machine takes part.
        answer_keys: Keys of a good answer; see `answers.flaw`.
        connect_limit: Seconds for master and workers to be there.
        credentials: Names of the headers that carry credentials.
        model: Digest of the model that is served, for the file.
    """

    url: str
    method: str
    path: str
    headers: Mapping[str, str]
    bodies: tuple[str | None, ...]
    rate: float
    seconds: float
    warm_up: float
    timeout: float
    arrivals: str = "poisson"
    seed: int = 0
    concurrency: int = 1000
    workers: int = 1
    master: str | None = None
    answer_keys: tuple[str, ...] = ()
    connect_limit: float = 60.0
    credentials: tuple[str, ...] = ()
    model: str | None = None


class LoadError(ReadinessError):
    """The program that sends the load could not do so."""


class ServiceDiedError(ReadinessError):
    """The service ended while load was sent to it."""


def require() -> None:
    """Makes sure that Locust is installed, without importing it.

    Raises:
        MissingExtra: It is not.
    """
    if find_spec("locust") is None:
        raise MissingExtra("locust", "load", "sending load")


def send(
    task: Task,
    *,
    credentials: Mapping[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    died: Callable[[], str] = lambda: "",
    progress: Callable[[str], None] = lambda _: None,
) -> Load:
    """Sends the load and waits for its end; nothing that was started remains.

    Args:
        task: What is sent.
        credentials: Headers with credentials, by name.
        secrets: Values that no message may show.
        died: How the service ended, "" while it runs; asked several times a second.
        progress: Told how far it is; "" at the end.

    Raises:
        MissingExtra: Locust is not installed.
        ServiceDiedError: The service ended meanwhile; with its last lines.
        Inconclusive: Workers were missing, or the program did not end in time.
        LoadError: The program ended without a result; with its last line.
    """
    from pytest_mlready.serving.load import results

    require()
    if (wanted := sum(records.counts_of(asdict(task)))) > MOST:
        raise LoadError(
            f"{wanted:,} requests are too many for one run", expected=f"at most {MOST:,}", fix="shorten `seconds`"
        )
    with tempfile.TemporaryDirectory(prefix="mlready-load-") as folder:
        spec, out = Path(folder) / "spec.json", Path(folder) / "records"
        spec.write_text(json.dumps(asdict(task)), encoding="utf-8")
        with load_program.started(spec, out, credentials or {}) as program:
            end = _watch(program, task, died, progress)
        if end.get("refused"):
            raise Inconclusive(
                masked(f"the load was not sent: {end['refused']}", secrets),
                fix="locust_driver.py master HOST:PORT, and locust_driver.py worker HOST:PORT on each machine",
            )
        if not end.get("done"):
            raise _no_result(program.code, masked(_tail(Path(folder) / "errors"), secrets))
        examples = {kind: masked(text, secrets) for kind, text in end["examples"].items()}
        return results.ours(out, examples=examples, lost=end["lost"])


def _watch(program: Program, task: Task, died: Callable[[], str], progress: Callable[[str], None]) -> dict[str, Any]:
    """The last word of the program; {} when it ended without one."""
    begun = time.monotonic()
    limit = START_LIMIT + shares.longest(asdict(task))
    progress(f"load: starting Locust, {task.rate:g} requests a second")
    try:
        while (news := program.news()) is not None:
            if news.get("done"):
                return news
            if news.get("counts"):
                progress(_state(task, news["counts"]))
            if obituary := died():
                raise ServiceDiedError(f"under a load of {task.rate:g} requests a second {obituary}")
            if time.monotonic() - begun > limit:
                raise Inconclusive(f"the load generator did not end within {limit:.0f} s and was killed")
        program.end(5.0)
        return {}
    finally:
        progress("")


def _state(task: Task, counts: list[int]) -> str:
    ended, good = sum(counts), counts[records.ANSWERED]
    second, whole = ended / task.rate, task.warm_up + task.seconds
    told = f"{second:.0f} of {whole:.0f} s, {good:,} answered, {ended - good:,} failed"
    return f"load: {task.rate:g} requests a second, {told}"


def _no_result(code: int, tail: str) -> LoadError:
    return LoadError(
        f"the load generator ended with status {code} and no result: {tail or 'it wrote nothing'}",
        fix="pip install 'pytest-mlready[load]' in the environment that runs pytest, and run it again",
    )


def _tail(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
