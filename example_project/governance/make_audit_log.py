"""Writes audit-log.jsonl: what the deployment job of a real project would append, line by line, when it deploys.

    python example_project/governance/make_audit_log.py     # begins the log anew; a real one is only ever appended to
    python -m pytest_mlready.documents.audit example_project/governance/audit-log.jsonl      # verifies it

Nothing was deployed, and the people are invented; the first line of the log says so. Digests and commits are those of
the files in this repository. A deployment job appends with

    python -m pytest_mlready.documents.audit LOG event=deployed model=FILE data=FILE report=FILE commit=… author=… …
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

from pytest_mlready.documents.audit import chain

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT / "governance" / "audit-log.jsonl"
REPORT = "artifacts/training.json"
PEOPLE = {"author": "Mira Okafor", "approver": "Jonas Lindqvist"}
DEPLOYMENTS = (
    ("production", "production", "2026-11-23T09:30:00+00:00"),
    ("model", "staging", "2026-11-24T10:15:00+00:00"),
)


def commit() -> str:
    """The commit that brought the artifacts."""
    words = ["git", "log", "--diff-filter=A", "--format=%H", "--", "artifacts/production.joblib"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.split()[-1]


def main() -> None:
    training = json.loads((ROOT / REPORT).read_text(encoding="utf-8"))
    LOG.unlink(missing_ok=True)
    note = "An example: nothing was deployed, and Mira Okafor and Jonas Lindqvist are invented."
    chain.append(LOG, {"event": "note", "time": "2026-11-23T09:00:00+00:00", "text": note})
    for name, environment, time in DEPLOYMENTS:
        entry = {
            "event": "deployed",
            "time": time,
            "environment": environment,
            "model": f"artifacts/{training[name]['file']}",
            "model_sha256": training[name]["sha256"],
            "data_sha256": training["data"]["sha256"],
            "commit": commit(),
            "report": REPORT,
            "report_sha256": hashlib.sha256((ROOT / REPORT).read_bytes()).hexdigest(),
            **PEOPLE,
        }
        head = chain.append(LOG, entry)
    print(f"{LOG.relative_to(ROOT.parent)}: head {head}")


if __name__ == "__main__":
    main()
