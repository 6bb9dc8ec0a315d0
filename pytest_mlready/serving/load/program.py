"""Runs the program that sends the load: its environment, what it says, and its end with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pytest_mlready.serving.load import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DRIVER = Path(__file__).with_name("locust_driver.py")
# All of our environment that the program gets: no proxy, no PYTEST_*, no coverage, and no secret of anybody else's.
PASSED_ON = (
    "PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
STEP = 0.25  # seconds after which we look around, though it says nothing


def environment(credentials: Mapping[str, str]) -> dict[str, str]:
    """All of the program's environment."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    package = str(Path(__file__).parents[3])
    return {
        **passed,
        records.HEADERS: json.dumps(dict(credentials)),
        records.PATH: os.pathsep.join(str(Path(folder).resolve()) for folder in [*sys.path, package] if folder),
    }


class Program:
    """The running program, and what it says, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.code = process, 0
        self._said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        stream: IO[str] = self.process.stdout  # type: ignore[assignment]
        with stream, contextlib.suppress(ValueError, OSError):
            for line in stream:
                self._said.put(line)
        self._said.put(None)

    def news(self) -> dict[str, Any] | None:
        """What it said within a moment: {} for nothing, None when it has ended."""
        try:
            line = self._said.get(timeout=STEP)
        except queue.Empty:
            return {}
        try:
            said = json.loads(line or "null")
        except ValueError:  # a library's own words
            return {}
        return said if isinstance(said, dict) else None

    def end(self, patience: float = 0.0) -> None:
        """Ends it with its workers, which are in its process group; after `patience` seconds to do so by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        if self.process.stdin is not None:
            self.process.stdin.close()
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.code = self.process.wait()
        self._reader.join(5.0)


@contextlib.contextmanager
def started(spec: Path, out: Path, credentials: Mapping[str, str]) -> Iterator[Program]:
    with spec.with_name("errors").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", str(DRIVER), "run", str(spec), str(out), "--with-parent"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace",
            env=environment(credentials), cwd=spec.parent, start_new_session=True,
        )  # fmt: skip
        program = Program(process)
        try:
            yield program
        finally:
            program.end()
