"""What readiness checks call of this project: [tool.mlready.entry_points] in pyproject.toml names these functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
from features import make
from threadpoolctl import threadpool_limits
from train import NUMBERS, PRODUCTION_CATEGORIES, TARGET, candidate, production, write_skops

if TYPE_CHECKING:
    import pandas as pd

RECORD = Path(__file__).parent / "artifacts" / "training.json"


def train(rows: pd.DataFrame, *, seed: int, folder: Path, steps: int | None = None) -> Path:
    """Trains the candidate on rows, with the settings that the search chose; `steps` are boosting iterations."""
    chosen: dict[str, Any] = json.loads(RECORD.read_text())["selection"]["chosen"]
    settings = {**chosen, "classifier__random_state": seed}
    if steps is not None:
        settings["classifier__max_iter"] = steps
    with threadpool_limits(limits=1):  # sums in one order, whatever the machine's number of cores
        model = candidate(rows).set_params(**settings).fit(make(rows), rows[TARGET])
    artifact = folder / "model.skops"
    write_skops(model, artifact)
    return artifact


def train_production(rows: pd.DataFrame, *, seed: int, folder: Path) -> Path:  # noqa: ARG001 - it draws nothing
    """Trains the model that is live, as its release did."""
    with threadpool_limits(limits=1):
        model = production(rows).fit(rows[NUMBERS + PRODUCTION_CATEGORIES], rows[TARGET])
    artifact = folder / "production.joblib"
    joblib.dump(model, artifact)
    return artifact
