"""Reads the committed report below which nothing may fall, and says why it cannot serve as one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError
from pytest_mlready.reports.document import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read(path: Path) -> Mapping[str, Any]:
    """The JSON report at `path`, with all that the gate will look up in it.

    Raises:
        ReadinessError: It is not there, no report of this schema, or of a run that was not whole: holding a run to
            that would let anything fall.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReadinessError(f"it cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ReadinessError("it is not valid JSON") from error
    version = report.get("schema_version") if isinstance(report, dict) else None
    if version != SCHEMA_VERSION:
        raise ReadinessError(f"its schema_version is {version}", expected=str(SCHEMA_VERSION))
    try:
        whole = report["complete"] and not report["partial"]
        if whole:
            _look_up(report)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadinessError("it is no report of pytest --mlready") from error
    if not whole:
        raise ReadinessError("it is the report of a partial run")
    return dict(report)


def _look_up(report: Mapping[str, Any]) -> None:
    for item in report["items"].values():
        _ = float(item["points"]), [str(test["id"]) for test in item["tests"]]
    for score in report["scores"].values():
        _ = [float(test["credit"]) for test in score["tests"].values()]
