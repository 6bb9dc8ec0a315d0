"""Trains release 1.9.0, which a rollback returns to: the same bytes on every run.

    python example_project/releases/train_1_9_0.py          # writes releases/1.9.0/model.skops, SHA256SUMS, golden.json
    python example_project/releases/train_1_9_0.py OTHER    # the same into another folder, to compare

The first release (artifacts/production.joblib) reads thirteen columns, and the service takes eight since its request
was changed: that model cannot answer what clients send now, so nobody can go back to it. 1.9.0 is the step between: the
new request, answered by fewer and smaller trees over the same eight columns. To release the change of the request
before the change of the model is what keeps the way back open.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from train import CATEGORIES, NUMBERS, TARGET, candidate, sha256, write_skops  # noqa: E402

VERSION = "1.9.0"
GOLDEN = 50  # requests recorded with their answers
DIGITS = 9  # kept of each probability: more would depend on the processor


def previous(rows: pd.DataFrame) -> Pipeline:
    """The candidate's kind of model, smaller."""
    return candidate(rows).set_params(classifier__max_iter=40, classifier__max_leaf_nodes=8)


def golden(model: Pipeline, rows: pd.DataFrame, *, version: str, digest: str) -> dict[str, Any]:
    """Requests with the answers of this release: what a rollback must bring back."""
    asked = rows[NUMBERS + CATEGORIES]
    shares = model.predict_proba(asked).round(DIGITS).tolist()
    answer = {
        "model": {"version": version, "sha256": digest},
        "predictions": model.predict(asked).tolist(),
        "probabilities": shares,
    }
    return {"model": answer["model"], "cases": [{"request": {"instances": plain(asked)}, "answer": answer}]}


def plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as the service's clients send them."""
    return json.loads(rows.to_json(orient="records"))  # type: ignore[no-any-return]


def write_golden(model: Pipeline, rows: pd.DataFrame, *, version: str, artifact: Path, target: Path) -> None:
    recorded = golden(model, rows.head(GOLDEN), version=version, digest=sha256(artifact))
    target.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / VERSION
    target.mkdir(parents=True, exist_ok=True)
    rows = pd.read_parquet(HERE.parent / "data" / "train.parquet")
    labels = rows.pop(TARGET)
    artifact = target / "model.skops"
    model = previous(rows).fit(rows[NUMBERS + CATEGORIES], labels)
    write_skops(model, artifact)
    (target / "SHA256SUMS").write_text(f"{sha256(artifact)}  {artifact.name}\n", encoding="utf-8")
    write_golden(model, rows, version=VERSION, artifact=artifact, target=target / "golden.json")
    print(f"{VERSION}: sha256 {sha256(artifact)[:12]}, {artifact.stat().st_size:,} bytes")


if __name__ == "__main__":
    with threadpool_limits(limits=1):  # sums in one order, whatever the machine's number of cores
        main()
