"""Trains the candidate and the older production model from data/train.parquet: the same bytes on every run.

    python example_project/train.py            # writes artifacts/model.skops, production.joblib and training.json
    python example_project/train.py OTHER      # the same into another folder, to compare

The held-out file is never opened here: what is chosen is chosen by cross-validation on the training rows.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import sklearn
import skops
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

HERE = Path(__file__).parent
SEED = 1994  # the year of the census
TARGET = "income"
NUMBERS = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
# What says or gives away sex, race or origin is no input of the candidate: sex, race, native-country, and relationship
# (its values Husband and Wife). `education` is `education-num` in words. `fnlwgt` is a survey weight.
CATEGORIES = ["workclass", "marital-status", "occupation"]
NEVER_AGAINST_ANYBODY = {"education-num", "hours-per-week"}  # longer schooling or hours must not lower an estimate
GRID = {"classifier__learning_rate": [0.03, 0.05, 0.1], "classifier__max_leaf_nodes": [15, 31, 63]}

PRODUCTION_CATEGORIES = [
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native-country",
]


def known_values(rows: pd.DataFrame, columns: list[str]) -> list[list[str]]:
    """The categories of each column without "?": an unknown value is encoded as an unseen one is, as all zeros."""
    return [sorted(set(rows[column]) - {"?"}) for column in columns]


def candidate(rows: pd.DataFrame) -> Pipeline:
    """Boosted trees over 8 columns; numbers may be missing, categories may be new."""
    values = known_values(rows, CATEGORIES)
    encoder = OneHotEncoder(categories=values, handle_unknown="ignore", sparse_output=False)
    direction = [int(name in NEVER_AGAINST_ANYBODY) for name in NUMBERS] + [0] * sum(map(len, values))
    inputs = ColumnTransformer([("numbers", "passthrough", NUMBERS), ("categories", encoder, CATEGORIES)])
    trees = HistGradientBoostingClassifier(
        max_iter=200, monotonic_cst=direction, categorical_features=None, early_stopping=False, random_state=SEED
    )
    return Pipeline([("inputs", inputs), ("classifier", trees)])


def production(rows: pd.DataFrame) -> Pipeline:
    """The first release, still live: logistic regression over every column but the weight."""
    encoder = OneHotEncoder(categories=known_values(rows, PRODUCTION_CATEGORIES), handle_unknown="ignore")
    inputs = ColumnTransformer([("numbers", StandardScaler(), NUMBERS), ("categories", encoder, PRODUCTION_CATEGORIES)])
    return Pipeline([("inputs", inputs), ("classifier", LogisticRegression(max_iter=2000))])


def write_skops(model: Pipeline, path: Path) -> None:
    """Writes a skops file that depends on the model alone.

    A plain `skops.io.dump` holds the time of writing in each member of the zip, and memory addresses as object ids and
    member names. Here members carry a fixed date, and ids are numbers in order of their first appearance.
    """
    packed = zipfile.ZipFile(io.BytesIO(skops.io.dumps(model)))
    schema = json.loads(packed.read("schema.json"))
    numbers: dict[int, int] = {}
    members: dict[str, str] = {}
    for node in walk(schema):
        if "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers))
        if "file" in node:
            node["file"] = members.setdefault(node["file"], f"{len(members)}.npy")
    with zipfile.ZipFile(path, "w") as target:
        write_member(target, "schema.json", json.dumps(schema).encode())
        for old, new in members.items():
            write_member(target, new, packed.read(old))


def walk(node: Any) -> Any:
    """Every table inside a parsed JSON document, parents first, in the document's order."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def write_member(target: zipfile.ZipFile, name: str, content: bytes) -> None:
    """One compressed member, dated at the beginning of zip's calendar."""
    target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def commit() -> str | None:
    """The commit checked out while training ran, or None outside a repository or before its first commit."""
    try:
        run = subprocess.run(
            ["git", "rev-parse", "--verify", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return run.stdout.strip() or None


def tried(search: GridSearchCV) -> list[dict[str, float]]:
    """What the search tried and what each setting reached, in the grid's order."""
    found = search.cv_results_
    columns = zip(found["params"], found["mean_test_score"], found["std_test_score"], strict=True)
    return [{**setting, "roc_auc": round(float(m), 6), "sd": round(float(sd), 6)} for setting, m, sd in columns]


def provenance(rows: int) -> dict[str, Any]:
    """What went into training: data, code, versions, seed."""
    data = HERE / "data" / "train.parquet"
    libraries = {library.__name__: library.__version__ for library in (joblib, pd, sklearn, skops)}
    return {
        "seed": SEED,
        "data": {"file": "data/train.parquet", "sha256": sha256(data), "rows": rows},
        "code": {"file": "train.py", "sha256": sha256(Path(__file__)), "commit": commit()},
        "versions": {"python": platform.python_version(), **libraries},
    }


def described(artifact: Path, model: Pipeline, cv_roc_auc: float) -> dict[str, Any]:
    """One artifact for the record."""
    inputs = model.feature_names_in_.tolist()
    return {"file": artifact.name, "sha256": sha256(artifact), "inputs": inputs, "cv_roc_auc": round(cv_roc_auc, 6)}


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "artifacts"
    target.mkdir(parents=True, exist_ok=True)
    rows = pd.read_parquet(HERE / "data" / "train.parquet")
    labels = rows.pop(TARGET)
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)

    search = GridSearchCV(candidate(rows), GRID, scoring="roc_auc", cv=folds, refit=False).fit(rows, labels)
    chosen = candidate(rows).set_params(**search.best_params_).fit(rows[NUMBERS + CATEGORIES], labels)
    write_skops(chosen, target / "model.skops")

    older = production(rows)
    older_auc = cross_val_score(older, rows, labels, scoring="roc_auc", cv=folds).mean()
    older.fit(rows[NUMBERS + PRODUCTION_CATEGORIES], labels)
    joblib.dump(older, target / "production.joblib")

    record = {
        **provenance(len(rows)),
        "selection": {
            "metric": "roc_auc",
            "folds": 5,
            "grid": GRID,
            "chosen": search.best_params_,
            "tried": tried(search),
        },
        "model": described(target / "model.skops", chosen, float(search.best_score_)),
        "production": described(target / "production.joblib", older, float(older_auc)),
    }
    (target / "training.json").write_text(json.dumps(record, indent=1) + "\n")
    for name in ("model", "production"):
        print(f"{name}: cross-validated ROC AUC {record[name]['cv_roc_auc']:.4f}, sha256 {record[name]['sha256'][:12]}")


if __name__ == "__main__":
    with threadpool_limits(limits=1):  # sums in one order, whatever the machine's number of cores
        main()
