"""Measures what each input costs the service, and writes the cost manifest with the record that shows it.

    python example_project/data/measure_feature_costs.py    # writes feature-costs.yaml and feature-costs.json

Nothing is fetched: all inputs arrive in the request. What an input then costs is its own validation, its own column
and, for a word, its own one-hot encoding, each timed by itself on one row. The service does these in shared calls,
whose fixed part is counted here once for every input, so that the sum is above what a request really takes.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import create_model
from sklearn.preprocessing import OneHotEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from service import model as served  # noqa: E402
from service import schema  # noqa: E402

CALLS, WARM_UP = 2_000, 100
BUSY = 3  # times its processor time that a call may take at p95; beyond that it waited for other work
HEAD = """\
# What each input of the model costs; written by data/measure_feature_costs.py, which says how. Owner and dependency are
# stated there and invented as its README says; the figures are measured, and feature-costs.json is their record.
version: 1
defaults:
  source: request
  dependencies: [questionnaire]
  owner: people analytics
  basis: measured
  record: data/feature-costs.json
sources:
  request: { fetch: each }  # no call brings them: they add up
features:
"""


def handled(name: str, encoders: dict[str, OneHotEncoder]) -> Callable[[], object]:
    """What the service does for one input of one request."""
    attribute, field = next(one for one in schema.Instance.model_fields.items() if name in (one[0], one[1].alias))
    alone = create_model("Alone", __base__=schema.Closed, **{attribute: (field.annotation, field)})
    sent = json.dumps({name: schema.EXAMPLE["instances"][0][name]})

    def handle() -> object:
        value = getattr(alone.model_validate_json(sent), attribute)
        if name in served.NUMBERS:
            return np.array([value], dtype=float)
        return encoders[name].transform(pd.DataFrame({name: [value]}))

    return handle


def timed(handle: Callable[[], object]) -> dict[str, float]:
    """Seconds of one call: wall time at p95, processor time on average."""
    for _ in range(WARM_UP):
        handle()
    walls, start = [], time.process_time()
    for _ in range(CALLS):
        begun = time.perf_counter()
        handle()
        walls.append(time.perf_counter() - begun)
    processor, wall = (time.process_time() - start) / CALLS, statistics.quantiles(walls, n=20)[-1]
    if wall > BUSY * processor:
        raise SystemExit(f"p95 is {wall:.2g} s, processor time {processor:.2g} s: measure on a quiet machine")
    return {"p95_seconds": wall, "processor_seconds": processor}


def known_words(pipeline: Any) -> dict[str, list[str]]:
    """The words that the released model's encoder knows, by column."""
    _, encoder, columns = next(step for step in pipeline.named_steps["inputs"].transformers_ if step[0] == "categories")
    return {column: list(words) for column, words in zip(columns, encoder.categories_, strict=True)}


def measured() -> dict[str, dict[str, float]]:
    path = HERE.parent / "artifacts" / "model.skops"
    words = known_words(served.unpacked(path, path.read_bytes()))
    encoders = {
        column: OneHotEncoder(categories=[known], handle_unknown="ignore", sparse_output=False).fit(
            pd.DataFrame({column: known})
        )
        for column, known in words.items()
    }
    held = {column: sum(sys.getsizeof(word) for word in known) for column, known in words.items()}
    return {name: timed(handled(name, encoders)) | {"bytes": held.get(name, 0)} for name in served.COLUMNS}


def entry(name: str, found: dict[str, float]) -> str:
    latency, compute = (f"{1000 * found[key]:.3g} ms" for key in ("p95_seconds", "processor_seconds"))
    return f"  {name}: {{ latency: {latency}, memory: {found['bytes']:.0f} B, compute: {compute} }}\n"


def main() -> None:
    figures = measured()
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    record = {"calls": CALLS, "rows": 1, "measured_on": machine, "inputs": figures}
    (HERE / "feature-costs.json").write_text(json.dumps(record, indent=1) + "\n")
    (HERE / "feature-costs.yaml").write_text(HEAD + "".join(entry(name, found) for name, found in figures.items()))
    print((HERE / "feature-costs.yaml").read_text())


if __name__ == "__main__":
    main()
