"""Compares yesterday's requests with those of the release, by Evidently: what a team would let run every night.

    python example_project/monitoring/drift_job.py          # writes drift.html and drift.json; ends with 1 on drift

`drifted` is also the detector of the item monitoring.prediction_drift in pyproject.toml, so that what is tested there
is what raises the alarm here. The method is named for every column: left to itself, Evidently changes it at 1,000 rows.
It drops missing values and ignores a column that is gone, so both are compared here.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

os.environ.setdefault("DO_NOT_TRACK", "1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

HERE = Path(__file__).parent
METHOD, THRESHOLD = "psi", 0.25  # of the population stability index; 0.25 is a habit of credit scoring
MORE_MISSING = 0.05  # by which the share of missing values may grow or shrink
IDS = ("request_id",)


def drifted(reference: pl.DataFrame, current: pl.DataFrame) -> list[str]:
    """Names of the columns that drifted."""
    lost = [name for name in reference.columns if gone(name, reference, current)]
    values = [name for name in reference.columns if name not in lost]
    return lost + ([name for name, value in indices(compare(reference, current, values)) if value >= THRESHOLD])


def gone(name: str, reference: pl.DataFrame, current: pl.DataFrame) -> bool:
    """Whether a column is not there, or holds clearly more or fewer missing values."""
    if name not in current.columns:
        return True
    before, now = (rows[name].null_count() / rows.height for rows in (reference, current))
    return abs(now - before) > MORE_MISSING or now == 1


def compare(reference: pl.DataFrame, current: pl.DataFrame, columns: list[str]) -> Any:
    """Evidently's comparison of the values."""
    numbers = [name for name in columns if reference[name].dtype.is_numeric()]
    words = [name for name in columns if name not in numbers]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=words)
    before, now = (Dataset.from_pandas(table(rows, numbers, words), definition) for rows in (reference, current))
    report = Report([ValueDrift(column=name, method=METHOD, threshold=THRESHOLD) for name in columns])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return report.run(current_data=now, reference_data=before)


def table(rows: pl.DataFrame, numbers: list[str], words: list[str]) -> pd.DataFrame:
    """The rows as Evidently takes them: floats, and text."""
    columns: dict[str, Any] = {name: rows[name].cast(pl.Float64).to_numpy() for name in numbers}
    return pd.DataFrame(columns | {name: pd.Series(rows[name].to_list(), dtype=object) for name in words})


def indices(snapshot: Any) -> list[tuple[str, float]]:
    """Each column with its index."""
    return [(metric["config"]["column"], float(metric["value"])) for metric in snapshot.dict()["metrics"]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, default=HERE / "windows" / "reference.parquet")
    parser.add_argument("--current", type=Path, default=HERE / "windows" / "current.parquet")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for drift.html and drift.json")
    asked = parser.parse_args()
    before, now = (pl.read_parquet(path).drop(IDS, strict=False) for path in (asked.reference, asked.current))
    alarms = drifted(before, now)
    snapshot = compare(before, now, [name for name in before.columns if not gone(name, before, now)])
    asked.output.mkdir(parents=True, exist_ok=True)
    snapshot.save_html(str(asked.output / "drift.html"))
    result = {"drifted": alarms, "index": dict(indices(snapshot)), "rows": [before.height, now.height]}
    (asked.output / "drift.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"drifted: {', '.join(alarms) or 'none'} (of {len(before.columns)} columns)")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
