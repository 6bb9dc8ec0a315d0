"""Follows one readiness test through its phases and attempts, and carries the result between processes as JSON text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.errors import Ending, ReadinessError
from pytest_mlready.evidence import Notes, to_text
from pytest_mlready.fixtures import BadInput
from pytest_mlready.tally import TestOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable

PROPERTY = "mlready"
WORST_FIRST = ("failed", "error", "not_run", "inconclusive", "unverified", "not_applicable", "passed")
KEYS = frozenset(f.name for f in fields(TestOutcome))
MESSAGE_LIMIT = 4000  # characters; a message is for reading


@dataclass(slots=True, kw_only=True)
class Following:
    """One readiness test while it runs: kept on the item's stash, in the process that runs it."""

    id: str
    items: tuple[str, ...]  # ids of the items it counts for
    builtin: bool
    grade: str  # follows from its fixtures, until the test says otherwise
    line: int | None = None  # of a team's test, in its file
    attempts: int = 0
    seconds: float = 0.0
    endings: list[tuple[str, str]] = field(default_factory=list)  # (outcome, message) of each phase that says something
    notes: Notes = field(default_factory=Notes)  # of the last attempt

    def begin(self) -> Notes:
        """A new attempt: what the one before measured is dropped, how it ended is not."""
        self.attempts += 1
        self.notes = Notes()
        return self.notes

    def phase(self, report: pytest.TestReport, raised: BaseException | None) -> None:
        """Notes how one phase ended."""
        self.seconds += report.duration
        if report.skipped and report.when == "call" and isinstance(raised, pytest.skip.Exception):
            raised = self.notes.ending or raised
        ending = _ending(report, raised, builtin=self.builtin)
        if ending:
            self.endings.append((ending[0], ending[1][:MESSAGE_LIMIT]))

    @property
    def outcome(self) -> str:
        return min((outcome for outcome, _ in self.endings), key=WORST_FIRST.index, default="not_run")

    def to_text(self) -> str:
        message = next(
            (m for outcome, m in self.endings if outcome == self.outcome), "it began, and no result came back"
        )
        return to_text(
            {
                "id": self.id,
                "items": self.items,
                "outcome": self.outcome,
                "seconds": round(self.seconds, 4),
                "message": message,
                "evidence": self.notes.evidence,
                "plots": self.notes.plots,
                "attachments": self.notes.attachments,
                "grade": self.notes.grade or self.grade,
                "builtin": self.builtin,
                "attempts": self.attempts,
                "line": self.line,
            }
        )


def from_text(text: object, test_id: str) -> TestOutcome | None:
    """The outcome that `Following.to_text` wrote for this test; None where somebody else's property has our name."""
    try:
        raw: Any = json.loads(str(text))
    except ValueError:
        return None
    if not isinstance(raw, dict) or raw.keys() != KEYS or raw["id"] != test_id:
        return None
    for key in ("items", "evidence", "plots", "attachments"):
        raw[key] = tuple(raw[key])
    return TestOutcome(**raw)


def later(before: TestOutcome | None, now: TestOutcome) -> TestOutcome:
    """Which of two outcomes under one id counts: the later one, but for an earlier ending that was worse.

    One test's own outcomes never get better; two tests under one id do (`--dist=each`, `--keep-duplicates`).
    """
    if before is None or before.outcome == "not_run":
        return now
    return min(now, before, key=lambda outcome: WORST_FIRST.index(outcome.outcome))


def _ending(report: pytest.TestReport, raised: BaseException | None, *, builtin: bool) -> tuple[str, str] | None:
    """(outcome, message) of one phase, or None when it says nothing yet: a set-up or tear-down that went well."""
    if isinstance(raised, Ending):
        return raised.outcome, str(raised)
    if report.passed:
        return _well(report, raised)
    if report.skipped:
        return "not_run", said(report) or "skipped"
    verdict = not builtin or isinstance(raised, (AssertionError, pytest.fail.Exception))
    if report.when == "call" and verdict and not isinstance(raised, BadInput):
        return "failed", _told(raised) or report.longreprtext
    return "error", _told(raised) or report.longreprtext


def _well(report: pytest.TestReport, raised: BaseException | None) -> tuple[str, str] | None:
    """The ending of a phase that is reported as passed, which does not always mean that it was."""
    if raised is not None:  # a retry plugin, or a hook of the project, has turned the failure round
        return "failed" if report.when == "call" else "error", f"{_told(raised)} (and was reported as passed)"
    if hasattr(report, "wasxfail"):
        return "failed", f"expected to fail ({report.wasxfail}) and passed; drop the xfail mark"
    return ("passed", "") if report.when == "call" else None


def _told(raised: BaseException | None) -> str:
    if raised is None:
        return ""
    if isinstance(raised, (ReadinessError, AssertionError, pytest.fail.Exception)):
        return spoken(raised) or type(raised).__name__
    return f"{type(raised).__name__}: {spoken(raised)}"


def spoken(raised: BaseException | None) -> str:
    """The text of an exception, also of one that cannot tell it."""
    try:
        return str(raised)
    except Exception as error:  # noqa: BLE001 - anybody's __str__ may fail in any way
        return f"(its text cannot be had: {type(error).__name__})"


def said(report: pytest.TestReport | pytest.CollectReport) -> str:
    if hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail}" if report.wasxfail else "expected to fail"
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr or "")


def grade_of(fixtures: Iterable[str]) -> str:
    """How strong a test's evidence is, judged by what it asks for: a running system, a loaded model, or files."""
    # Only ours: a project's own `endpoint` says nothing, and our short names ask for the prefixed ones themselves.
    asked = {name.removeprefix("mlready_") for name in fixtures if name.startswith("mlready_")}
    if "endpoint" in asked:
        return "live"
    executed = {"model", "production", "predictions", "production_predictions", "baseline"}
    return "replayed" if asked & executed else "static"
