"""Starts the service as a process of its own, notices when it dies, and ends it with everything that it started."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving.http import masked, masked_end
from pytest_mlready.serving.launch import Launch
from pytest_mlready.serving.launch import ServiceError as ServiceError  # noqa: PLC0414 - part of this module's face

if TYPE_CHECKING:
    from collections.abc import Iterable

SUPERVISOR = Path(__file__).with_name("supervisor.py")
TAIL = 12  # lines of the log that a message shows
TAIL_BYTES = 16_384
WIDEST = 500  # characters of a line of the log that a message shows
BUILT_IN = frozenset({"cd", "source", ".", "export", "exec", "set", "ulimit"})
OPERATORS = frozenset({"&&", "||", ";", "|", "&", ">"})
PATIENCE = 10.0  # seconds for the supervisor itself, beyond the service's own limits


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
        end, cut = _end_of(self.log)
        text = (masked_end if cut else masked)(end, self.launch.secrets)
        return "\n".join(line if len(line) <= WIDEST else f"{line[:WIDEST]}…" for line in text.splitlines()[-lines:])

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
        if self.supervisor.returncode != 0:  # it was killed itself and could end nothing
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
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
        "log": str(folder / "log"), "stop_limit": launch.stop_limit, "parent": os.getpid(),
        "memory": launch.memory,
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
    if "=" in launch.words[0] or launch.words[0] in BUILT_IN or {*launch.words} & OPERATORS:
        return ServiceError(
            f"the service cannot be started: {masked(why, launch.secrets)}",
            expected="a command without a shell's own words: its folder is the project, its variables are env = {…}",
            fix="[tool.mlready.endpoint] start = \"sh -c '…'\", with exec before the last command",
        )
    return ServiceError(
        f"the service cannot be started: {masked(why, launch.secrets)}",
        expected="a command that can be run",
        fix=f"cd {launch.folder.name} && {command}",
    )


def _end_of(log: Path) -> tuple[str, bool]:
    """The end of a log and, where that is short, of the older one before it; whether there is more than that."""
    end, cut = b"", False
    for path in (log, log.with_name(f"{log.name}.old")):
        with contextlib.suppress(OSError), path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            wanted = TAIL_BYTES - len(end)
            cut = size > wanted
            file.seek(max(0, size - wanted))
            end = file.read(wanted) + end
        if cut:
            break
    return end.decode("utf-8", errors="replace"), cut


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
            stay = "; it must stay in the foreground" if process.code == 0 else ""
            raise ServiceError(process.obituary(), fix=f"start it by hand and look{stay}")
        time.sleep(step)
    return False
