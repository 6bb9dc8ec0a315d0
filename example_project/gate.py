"""Decides whether a model may be released: exit status 0 lets it through, 3 vetoes it, anything else is our mistake.

    python example_project/gate.py artifacts/model.skops

It reads the model as the service does (skops, with the one type that is trusted), asks it about the held-out people,
whom no training has seen, and holds the figures against the limits of pyproject.toml. Probabilities are read by the
name of their class, as clients read them.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from service.model import COLUMNS, ModelError, assembled, try_once, unpacked
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from service.model import Model

HERE = Path(__file__).resolve().parent
VETO = 3  # 1 is what Python ends with when it crashes, 2 what it says of a wrong command


def settings() -> dict[str, Any]:
    """[tool.mlready]: the limits, and where the held-out rows are."""
    document = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, Any] = document["tool"]["mlready"]
    return table


def figures(model: Model, rows: pd.DataFrame, truth: pd.Series, positive: str) -> dict[str, float]:
    """What the model reaches on these rows; a label is the likelier class, as the service answers."""
    with model.threads.limit(limits=1):
        table = model.pipeline.predict_proba(rows[COLUMNS])
    likely, labels = table[:, model.classes.index(positive)], [model.classes[i] for i in table.argmax(axis=1)]
    return {
        "roc_auc": roc_auc_score(truth == positive, likely),
        "accuracy": accuracy_score(truth, labels),
        "brier": brier_score_loss(truth == positive, likely),
    }


def objections(found: Mapping[str, float], limits: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A sentence for each limit that is missed; a figure that is no number misses every limit."""
    for name, limit in limits.items():
        value = found[name]
        if not value >= limit.get("min", float("-inf")):
            yield f"{name} {value:.4f} is below {limit['min']}"
        if not value <= limit.get("max", float("inf")):
            yield f"{name} {value:.4f} is above {limit['max']}"


def main() -> int:
    path = Path(sys.argv[1])
    table = settings()
    try:
        model = assembled(unpacked(path, path.read_bytes()), version="candidate", sha256="")
        try_once(model)
    except ModelError as unfit:
        print(f"veto: {unfit}" + (f" ({unfit.__cause__})" if unfit.__cause__ else ""))
        return VETO
    rows = pd.read_parquet(HERE / table["data"]["heldout"])
    found = figures(model, rows, rows[table["data"]["target"]], table["data"]["positive"])
    print(", ".join(f"{name} {value:.4f}" for name, value in found.items()))
    vetoes = list(objections(found, table["metrics"]))
    for veto in vetoes:
        print(f"veto: {veto}")
    return VETO if vetoes else 0


if __name__ == "__main__":
    sys.exit(main())
