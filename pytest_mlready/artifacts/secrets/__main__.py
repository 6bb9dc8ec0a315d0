"""Drafts a baseline of what files hold: `python -m pytest_mlready.artifacts.secrets FILE … > draft.baseline`.

detect-secrets itself cannot look into artifacts, so it cannot write these entries. Nothing is accepted by them until a
person has set `is_secret` to false.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_mlready.artifacts.contents.artifact import Artifact
from pytest_mlready.artifacts.secrets import baseline, scan

if __name__ == "__main__":
    reports = scan.scan(Artifact(Path(name), Path(name).as_posix()) for name in sys.argv[1:])
    sys.stdout.write(baseline.draft(finding for report in reports for finding in report.findings) + "\n")
    for gap in (gap for report in reports for gap in report.gaps):
        sys.stderr.write(f"not looked into: {gap}\n")
