"""Loads one model and times it whenever it is told to: a program of its own, which waits while it is not its turn.

Reads a task as the first line of standard input, then one order a line; answers each with one line of JSON. Whatever
the model prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any


def main() -> None:
    task = json.loads(sys.stdin.readline())
    sys.path[:] = task["path"]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    began = time.perf_counter()
    module, _, name = task["loader"].partition(":")
    model = getattr(importlib.import_module(module), name)(*task["arguments"])
    loaded = time.perf_counter() - began
    call, singles, bulk = prepared(model, task)
    for rows in (*singles[:3], bulk):  # what is loaded late is not timed
        call(rows)
    say(answers, {"loaded": loaded, "single": min(timed(call, singles[:3])), "bulk": timed(call, [bulk])[0]})
    turn = 0
    for line in sys.stdin:
        order = json.loads(line)
        wanted = [singles[(turn + i) % len(singles)] for i in range(order["calls"])]
        turn += order["calls"]
        say(answers, {"singles": timed(call, wanted), "bulks": timed(call, [bulk] * order["bulks"])})


def prepared(model: Any, task: dict[str, Any]) -> tuple[Any, list[Any], Any]:
    """What is called, small batches, and all rows at once; frames are built before the clock starts."""
    import polars as pl

    from pytest_mlready.artifacts import frames

    rows, size = pl.read_ipc(task["rows"]), task["batch"]
    kind: Any = getattr(model, "frame", "polars")
    loose = getattr(model, "loose_names", False)

    def given(part: pl.DataFrame) -> Any:
        return frames.given(part, names=model.feature_names, kind=kind, loose=loose)

    singles = [given(rows[i : i + size]) for i in range(0, min(rows.height, 200 * size), size)]
    return getattr(model, task["method"]), singles, given(rows)


def timed(call: Any, arguments: list[Any]) -> list[float]:
    """Seconds of each call."""
    spent = []
    for argument in arguments:
        start = time.perf_counter()
        call(argument)
        spent.append(time.perf_counter() - start)
    return spent


def say(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
