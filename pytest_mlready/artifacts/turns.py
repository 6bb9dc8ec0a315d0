"""Times two models in turns, each in a fresh process that sleeps while the other one runs."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pytest_mlready.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

PROGRAM = Path(__file__).with_name("turns_child.py")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS")
FEWEST, MOST = 10, 200  # timed single calls of one turn
BULKS = 5  # calls with all rows in one turn, where half of its time is enough for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model to time.

    Attributes:
        name: In messages.
        loader: "module:function" that returns the model.
        arguments: Its arguments, as JSON can carry them.
    """

    name: str
    loader: str
    arguments: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How two models are timed.

    Attributes:
        rows: All of them are one bulk call; shape (n, d).
        batch: Rows of a single call.
        rounds: Turns of each model.
        budget: Seconds for all turns together.
        method: "predict" or "predict_proba".
        threads: Of numerical libraries; 0 leaves them alone.
        folder: Working directory of the processes.
        limit: Seconds that loading, or one turn, may take.
    """

    rows: pl.DataFrame
    batch: int
    rounds: int
    budget: float
    method: str
    threads: int
    folder: Path
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of one model: seconds of each single call, and the median of calls with all rows."""

    singles: tuple[float, ...]
    bulk: float


def in_turns(
    subjects: tuple[Subject, Subject], plan: Plan, *, progress: Callable[[str], None] = lambda _: None
) -> tuple[list[Turn], list[Turn]]:
    """Times both models in alternating order: first and second, second and first, and so on.

    Returns:
        The turns of the first and of the second model; those at one place followed one another.

    Raises:
        ModelError: A process ended, or did not answer in time; with the last line that it wrote.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlready-")))
        plan.rows.write_ipc(folder / "rows.arrow")
        progress("loading both models, each in a process of its own")
        players = [stack.enter_context(_player(subject, plan, folder)) for subject in subjects]
        ready = [player.answer() for player in players]
        orders = _orders(ready, plan)
        turns: tuple[list[Turn], list[Turn]] = ([], [])
        for n in range(plan.rounds):
            progress(f"timing both models in turns, {n + 1} of {plan.rounds}")
            for i in (0, 1) if n % 2 == 0 else (1, 0):
                turns[i].append(players[i].turn(orders))
        progress("")
        return turns


def _orders(ready: Sequence[dict[str, Any]], plan: Plan) -> dict[str, int]:
    """Calls of one turn that fit the budget, the same numbers for both models."""
    share, bulk = plan.budget / plan.rounds, sum(one["bulk"] for one in ready)
    bulks = max(1, min(BULKS, int(share / 2 / max(bulk, 1e-9))))
    calls = int((share - bulks * bulk) / max(sum(one["single"] for one in ready), 1e-9))
    return {"calls": max(FEWEST, min(MOST, calls)), "bulks": bulks}


class _Player:
    """A process that answers orders."""

    def __init__(self, process: subprocess.Popen[str], log: IO[bytes], subject: Subject, limit: float) -> None:
        self.process, self.log, self.subject, self.limit = process, log, subject, limit
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def turn(self, orders: dict[str, int]) -> Turn:
        try:
            self.send(orders)
        except OSError:
            raise self._failed("ended") from None
        answer = self.answer()
        return Turn(singles=tuple(answer["singles"]), bulk=statistics.median(answer["bulks"]))

    def send(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None  # it is a pipe
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        try:
            line = self.lines.get(timeout=self.limit)
        except queue.Empty:
            raise self._failed(f"did not answer within {self.limit:g} s") from None
        if not line:
            raise self._failed("ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(2)
        self.process.stdout.close()  # type: ignore[union-attr]

    def _read(self) -> None:
        assert self.process.stdout is not None  # it is a pipe
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def _failed(self, how: str) -> ModelError:
        self.log.seek(0)
        said = self.log.read().decode("utf-8", errors="replace").strip().splitlines() or ["it wrote nothing"]
        return ModelError(
            f"the process that times {self.subject.name} {how}: {said[-1][:200]}",
            expected="a model that loads and predicts outside this test process, as in production",
        )


@contextlib.contextmanager
def _player(subject: Subject, plan: Plan, folder: Path) -> Iterator[_Player]:
    threads = dict.fromkeys(THREADS, str(plan.threads)) if plan.threads else {}
    task = {
        "path": [p or str(plan.folder) for p in sys.path], "loader": subject.loader,
        "arguments": list(subject.arguments), "rows": str(folder / "rows.arrow"), "batch": plan.batch,
        "method": plan.method,
    }  # fmt: skip
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            cwd=plan.folder, env={**os.environ, **threads},
        )  # fmt: skip
        player = _Player(process, log, subject, plan.limit)
        try:
            with contextlib.suppress(OSError):  # it ended already: its first answer says so
                player.send(task)
            yield player
        finally:
            player.close()
