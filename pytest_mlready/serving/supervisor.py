"""Runs the service for another process, and ends it, with all its descendants, when that process says so or is gone.

A program of its own, started as `python -I -S supervisor.py`, standard library alone. Its standard input carries one
line of JSON (words, folder, environment, log, stop_limit, parent, memory); the end of that input means "stop", whether
it was asked for or the other process was killed. Its standard output says {"pid", "launched"} and at the end {"code"},
a line each.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

LOG_LIMIT = 1 << 20  # bytes of each of two log files; a flood replaces what is older
CHILD_SUBREAPER = 36  # prctl(2), PR_SET_CHILD_SUBREAPER
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
PROC = Path("/proc")
STEP = 0.02
LAST_WORDS = 0.3  # seconds for what lies in the pipe when the service has ended
LOOK = 0.5  # seconds between looks at whether who asked for us still lives


def main() -> None:
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; who asked for us decides
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    control(CHILD_SUBREAPER, 1)  # children that the service leaves behind become ours, whatever session they moved to
    try:
        service = subprocess.Popen(
            task["words"], cwd=task["folder"], env=task["environment"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: before(task.get("memory")),  # noqa: PLW1509 - no other thread runs yet
        )  # fmt: skip
    except (OSError, ValueError) as error:
        say({"failed": f"{type(error).__name__}: {error}"})
        return
    say({"pid": service.pid, "launched": time.monotonic()})
    assert service.stdout is not None
    keeper = threading.Thread(target=keep_log, args=(service.stdout, Path(task["log"])), daemon=True)
    keeper.start()
    threading.Thread(target=watch, args=(service, keeper), daemon=True).start()
    alone = wait(int(task["parent"]), told)
    killed = end(service, float(task["stop_limit"]))
    keeper.join(1.0)
    say({"code": service.returncode, "killed": killed})
    if alone:
        shutil.rmtree(Path(task["log"]).parent, ignore_errors=True)


def wait(parent: int, told: threading.Event) -> bool:
    """Waits for the word to stop; whether it came because the process that asked for us is gone.

    Its end of our input may outlive it, in a child that it forked: so we look whose child we are as well.
    """
    while not told.is_set() and os.getppid() == parent:
        if select.select([sys.stdin], [], [], LOOK)[0] and not os.read(sys.stdin.fileno(), 4096):
            break
    time.sleep(STEP)  # a process that is killed closes its files before its children see that it is gone
    return os.getppid() != parent


def say(what: dict[str, Any]) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def watch(service: subprocess.Popen[bytes], keeper: threading.Thread) -> None:
    """Says when the service ended by itself, with its last words in the log; a child of it may hold the pipe open."""
    service.wait()
    keeper.join(LAST_WORDS)
    say({"ended": service.returncode})


def before(memory: int | None) -> None:
    """Runs in the service before its program: on Linux it is killed when this process is killed, and held to a limit.

    The limit is on data (heap and private mappings), not on addresses, of which threads and libraries reserve many.
    """
    control(DIE_WITH_PARENT, signal.SIGKILL)
    if memory is not None and sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def control(option: int, value: int) -> None:
    """prctl(2), where there is one."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def keep_log(stream: IO[bytes], path: Path) -> None:
    """Copies the output to a file; when that is full it becomes the older of two.

    The output is read to its end even where nothing can be written any more: a full pipe would stop the service.
    """
    size = LOG_LIMIT
    while part := os.read(stream.fileno(), 65536):
        with contextlib.suppress(OSError):
            if size + len(part) > LOG_LIMIT:
                if path.exists():
                    path.replace(path.with_name(f"{path.name}.old"))
                size = 0
            with path.open("ab") as log:
                log.write(part)
            size += len(part)


def end(service: subprocess.Popen[bytes], limit: float) -> bool:
    """Asks all that the service is made of to end, and kills what has not after the limit; says whether it had to."""
    deadline = time.monotonic() + limit
    signal_all(service, signal.SIGTERM)
    while remains(service):
        if time.monotonic() > deadline:
            break
        time.sleep(STEP)
    else:
        return False
    for _ in range(250):  # killed processes may have forked between our look and the signal
        signal_all(service, signal.SIGKILL)
        time.sleep(STEP)
        if not remains(service):
            break
    return True


def remains(service: subprocess.Popen[bytes]) -> bool:
    reap(service)
    return service.poll() is None or bool(descendants()) or (not PROC.is_dir() and group_lives(service))


def group_lives(service: subprocess.Popen[bytes]) -> bool:
    """Whether a process is left in the service's group: all that can be told of its children without /proc."""
    try:
        while os.waitpid(-service.pid, os.WNOHANG)[0]:  # adopted, and ended
            pass
    except ChildProcessError:
        pass
    try:
        os.killpg(service.pid, 0)
    except OSError:
        return False
    return True


def signal_all(service: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(service.pid, number)
    for pid in descendants():
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def reap(service: subprocess.Popen[bytes]) -> None:
    """Takes leave of adopted children that ended; the service itself is left to `Popen`."""
    for pid in descendants():
        if pid != service.pid:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)


def descendants() -> list[int]:
    """Every process below this one, from /proc; empty where there is none."""
    children: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):
        for process in PROC.iterdir():
            if process.name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                    children.setdefault(parent, []).append(int(process.name))
    found, look = [], [os.getpid()]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


if __name__ == "__main__":
    main()
