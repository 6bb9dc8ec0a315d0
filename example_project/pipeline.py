"""Carries raw rows through every stage to one served prediction, small enough to run on each commit.

    python pipeline.py --rows 500 --folder /tmp/run --port 8123

The stages are those of a release: the donors' lines are prepared by data/prepare.py, the model is trained by
entry_points.py, the service of service/ is started, asked and stopped as deploy/staging.py does it. RAW_DATA names
other raw data than data/raw-sample.data.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.prepare import read_donors_file

if TYPE_CHECKING:
    import polars as pl

HERE = Path(__file__).parent
SAMPLE = HERE / "data" / "raw-sample.data"
TARGET, CLASSES = "income", {"<=50K", ">50K"}


def take(source: Path, count: int, folder: Path) -> Path:
    """The first `count` lines of the raw data."""
    with source.open() as stream:
        lines = list(itertools.islice((line for line in stream if line.strip()), count))
    if len(lines) < count:
        raise SystemExit(f"{source.name} has {len(lines)} rows; {count} were asked for")
    target = folder / "raw.data"
    target.write_text("".join(lines))
    return target


def prepare(raw: Path) -> pl.DataFrame:
    """Typed rows with both classes among them."""
    rows = read_donors_file(raw)
    if set(rows[TARGET]) != CLASSES:
        raise SystemExit(f"the target holds {sorted(set(rows[TARGET]))}, not both of {sorted(CLASSES)}")
    return rows


def learn(rows: pl.DataFrame, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The artifact that training writes, and the first person as a request has them."""
    from entry_points import train  # scikit-learn: not before the raw data were found good
    from train import CATEGORIES, NUMBERS, SEED

    features = rows.select(*NUMBERS, *CATEGORIES, TARGET)
    artifact = train(features.to_pandas(), seed=SEED, folder=folder)
    return artifact, features.drop(TARGET).row(0, named=True)


def serve(artifact: Path, example: dict[str, Any], port: int) -> dict[str, float]:
    """What the service answers to one person when it serves this artifact: probabilities by class."""
    from deploy.staging import Staging

    digest = hashlib.sha256(artifact.read_bytes()).hexdigest()
    released = {"MODEL_PATH": str(artifact), "MODEL_SHA256": digest, "INCOME_SIGNING_KEY": secrets.token_hex(32)}
    staging = Staging(environment={**os.environ, **released}, sha256=digest, port=port)
    try:
        staging.deploy()
        staging.check_served()
        response = staging.ask("POST", "/predict", "good", json={"instances": [example]}).raise_for_status()
        staging.stop()
    finally:
        if staging.service is not None and staging.service.poll() is None:
            staging.service.kill()
            staging.service.wait()
    answer = response.json()
    return dict(zip(answer["classes"], answer["probabilities"][0], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()

    raw = take(Path(os.environ.get("RAW_DATA", SAMPLE)), asked.rows, asked.folder)
    rows = prepare(raw)
    artifact, example = learn(rows, asked.folder)
    answer = serve(artifact, example, asked.port)

    result = {
        "rows": rows.height,
        "artifact": artifact.name,
        "prediction": {"example": example, "answer": answer},
        "stages": ["take raw rows", "prepare", "features", "train", "deploy", "predict", "stop"],
    }
    (asked.folder / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{rows.height} raw rows became {artifact.name}; the service answered {answer}")


if __name__ == "__main__":
    main()
