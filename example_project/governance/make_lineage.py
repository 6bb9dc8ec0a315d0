"""Writes lineage.ndjson: OpenLineage run events of what made the two models, from the records and files that are here.

    python example_project/governance/make_lineage.py     # after training again

Three jobs: data/prepare.py turned the donors' files into the two tables (running it again gives the same bytes),
train.py made both models in one run (artifacts/training.json), and the service reads the candidate. When each ran is
not on record: the events bear the time of the commit that brought the artifacts. A real pipeline writes such events
while it runs, and nothing is added by hand afterwards.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "governance" / "lineage.ndjson"
PROJECT = "https://example.invalid/income"
PRODUCER = f"{PROJECT}/governance/make_lineage.py"
FACETS = "https://openlineage.io/spec/facets/1-0-1"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
DONORS = "https://archive.ics.uci.edu/dataset/2/adult"
# sha256 of the donors' files, which are not in this repository.
DONORS_FILES = {
    "adult.data": "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    "adult.test": "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
}


def sha256(path: str) -> str:
    return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()


def dataset(name: str, digest: str, namespace: str = "file") -> dict[str, Any]:
    """A data set at one version, which is the digest of its content."""
    schema = f"{FACETS}/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
    facet = {"_producer": PRODUCER, "_schemaURL": schema, "datasetVersion": f"sha256:{digest}"}
    return {"namespace": namespace, "name": name, "facets": {"version": facet}}


def file(path: str) -> dict[str, Any]:
    return dataset(path, sha256(path))


def artifact(record: dict[str, Any]) -> dict[str, Any]:
    return dataset(f"artifacts/{record['file']}", record["sha256"])


def code(path: str, digest: str) -> dict[str, Any]:
    schema, url = f"{FACETS}/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet", f"{PROJECT}/{path}"
    facet = {"_producer": PRODUCER, "_schemaURL": schema, "type": "file", "url": url, "version": digest}
    return {"sourceCodeLocation": facet}


def event(
    kind: str, time: str, job: dict[str, Any], inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    """One run event; the run's id follows from what went in and came out."""
    told = json.dumps([job["name"], inputs, outputs], sort_keys=True)
    return {
        "eventType": kind,
        "eventTime": time,
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, told))},
        "job": {"namespace": "income", **job},
        "inputs": inputs,
        "outputs": outputs,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
    }


def committed(path: str) -> str:
    """When the file came into the repository."""
    words = ["git", "log", "--diff-filter=A", "--format=%cI", "--", path]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.split()[-1]


def main() -> None:
    training = json.loads((ROOT / "artifacts" / "training.json").read_text(encoding="utf-8"))
    time = committed("artifacts/production.joblib")
    sources = [dataset(name, digest, DONORS) for name, digest in DONORS_FILES.items()]
    table = dataset(training["data"]["file"], training["data"]["sha256"])
    candidate, production = artifact(training["model"]), artifact(training["production"])
    prepare = {"name": "data/prepare.py", "facets": code("data/prepare.py", sha256("data/prepare.py"))}
    train = {"name": "train.py", "facets": code("train.py", training["code"]["sha256"])}
    events = [
        event("COMPLETE", time, prepare, sources, [table, file("data/heldout.parquet")]),
        event("COMPLETE", time, train, [table], [candidate, production]),
        event("OTHER", time, {"name": "service", "facets": {}}, [candidate], []),
    ]
    lines = [json.dumps(one, ensure_ascii=False) for one in events]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT.parent)}: {len(events)} events")


if __name__ == "__main__":
    main()
