"""Measures what loading a model costs, in fresh processes: seconds, and memory at its peak."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

# Standard library alone, so that whatever the model needs is imported inside the measured part. On Linux the peak is
# read from VmHWM: ru_maxrss there starts at the size of the process that spawned this one (exec keeps it), so a large
# test process would hide a small model.
_PROGRAM = """
import importlib, json, sys, time
task = json.loads(sys.stdin.read())
sys.path[:] = task["path"]

def peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

before, start = peak(), time.perf_counter()
module, _, name = task["loader"].partition(":")
model = getattr(importlib.import_module(module), name)(*task["arguments"])
seconds, loaded = time.perf_counter() - start, peak()
if task["rows"]:
    import polars
    rows = polars.read_ipc(task["rows"])
    model.predict(rows)
    model.predict_proba(rows)
print("\\nmlready:" + json.dumps({"seconds": seconds, "before": before, "loaded": loaded, "peak": peak()}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What one fresh process measured.

    Attributes:
        seconds: Time of loading, with every import that it needs; the interpreter's own start is not in it.
        before: Peak resident memory in bytes before loading; None where the system does not tell.
        loaded: The same after loading.
        peak: The same after loading and predicting.
    """

    seconds: float
    before: int | None
    loaded: int | None
    peak: int | None

    @property
    def added(self) -> int | None:
        """Bytes by which loading and predicting raised the peak."""
        return None if self.peak is None or self.before is None else self.peak - self.before


def measure(  # noqa: PLR0913 - one argument for each thing the child is told
    loader: str,
    arguments: Sequence[Any],
    *,
    rows: pl.DataFrame | None = None,
    repeats: int = 5,
    folder: Path | None = None,
    time_limit: float = 300.0,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Footprint]:
    """Loads the model, and predicts, in `repeats` fresh processes one after another.

    Args:
        loader: "module:function" that returns the model.
        arguments: Its arguments, as JSON can carry them.
        rows: Rows for predict and predict_proba, shape (n, d); None to load only.
        repeats: Number of processes.
        folder: Working directory of the processes.
        time_limit: Seconds for each.
        progress: Told what is going on.

    Raises:
        ModelError: a process ended without a result; with the last line it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="mlready-") as scratch:
        stored = Path(scratch) / "rows.arrow"
        if rows is not None:
            rows.write_ipc(stored)
        task = {
            "path": [p or str(folder or Path.cwd()) for p in sys.path],
            "loader": loader,
            "arguments": list(arguments),
            "rows": "" if rows is None else str(stored),
        }
        found = []
        for i in range(repeats):
            progress(f"loading the model in a fresh process, {i + 1} of {repeats}")
            found.append(_once(json.dumps(task), folder, time_limit))
        progress("")
        return found


def artifact_bytes(path: Path) -> int:
    """Bytes of a file, or of all files below a folder, links not followed.

    Raises:
        ModelError: nothing is there.
    """
    if path.is_file():
        return path.stat().st_size
    if not path.is_dir():
        raise ModelError(f"{path} is not there", fix="correct `path` in [tool.mlready.model]")
    return sum(p.lstat().st_size for p in path.rglob("*") if p.is_file() and not p.is_symlink())


def _once(task: str, folder: Path | None, time_limit: float) -> Footprint:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=task,
            capture_output=True,
            text=True,
            timeout=time_limit,
            cwd=folder,
            check=False,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"the model did not load and predict in a fresh process within {time_limit:g} s",
            fix="load it in a plain interpreter to see where it waits",
        ) from None
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("mlready:"):
            return Footprint(**json.loads(line.removeprefix("mlready:")))
    last = (done.stderr.strip().splitlines() or ["it wrote nothing"])[-1]
    raise ModelError(
        f"a fresh process that loads the model ended with status {done.returncode}: {last[:200]}",
        expected="the model to load outside this test process, as in production",
    )
