"""Reads and judges the record of a drill that was performed elsewhere.

Our format is one JSON table; more keys may be in it:

    {"performed": "2026-11-20T10:00:00Z", "environment": "staging", "by": "on-call",
     "steps": [{"name": "before",   "sha256": "…", "golden": "success"},
               {"name": "rollback", "sha256": "…", "golden": "success", "seconds": 41, "command": "deploy/rollback.sh"},
               {"name": "forward",  "sha256": "…", "golden": "success", "seconds": 38, "command": "…"}],
     "requests": {"sent": 600, "failed": 0}}

`sha256` is the digest that the service told after the step; `golden` says how the golden predictions of the version
that the step brings came back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.serving.deployment.staging_record import GREEN, SHA256, concluded, moment
from pytest_mlready.serving.rollback import files
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEPS = ("before", "rollback", "forward")
TIMED = ("rollback", "forward")
FORMAT = (
    '{"performed": "2026-11-20T10:00:00Z", "steps": [before, rollback, forward], "requests": {"sent": …, "failed": …}}'
)
CLOCKS = dt.timedelta(minutes=5)  # by which the clocks of two machines may differ
DAY = 86_400.0


class DrillRecordError(ReadinessError):
    """The record of a drill cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was found after one step; None where the record does not say."""

    name: str
    sha256: str | None
    golden: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRecord:
    """One drill.

    Attributes:
        performed: When it ended, with time zone.
        steps: By name; "before", "rollback" and "forward" are all there.
        sent, failed: Requests that ran beside it; None where the record does not say.
    """

    performed: dt.datetime
    steps: dict[str, Step]
    sent: int | None
    failed: int | None


def read(path: Path, shown: str = "") -> DrillRecord:
    """The drill that a file records.

    Raises:
        DrillRecordError: It cannot be read, or a part of it is missing or malformed.
    """
    name = shown or path.name
    raw = files.read(path, name, error=DrillRecordError, expected=FORMAT)
    try:
        return _parsed(raw)
    except ReadinessError as error:
        raise DrillRecordError(f"{name}: {error.found}", expected=error.expected or FORMAT) from None


def _parsed(raw: Any) -> DrillRecord:
    if not isinstance(raw, dict):
        raise DrillRecordError(f"a record is a table, and this is a {type(raw).__name__}", expected=FORMAT)
    for key in ("performed", "steps"):
        if key not in raw:
            raise DrillRecordError(f'the record has no "{key}"{near(key, raw)}', expected=FORMAT)
    listed = raw["steps"] if isinstance(raw["steps"], list) else []
    steps = {step.name: step for step in map(_step, listed)}
    if missing := [name for name in STEPS if name not in steps]:
        raise DrillRecordError(f'the record has no step "{missing[0]}"{near(missing[0], steps)}', expected=FORMAT)
    requests = raw.get("requests") if isinstance(raw.get("requests"), dict) else {}
    return DrillRecord(
        performed=moment(raw["performed"], "performed"),
        steps=steps,
        sent=_count(requests, "sent"),
        failed=_count(requests, "failed"),
    )


def _step(raw: Any) -> Step:
    table = raw if isinstance(raw, dict) else {}
    digest = SHA256.fullmatch(str(table.get("sha256", "")))
    seconds = table.get("seconds")
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds >= 0
    return Step(
        name=str(table.get("name", "")),
        sha256=digest[1].lower() if digest else None,
        golden=None if table.get("golden") is None else concluded(table["golden"], "golden"),
        seconds=float(seconds) if number and seconds is not None else None,
    )


def _count(table: Any, key: str) -> int | None:
    value = table.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def judge(record: DrillRecord, *, now: dt.datetime, max_age: float, limit: float, dropped: int) -> list[Verdict]:
    """Verdicts over a record: its age, the versions after each step, the golden predictions, times, requests.

    Args:
        record: As read.
        now: With time zone.
        max_age: Seconds that may have passed since.
        limit: Seconds that each direction may take.
        dropped: Requests that may have failed.
    """
    return [_age(record, now, max_age), *_versions(record), *_times(record, limit), _requests(record, dropped)]


def _age(record: DrillRecord, now: dt.datetime, max_age: float) -> Verdict:
    age = now - record.performed
    days = age.total_seconds() / DAY
    measured = (Measurement(name="age of the drill", value=round(days, 1), max=max_age / DAY, unit="days"),)
    if age < -CLOCKS:
        told = f"the drill is dated {record.performed:%Y-%m-%d %H:%M}, which is yet to come"
        return Verdict(outcome="failed", message=told, measurements=measured)
    if age.total_seconds() > max_age:
        told = f"the last drill was {days:.0f} days ago, expected at most {max_age / DAY:g}. Next step: perform one"
        return Verdict(outcome="failed", message=told, measurements=measured)
    return Verdict(outcome="passed", message="the drill is recent", measurements=measured)


def _versions(record: DrillRecord) -> Iterator[Verdict]:
    told = {name: record.steps[name].sha256 for name in STEPS}
    if unknown := [name for name, digest in told.items() if digest is None]:
        message = f"the record names no digest after {unknown[0]}, so that it cannot be told which version was served"
        yield Verdict(outcome="inconclusive", message=message)
    elif told["rollback"] == told["before"]:
        message = "the rollback changed nothing: the digest after it is the one before it"
        yield Verdict(outcome="failed", message=message)
    elif told["forward"] != told["before"]:
        message = "the way forward did not bring the version back that was served before the rollback"
        yield Verdict(outcome="failed", message=message)
    else:
        measured = tuple(Measurement(name=f"sha256 {name}", value=digest) for name, digest in told.items())
        yield Verdict(outcome="passed", message="each step brought its version", measurements=measured)
    for name in STEPS:
        ended = record.steps[name].golden
        if ended is None:
            message = f"the record does not say whether the golden predictions came back after {name}"
            yield Verdict(outcome="inconclusive", message=message)
        elif ended != GREEN:
            yield Verdict(outcome="failed", message=f"the golden predictions did not come back after {name}: {ended}")


def _times(record: DrillRecord, limit: float) -> Iterator[Verdict]:
    for name in TIMED:
        seconds = record.steps[name].seconds
        if seconds is None:
            yield Verdict(outcome="inconclusive", message=f"the record does not say how long {name} took")
            continue
        measured = (Measurement(name=f"{name}, until verified", value=seconds, max=limit, unit="s"),)
        message = f"{name} took {seconds:g} s"
        if seconds > limit:
            message += f", expected at most {limit:g} s"
        yield Verdict(outcome="failed" if seconds > limit else "passed", message=message, measurements=measured)


def _requests(record: DrillRecord, dropped: int) -> Verdict:
    if record.sent is None or record.failed is None or not record.sent:
        message = "the record does not say whether the service answered throughout (requests: sent and failed)"
        return Verdict(outcome="inconclusive", message=message)
    measured = (Measurement(name="requests failed", value=record.failed, max=dropped, n=record.sent),)
    message = f"{record.failed} of {record.sent} requests failed while versions changed, expected at most {dropped}"
    return Verdict(
        outcome="failed" if record.failed > dropped else "passed", message=message, measurements=measured
    )  # fmt: skip
