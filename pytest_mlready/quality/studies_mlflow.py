"""Reads a search that MLflow kept: the runs of one experiment, from a copy of a local store or from a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytest_mlready.errors import DataError, Inconclusive, MissingExtra, near
from pytest_mlready.quality import studies_cells as cells
from pytest_mlready.quality.studies import State, Study, Trial

TIMEOUT = 120  # seconds
STATES: dict[str, State] = {"FINISHED": "complete", "RUNNING": "running", "SCHEDULED": "running"}
# In a process of its own: MLflow keeps its addresses in global variables.
PROGRAM = """
import json, sys
from mlflow.tracking import MlflowClient
client, runs = MlflowClient(), []
for experiment in client.search_experiments():
    token = None
    while True:
        page = client.search_runs([experiment.experiment_id], max_results=1000, page_token=token)
        runs += [{"experiment": experiment.name, "id": r.info.run_id, "status": r.info.status,
                  "params": dict(r.data.params), "metrics": {k: repr(v) for k, v in r.data.metrics.items()},
                  "tags": dict(r.data.tags)} for r in page]
        token = page.token
        if not token:
            break
print(json.dumps(runs))
"""


def read(path: Path | None, *, name: str | None, score: str | None) -> Study:
    """The runs of an experiment; a run that holds others (nested runs) is no trial.

    Args:
        path: SQLite file or folder of runs; None: the server that MLFLOW_TRACKING_URI names.
        name: Of the experiment; needed where several have runs.
        score: The metric that was optimised; needed where the runs have several.

    Raises:
        MissingExtra: MLflow is not installed.
        Inconclusive: The server does not answer, or is not named.
        DataError: There is no such experiment or metric.
    """
    if find_spec("mlflow") is None:
        raise MissingExtra("mlflow-skinny", "registry", "reading runs of MLflow")
    source = "MLflow" if path is None else path.name
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        runs = _ask(_address(path, Path(folder)), source)
    chosen = _experiment(runs, name, source)
    parents = {run["tags"].get("mlflow.parentRunId") for run in chosen}
    trials = [run for run in chosen if run["id"] not in parents]
    metric = _metric(trials, score, source)
    own = [(run["params"], {k: v for k, v in run["tags"].items() if not k.startswith("mlflow.")}) for run in chosen]
    return Study(
        source=f"{source} ({chosen[0]['experiment']})", tool="MLflow", score=metric, digests=cells.digests(str(own)),
        trials=tuple(_trial(run, metric) for run in trials),
    )  # fmt: skip


def _address(path: Path | None, folder: Path) -> str:
    """Where MLflow shall look: a copy, since opening a store writes to it."""
    if path is None:
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            raise Inconclusive("no tracking server is named", fix="export MLFLOW_TRACKING_URI=https://…")
        return os.environ["MLFLOW_TRACKING_URI"]
    copy = folder / "store"
    if path.is_dir():
        # The description of runs alone, without what they saved.
        shutil.copytree(path, copy, ignore=shutil.ignore_patterns("artifacts", "models"))
        return copy.as_uri()
    for side in ("", "-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + side)
        if beside.is_file():
            shutil.copyfile(beside, copy.with_name(copy.name + side))
    return f"sqlite:///{copy}"


def _ask(address: str, source: str) -> list[dict[str, Any]]:
    settings = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60", **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_TRACKING_URI": address,
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=settings, capture_output=True, text=True, timeout=TIMEOUT, check=False,
            errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Inconclusive(f"{source} gave no runs within {TIMEOUT} s", fix="export the runs of the search") from None
    if done.returncode:
        said = " ".join((done.stderr.strip().splitlines() or ["MLflow said nothing"])[-1].split())[:200]
        raise Inconclusive(f"MLflow cannot read {source}: {said}", fix="mlflow db upgrade …, or start the server")
    runs: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return runs


def _experiment(runs: list[dict[str, Any]], name: str | None, source: str) -> list[dict[str, Any]]:
    known = list(dict.fromkeys(run["experiment"] for run in runs))
    chosen = known[0] if name is None and len(known) == 1 else name
    if chosen in known:
        return [run for run in runs if run["experiment"] == chosen]
    told = ", ".join(known[:10]) or "none"
    found = f'{source} has no experiment "{name}" with runs{near(name, known)}' if name else f"{source} has several"
    raise DataError(found, expected=f"one of {told}", fix='name = "…" in the item\'s settings')


def _metric(trials: list[dict[str, Any]], score: str | None, source: str) -> str:
    known = list(dict.fromkeys(metric for run in trials for metric in run["metrics"]))
    if score in known or (score is None and len(known) == 1):
        return score or known[0]
    told = ", ".join(known[:20]) or "none"
    found = f'no run of {source} has the metric "{score}"{near(score, known)}' if score else f"{source} has {told}"
    raise DataError(found, expected=f"one of {told}", fix='say which one was optimised: score = "…"')


def _trial(run: dict[str, Any], metric: str) -> Trial:
    state = STATES.get(run["status"], "failed")
    reached = cells.number(run["metrics"].get(metric))
    state = "failed" if state == "complete" and reached is None else state
    params = {name: cells.value_of(value) for name, value in run["params"].items()}
    score = reached if state == "complete" else None
    return Trial(name=run["id"][:8], params=params, score=score, state=state)
