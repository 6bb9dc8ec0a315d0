"""Starts the service as a process of its own, notices when it dies, and ends it with everything that it started."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import socket
import string
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving.http import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SUPERVISOR = Path(__file__).with_name("supervisor.py")
TAIL = 12  # lines of the log that a message shows
TAIL_BYTES = 16_384
PATIENCE = 10.0  # seconds for the supervisor itself, beyond the service's own limits


class ServiceError(ReadinessError):
    """The service could not be started, never became ready, or died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is started.

    Attributes:
        words: The command, without a shell, placeholders filled in.
        folder: Where it runs.
        environment: All of its environment.
        url: Where it will listen.
        side: URLs of its side ports.
        secrets: Values that no message may show.
        stop_limit: Seconds within which it must end when told to.
    """

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    url: str
    side: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    stop_limit: float = 10.0


def prepare(  # noqa: PLR0913 - one argument for each setting
    command: str,
    *,
    folder: Path,
    environment: Mapping[str, str],
    model: str | None = None,
    side: Iterable[str] = (),
    secrets: Iterable[str] = (),
    stop_limit: float = 10.0,
) -> Launch:
    """Fills in the placeholders of a command: {port} and {port_NAME} with free ports, {model} with the model's path.

    Raises:
        ServiceError: The command cannot be split into words, has no {port}, or has an unknown placeholder.
    """
    try:
        words = shlex.split(command)
        names = {
            name for word in (*words, *side) for _, name, _, _ in string.Formatter().parse(word) if name is not None
        }
    except ValueError as error:
        raise ServiceError(
            f"the command {command!r} cannot be read: {error}", expected="words as a shell splits them"
        ) from None
    unknown = {n for n in names if n not in {"model", "port"} and not n.startswith("port_")}
    if unknown or not words or "port" not in names:
        found = f"has the unknown placeholder {{{min(unknown)}}}" if unknown else "has no {port}"
        raise ServiceError(
            f"the command {command!r} {found}",
            expected="{port} where the port goes, and perhaps {port_NAME} and {model}; {{ and }} for plain braces",
            fix='[tool.mlready.endpoint] start = "uvicorn service:app --port {port}"',
        )
    ports = free_ports(sorted(n for n in names if n != "model"))
    values = {**{name: str(port) for name, port in ports.items()}, "model": model or ""}
    return Launch(
        words=tuple(word.format_map(values) for word in words),
        folder=folder,
        environment={**environment, "PORT": str(ports["port"])},
        url=f"http://127.0.0.1:{ports['port']}",
        side=tuple(url.format_map(values) for url in side),
        secrets=tuple(secrets),
        stop_limit=stop_limit,
    )


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A free port of the loopback interface for each name, all different."""
    with contextlib.ExitStack() as stack:
        ports = {}
        for name in names:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports[name] = int(listener.getsockname()[1])
        return ports


@dataclass(slots=True, kw_only=True)
class Process:
    """A started service.

    Attributes:
        launch: What was started.
        pid: Its process id, which is also that of its process group.
        launched: `time.monotonic()` at which it was started.
        code: Exit status once it ended; negative for a signal; None while it runs.
        killed: Whether it had to be killed, since it did not end when told to.
    """

    launch: Launch
    pid: int
    launched: float
    log: Path
    supervisor: subprocess.Popen[str]
    code: int | None = None
    killed: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return self.launch.url

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    def tail(self, lines: int = TAIL) -> str:
        """The last lines of what it wrote, secrets masked."""
        text = "".join(_end_of(path) for path in (self.log.with_name(f"{self.log.name}.old"), self.log))
        return masked("\n".join(text.splitlines()[-lines:]), self.launch.secrets)

    def obituary(self, wait: float = 0.0) -> str:
        """How it ended and the last that it wrote, for a message; "" when it still runs after `wait` seconds."""
        if not self._ended.wait(wait):
            return ""
        how = f"ended with status {self.code}" if (self.code or 0) >= 0 else f"was ended by signal {-(self.code or 0)}"
        tail = self.tail()
        return f"the service {how}" + (f"; its last lines:\n{tail}" if tail else " and had written nothing")

    def stop(self) -> None:
        """Ends it and everything that it started; does nothing the second time."""
        if self.supervisor.stdin is not None and not self.supervisor.stdin.closed:
            with contextlib.suppress(OSError):
                self.supervisor.stdin.close()
        try:
            self.supervisor.wait(self.launch.stop_limit + PATIENCE)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()
            self.supervisor.wait()
            with contextlib.suppress(OSError):
                os.killpg(self.pid, 9)
        self._ended.wait(1.0)

    def remove_log(self) -> None:
        shutil.rmtree(self.log.parent, ignore_errors=True)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.remove_log()

    def listen(self, lines: Iterable[str]) -> None:
        """Notes what the supervisor says, in a thread of its own, to its end."""
        for line in lines:
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                self.code = said.get("ended", said.get("code", self.code))
                self.killed = said.get("killed", self.killed)
                if "ended" in said or "code" in said:
                    self._ended.set()
        if self.code is None:
            self.code = self.supervisor.poll() or 0
        self._ended.set()


def start(launch: Launch) -> Process:
    """Launches a service. The caller ends it, best by `with`; should the calling process die, the service dies as well.

    Raises:
        ServiceError: The command does not exist or may not be run.
    """
    folder = Path(tempfile.mkdtemp(prefix="mlready-service-"))
    task = {
        "words": list(launch.words), "folder": str(launch.folder), "environment": dict(launch.environment),
        "log": str(folder / "log"), "stop_limit": launch.stop_limit,
    }  # fmt: skip
    supervisor = subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert supervisor.stdin is not None and supervisor.stdout is not None  # noqa: PT018 - both were asked for
    supervisor.stdin.write(json.dumps(task) + "\n")
    supervisor.stdin.flush()
    said = _first_word(supervisor.stdout)
    if "pid" not in said:
        supervisor.stdin.close()
        supervisor.stdout.close()
        supervisor.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)
        raise _not_started(launch, str(said.get("failed", "no word from the supervising process")))
    process = Process(
        launch=launch, pid=said["pid"], launched=said["launched"], log=folder / "log", supervisor=supervisor
    )
    threading.Thread(target=_listen, args=(process, supervisor.stdout), daemon=True).start()
    return process


def _listen(process: Process, stream: Any) -> None:
    with stream:
        process.listen(stream)


def _first_word(stream: Any) -> dict[str, Any]:
    try:
        said = json.loads(stream.readline())
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _not_started(launch: Launch, why: str) -> ServiceError:
    command = masked(shlex.join(launch.words), launch.secrets)
    return ServiceError(
        f"the service cannot be started: {masked(why, launch.secrets)}",
        expected="a command that can be run",
        fix=f"cd {launch.folder.name} && {command}",
    )


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - TAIL_BYTES))
            return log.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def wait_until(process: Process, seconds: float, happened: Any, *, step: float = 0.05) -> bool:
    """Waits until `happened()` is true; False when the time is over.

    Raises:
        ServiceError: The service died meanwhile.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        if not process.alive:
            raise ServiceError(process.obituary(), fix="start it by hand and look")
        time.sleep(step)
    return False
