"""Reads the committed report below which nothing may fall, and says why it cannot serve as one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_mlready import comparison
from pytest_mlready.errors import ReadinessError
from pytest_mlready.reports import reading
from pytest_mlready.reports.document import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def held_to(root: Path, path: str | None) -> tuple[Mapping[str, Any] | None, str]:
    """The ratchet report, or why it cannot serve as one; neither where the settings name none."""
    if not path:
        return None, ""
    try:
        report = read(root / path)
        comparison.check(report, path)
    except ReadinessError as error:
        fix = f"write it by a whole run with --mlready-report={path} and commit it"
        return None, f"there is no ratchet report to hold this run to, {path}: {error} Next step: {fix}"
    return report, ""


def read(path: Path) -> Mapping[str, Any]:
    """The JSON report at `path`, with all that the gate will look up in it.

    Raises:
        ReadinessError: It is not there, no report of this schema, or of a run that was not whole: holding a run to
            that would let anything fall.
    """
    report = reading.content(path)
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
        _ = _number(item["points"]), [str(test["id"]) for test in item["tests"]]
    for score in report["scores"].values():
        _ = [_number(test["credit"]) for test in score["tests"].values()]


def _number(value: Any) -> float:
    """A number to hold others to: nothing falls below NaN, and a text cannot be compared."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)
