"""Makes a model registry with both releases: what the release job does in the team's MLflow server, done in a file.

    python example_project/registry/make_registry.py      # writes mlflow.db and mlruns/, anew each time

Version 1 is release 1.9.0 (alias "previous"), version 2 is 2.0.0 (alias "champion"). Each carries the digest of its
artifact as the tag sha256. Neither file is committed: a registry holds addresses of the machine that it was made on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # before the import

from mlflow.tracking import MlflowClient

ROOT = Path(__file__).resolve().parents[1]
NAME = "income"
ALIASES = {"1.9.0": "previous", "2.0.0": "champion"}
# The bytes that were trained are logged, not dumped again: the digest stays that of the release.
MLMODEL = """flavors:
  sklearn:
    pickled_model: {file}
    serialization_format: skops
    sklearn_version: {sklearn}
"""


def sklearn_version() -> str:
    """What the models were trained with, as the training record says."""
    record = json.loads((ROOT / "artifacts" / "training.json").read_text(encoding="utf-8"))
    return str(record["versions"]["sklearn"])


def logged(version: str, artifact: Path, store: Path) -> Path:
    """A folder as MLflow keeps a model in it."""
    folder = store / version
    folder.mkdir(parents=True)
    shutil.copyfile(artifact, folder / artifact.name)
    described = MLMODEL.format(file=artifact.name, sklearn=sklearn_version())
    (folder / "MLmodel").write_text(described, encoding="utf-8")
    return folder


def main() -> None:
    database, store = ROOT / "mlflow.db", ROOT / "mlruns"
    database.unlink(missing_ok=True)
    shutil.rmtree(store, ignore_errors=True)
    client = MlflowClient(tracking_uri=f"sqlite:///{database}", registry_uri=f"sqlite:///{database}")
    client.create_registered_model(NAME)
    releases = json.loads((ROOT / "releases" / "releases.json").read_text(encoding="utf-8"))
    for version, release in releases.items():
        artifact = ROOT / release["path"]
        tags = {"release": version, "sha256": hashlib.sha256(artifact.read_bytes()).hexdigest()}
        made = client.create_model_version(NAME, logged(version, artifact, store).as_uri(), tags=tags)
        client.set_registered_model_alias(NAME, ALIASES[version], made.version)
        print(f"{NAME} version {made.version}: release {version}, sha256 {tags['sha256'][:12]}, {ALIASES[version]}")


if __name__ == "__main__":
    main()
