"""Renders an in-toto statement (test-result v0.1): what was tested is the model, and an item is a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD = "application/vnd.in-toto+json"
RUN = "mlready_run"  # our extension field of the predicate: time, gate and scores, which test-result has no place for
LISTS = {
    "passedTests": ("verified",),
    "warnedTests": ("attested", "inconclusive", "waived"),
    "failedTests": ("failed", "error", "not_run"),
}


def render(document: Mapping[str, Any], catalog: Catalog) -> str:  # noqa: ARG001 - the form that all formats share
    """The statement, unsigned. Items that were not verified or do not apply stand in no list: nothing was tested.

    Raises:
        ReadinessError: The run was about no model file, and a statement is about something that has a digest.
    """
    text = json.dumps(statement(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def statement(document: Mapping[str, Any]) -> dict[str, Any]:
    """The statement as plain data."""
    digest = document["provenance"]["model_sha256"]
    if digest is None:
        raise ReadinessError(
            "there is no model file whose digest the statement could be about",
            fix='[tool.mlready.model] path = "…" names the file that is deployed',
        )
    tests = {
        key: [i for i, item in document["items"].items() if item["status"] in statuses]
        for key, statuses in LISTS.items()
    }
    return {
        "_type": STATEMENT,
        "subject": [{"name": document.get("subject", {}).get("model") or "model", "digest": {"sha256": digest}}],
        "predicateType": PREDICATE,
        "predicate": {
            "result": _result(document, tests),
            "configuration": _configuration(document),
            **tests,
            RUN: _run(document),
        },
    }


def _result(document: Mapping[str, Any], tests: Mapping[str, list[str]]) -> str:
    """FAILED where the gate says so, or, without one, where anything failed; a run that is not whole never passed."""
    gate = document["gate"]
    failed = not gate["passed"] if gate["asked"] else bool(tests["failedTests"])
    if failed or not document["complete"] or document["partial"]:
        return "FAILED"
    return "WARNED" if tests["failedTests"] or tests["warnedTests"] else "PASSED"


def _configuration(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    digest = document["provenance"]["settings_sha256"]
    name = document.get("places", {}).get("settings") or "settings"
    return [{"name": name, "digest": {"sha256": digest}}] if digest else []


def _run(document: Mapping[str, Any]) -> dict[str, Any]:
    provenance, scores = document["provenance"], document["scores"]
    return {
        "system": document["system"],
        "started": provenance["started"],
        "as_of": provenance["as_of"],
        "commit": provenance["commit"],
        "dirty": provenance["dirty"],
        "trigger": provenance["trigger"],
        "hooks": list(provenance.get("hooks", ())),
        "complete": document["complete"],
        "partial": list(document["partial"]),
        "gate": dict(document["gate"]),
        "policy": dict(document["policy"]),
        "scores": {name: _value(score) for name, score in scores.items()},
    }


def _value(score: Mapping[str, Any] | None) -> float | None:
    return None if score is None else float(score.get("fraction", score.get("score", 0.0)))
