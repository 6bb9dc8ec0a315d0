"""Renders GitLab's Code Quality report: what failed or could not tell, each at a file and a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.reports.findings import Finding, findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog


def render(document: Mapping[str, Any], catalog: Catalog) -> str:  # noqa: ARG001 - the form that all formats share
    """The list that `artifacts: reports: codequality:` takes; an empty one where nothing was found."""
    text = json.dumps([_issue(f) for f in findings(document)], indent=1, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def _issue(finding: Finding) -> dict[str, Any]:
    waived = f" ({finding.waiver})" if finding.waiver else ""
    return {
        "description": f"{finding.title}: {finding.message}{waived}",
        "check_name": finding.item,
        "fingerprint": finding.fingerprint,
        "severity": _severity(finding),
        "location": {"path": finding.path, "lines": {"begin": finding.line}},
    }


def _severity(finding: Finding) -> str:
    """Of GitLab's info, minor, major, critical and blocker."""
    if finding.waiver:
        return "info"
    if finding.outcome == "inconclusive":
        return "major" if finding.required else "minor"
    return "blocker" if finding.required else "critical"
