"""Asks a saved model in a process of its own, where nothing is left of the one that saved it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import ModelError
from pytest_mlready.quality.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

_PROGRAM = """
import importlib, json, pathlib, sys
task = json.loads(sys.stdin.read())
sys.path[:] = task["path"]
import polars
module, _, name = task["loader"].partition(":")
model = getattr(importlib.import_module(module), name)(*task["arguments"])
rows = polars.read_ipc(task["rows"])
labels, proba = model.predict(rows), model.predict_proba(rows)
found = {"labels": labels.tolist(), "proba": None if proba is None else proba.tolist()}
pathlib.Path(task["answer"]).write_text(json.dumps(found))
"""


def ask(loader: str, arguments: Sequence[Any], X: pl.DataFrame, *, folder: Path, time_limit: float = 300.0) -> Answer:
    """The answers of a model that a fresh process loads; texts are hashed with another seed there.

    Args:
        loader: "module:function" that returns the model.
        arguments: Its arguments, as JSON can carry them.
        X: n rows of features.
        folder: Working directory of the process.
        time_limit: Seconds for loading and answering.

    Raises:
        ModelError: The process ended without an answer; with the last line it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="mlready-") as scratch:
        rows, answer = Path(scratch, "rows.arrow"), Path(scratch, "answer.json")
        X.write_ipc(rows)
        path = [p or str(folder) for p in sys.path]
        task = {"path": path, "loader": loader, "arguments": list(arguments), "rows": str(rows), "answer": str(answer)}
        last = _run(json.dumps(task), folder, time_limit)
        if not answer.is_file():
            raise ModelError(
                f"a fresh process that loads the model and asks it ended without an answer: {last[:200]}",
                expected="the saved model to answer outside the process that saved it, as in production",
            )
        found = json.loads(answer.read_text(encoding="utf-8"))
    proba = None if found["proba"] is None else np.asarray(found["proba"], float)
    return Answer(n=X.height, labels=np.asarray(found["labels"]), proba=proba)


def _run(task: str, folder: Path, time_limit: float) -> str:
    """Runs the program; the last line that it wrote on standard error."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=task,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=time_limit,
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"the model did not load and answer in a fresh process within {time_limit:g} s",
            fix="load it in a plain interpreter to see where it waits",
        ) from None
    return (done.stderr.strip().splitlines() or ["it wrote nothing"])[-1]
