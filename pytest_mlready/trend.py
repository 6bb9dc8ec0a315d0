"""Reads a folder of earlier reports into a few figures each, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready import comparison
from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST = 200  # reports: those written last


def read(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The figures of every JSON report in a folder, and which files are none.

    Args:
        folder: Holds reports as --mlready-report=….json writes them; one that is not there has no history yet.
    """
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[-MOST:] if folder.is_dir() else []
    found, refused = [], []
    for path in files:
        try:
            found.append(point(comparison.read(path)))
        except ReadinessError as error:
            refused.append(str(error))
    return sorted(found, key=lambda p: str(p["started"])), refused


def point(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a trend shows of one report; figures of a partial run are None."""
    scores, gate = report["scores"], report.get("gate") or {}
    checklist, paper = scores.get("checklist") or {}, scores.get("ml_test_score") or {}
    return {
        "started": report["provenance"].get("started"),
        "commit": report["provenance"].get("commit"),
        "checklist": checklist.get("fraction"),
        "ml_test_score": paper.get("score"),
        "sections": dict(paper.get("sections") or {}),
        "gate": gate.get("passed") if gate.get("asked") else None,
    }
