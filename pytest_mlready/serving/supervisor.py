"""Runs the service for another process, and ends it, with all its descendants, when that process says so or is gone.

A program of its own, started as `python -I -S supervisor.py`, standard library alone. Its standard input carries one
line of JSON (words, folder, environment, log, stop_limit); the end of that input means "stop", whether it was asked for
or the other process was killed. Its standard output says {"pid", "launched"} and at the end {"code"}, a line each.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

LOG_LIMIT = 1 << 20  # bytes of each of two log files; a flood replaces what is older
CHILD_SUBREAPER = 36  # prctl(2), PR_SET_CHILD_SUBREAPER
STEP = 0.02


def main() -> None:
    task: dict[str, Any] = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; who asked for us decides
    signal.signal(signal.SIGTERM, lambda *_: os.close(sys.stdin.fileno()))
    adopt_orphans()
    try:
        service = subprocess.Popen(
            task["words"], cwd=task["folder"], env=task["environment"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        say({"failed": f"{type(error).__name__}: {error}"})
        return
    say({"pid": service.pid, "launched": time.monotonic()})
    assert service.stdout is not None
    keeper = threading.Thread(target=keep_log, args=(service.stdout, Path(task["log"])), daemon=True)
    keeper.start()
    threading.Thread(target=watch, args=(service,), daemon=True).start()
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.read()
    killed = end(service, float(task["stop_limit"]))
    keeper.join(1.0)
    say({"code": service.returncode, "killed": killed})


def say(what: dict[str, Any]) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def watch(service: subprocess.Popen[bytes]) -> None:
    """Says when the service ended by itself."""
    service.wait()
    say({"ended": service.returncode})


def adopt_orphans() -> None:
    """On Linux, children that the service leaves behind become ours, whatever session they moved to."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)


def keep_log(stream: IO[bytes], path: Path) -> None:
    """Copies the output to a file; when that is full it becomes the older of two."""
    older = path.with_name(f"{path.name}.old")
    log = path.open("wb")
    size = 0
    while part := os.read(stream.fileno(), 65536):
        if size + len(part) > LOG_LIMIT:
            log.close()
            path.replace(older)
            log, size = path.open("wb"), 0
        log.write(part)
        log.flush()
        size += len(part)
    log.close()


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
    return service.poll() is None or bool(descendants())


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
        for process in Path("/proc").iterdir():
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
