"""Renders the endpoint JSON from which shields.io draws a badge: the score, and green only for a gate that passed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.reports.changes import share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog

LABEL = "ML readiness"
BAD = ("failed", "error", "not_run")


def render(document: Mapping[str, Any], catalog: Catalog) -> str:  # noqa: ARG001 - the form that all formats share
    """The badge: schema version 1 of the endpoint format."""
    message, color = _shown(document)
    wrong = {"isError": True} if color == "red" else {}
    return (
        json.dumps({"schemaVersion": 1, "label": LABEL, "message": message, "color": color, **wrong}, indent=1) + "\n"
    )


def _shown(document: Mapping[str, Any]) -> tuple[str, str]:
    """Message and colour: a run without a gate, or with findings, is never green, whatever its score."""
    gate, score = document["gate"], _score(document)
    if not document["complete"]:
        return "incomplete run", "lightgrey" if not gate["asked"] else "red"
    if document["partial"]:
        return "partial run", "lightgrey" if not gate["asked"] else "red"
    failing = sum(item["status"] in BAD for item in document["items"].values())
    if gate["asked"] and not gate["passed"]:
        return f"gate not passed, {score}", "red"
    if gate["asked"]:
        return score, "yellowgreen" if failing else "brightgreen"
    return (f"{failing} failing, {score}", "orange") if failing else (score, "blue")


def _score(document: Mapping[str, Any]) -> str:
    """Reads like "checklist 80%, ML Test Score 2.5"."""
    paper, checklist = (document["scores"].get(rubric) for rubric in ("ml_test_score", "checklist"))
    parts = [f"checklist {share(checklist['fraction'])}"] if checklist else []
    parts += [f"ML Test Score {paper['score']:g}"] if paper else []
    return ", ".join(parts) or "no score"
