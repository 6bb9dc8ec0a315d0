"""Lists the processes that carry a mark of ours in their environment, whatever session or parent they moved to."""

from __future__ import annotations

import os
import time
from pathlib import Path

NAME = "MLREADY_TEST_MARK"


def marked(mark: str) -> dict[int, str]:
    """Command lines of running processes whose environment has the mark, by process id; zombies do not run."""
    found = {}
    wanted = f"{NAME}={mark}".encode()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            words = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if wanted in environment and state != "Z" and int(process.name) != os.getpid():
            found[int(process.name)] = words
    return found


def gone(mark: str, seconds: float) -> bool:
    """Whether no such process runs any more within some seconds."""
    deadline = time.monotonic() + seconds
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
