"""Judges the ages of the served model and of the stages before it."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - of dataclasses
from dataclasses import dataclass

from pytest_mlready.quality.staleness_dates import Made  # noqa: TC001 - of a dataclass
from pytest_mlready.values import Measurement, Verdict

DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a pipeline.

    Attributes:
        name: "training data", "features", "evaluation".
        made: When it was last made.
        limit: Seconds that it may be old; None where nothing says so.
        why: What the limit stands on, or why there is none.
        source: Where the time was read.
    """

    name: str
    made: Made
    limit: float | None
    why: str
    source: str


def judge(stage: Stage, now: dt.datetime) -> Verdict:
    """Passed when it is at most as old as its limit; a time ahead of now fails; without a limit it is inconclusive.

    A day counts from its beginning, so that a limit in days is met for one day more.
    """
    seconds = stage.made.age(now).total_seconds()
    limit = stage.limit if stage.limit is None or stage.made.exact else stage.limit + DAY
    noted = (
        Measurement(
            name=f"age of {stage.name}", value=round(seconds / DAY, 3), max=None if limit is None else limit / DAY,
            unit="d", note=f"{stage.made}, by {stage.source}",
        ),
    )  # fmt: skip
    told = f"{stage.name} is of {stage.made} ({stage.source})"
    if stage.made.is_ahead(now):
        return Verdict(outcome="failed", message=f"{told}, which lies ahead", measurements=noted)
    if limit is None:
        message = f"{told}, {days(seconds)} old, and no limit is known: {stage.why}. Next step: max_age"
        return Verdict(outcome="inconclusive", message=message, measurements=noted)
    if seconds > limit:
        message = f"{told}: {days(seconds)} old, and {days(stage.limit or 0.0)} are allowed ({stage.why}). "
        return Verdict(outcome="failed", message=f"{message}Next step: renew it, and find out why nobody did",
                       measurements=noted)  # fmt: skip
    message = f"{told}: {days(seconds)} old, {days(stage.limit or 0.0)} are allowed ({stage.why})"
    return Verdict(outcome="passed", message=message, measurements=noted)


def days(seconds: float) -> str:
    """A length of time as people say it."""
    for unit, size in (("days", DAY), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= size:
            amount = seconds / size
            return f"{amount:,.0f} {unit}" if abs(amount) >= 100 else f"{amount:.3g} {unit}"
    return f"{seconds:.0f} s"


def agree(live: Made, record: Made, *, where: str, on_record: str) -> Verdict:
    """Whether the service and the record about its model state one time."""
    noted = (Measurement(name="training time that the service tells", value=str(live), note=where),)
    if live.is_same(record):
        return Verdict(outcome="passed", message=f"{where} tells what {on_record} does: {record}", measurements=noted)
    message = (
        f"{where} says that the model is of {live}, and {on_record} says {record}: another model is served, or the "
        "figure is made up when the service starts. Next step: read the time from the record that ships with the model"
    )
    return Verdict(outcome="failed", message=message, measurements=noted)
