"""Defines shifts and schedules, and tells whether somebody is there at all times of a window."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOBODY = re.compile(
    r"(un-?assigned|nobody|no one|none|vacant|open( shift)?|tb[adc]|todo|empty|n/?a|\?+|-+)?", re.IGNORECASE
)
_SECOND = re.compile(
    r"\b(secondary|backup|back-up|second(?: level| line)?|escalation|l2|(?:level|tier|line)[ -]?2)\b", re.IGNORECASE
)
_THIRD = re.compile(r"\b(tertiary|third|management|l3|(?:level|tier|line)[ -]?3)\b", re.IGNORECASE)
_FIRST = re.compile(r"\b(primary|first(?: level| line)?|l1|(?:level|tier|line)[ -]?1)\b", re.IGNORECASE)
_WORDS = re.compile(r"\b(on[ -]?call|schedule|rotation|shift|rota|for)\b", re.IGNORECASE)
SLACK = dt.timedelta(minutes=1)  # exports end a shift a second before the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One person on one level for a while.

    Attributes:
        level: 1 is called first.
        who: As the export names them.
        start, end: With time zone; the end is not included.
    """

    level: int
    who: str
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What an export holds for a window.

    Attributes:
        shifts: Those that lie in the window or meet it.
        until: Where the export ends; None for rules without an end.
        odd: What was not understood.
    """

    shifts: tuple[Shift, ...]
    until: dt.datetime | None
    odd: tuple[str, ...] = ()


def level_of(text: str) -> int | None:
    """The escalation level that a name says; None where it says none."""
    for pattern, level in ((_THIRD, 3), (_SECOND, 2), (_FIRST, 1)):
        if pattern.search(text):
            return level
    return None


def person(text: str) -> str:
    """Who is named, without words such as “on call” and “primary”; "" where it is nobody."""
    plain = text
    for pattern in (_THIRD, _SECOND, _FIRST, _WORDS):
        plain = pattern.sub(" ", plain)
    plain = " ".join(re.sub(r"[()\[\]:|–—-]+(?=\s|$)|(?<=\s)[()\[\]:|–—-]+|^[()\[\]:|–—-]+", " ", plain).split())
    return "" if NOBODY.fullmatch(plain) else plain


def judge(schedule: Schedule, *, now: dt.datetime, days: float, levels: int) -> list[Verdict]:
    """Whether every level has somebody at all times from now on, another person than the levels below.

    Args:
        schedule: What the exports hold.
        now: Beginning of the window.
        days: Its length.
        levels: Escalation levels that are asked for.
    """
    window = (now, now + dt.timedelta(days=days))
    verdicts = [Verdict(outcome="inconclusive", message=f"not understood: {one}") for one in schedule.odd]
    if schedule.until is not None and schedule.until <= now:
        when = f" on {_shown(schedule.until)}," if schedule.until < now else ""
        told = f"the export ends{when} before now. Next step: export the schedule again"
        return [*verdicts, Verdict(outcome="inconclusive", message=told)]
    taken: list[Shift] = []
    for level in range(1, levels + 1):
        shifts = [shift for shift in schedule.shifts if shift.level == level and shift.who]
        verdicts.append(_level(level, shifts, taken, window, schedule))
        taken += shifts
    return verdicts


def _level(
    level: int,
    shifts: Sequence[Shift],
    below: Sequence[Shift],
    window: tuple[dt.datetime, dt.datetime],
    schedule: Schedule,
) -> Verdict:
    start, end = window
    here = [s for s in shifts if s.end > start and s.start < end]
    people = sorted({shift.who for shift in here})
    covered = [span for shift in here for span in _alone(shift, below)]
    gaps = _gaps(covered, window)
    missing = sum((to - since).total_seconds() for since, to in gaps)
    measured = Measurement(
        name=f"level {level}: hours without anybody", value=round(missing / 3600, 2), max=0, unit="h",
        note=", ".join(people)[:200],
    )  # fmt: skip
    if not gaps:
        told = f"level {level}: {', '.join(people)} without a gap until {_shown(end)}"
        return Verdict(outcome="passed", message=told, measurements=(measured,))
    if not here:
        return _nobody(level, shifts, schedule, measured)
    until = schedule.until
    if until is not None and until < end and gaps[0][0] >= until - SLACK:
        told = f"level {level}: the export ends on {_shown(until)}. Next step: export at least until {_shown(end)}"
        return Verdict(outcome="inconclusive", message=told, measurements=(measured,))
    spans = "; ".join(f"{_shown(since)} to {_shown(to)}" for since, to in gaps[:3])
    more = f" and {len(gaps) - 3} more" if len(gaps) > 3 else ""
    same = " other than who is called first" if below and not _gaps([(s.start, s.end) for s in here], window) else ""
    told = f"level {level}: nobody{same} is on call from {spans}{more} (UTC)"
    return Verdict(outcome="failed", message=told, measurements=(measured,))


def _nobody(level: int, shifts: Sequence[Shift], schedule: Schedule, measured: Measurement) -> Verdict:
    if schedule.odd and not shifts:
        told = f"level {level}: nobody was found in what is understood"
        return Verdict(outcome="inconclusive", message=told, measurements=(measured,))
    told = f"level {level}: nobody is on call"
    step = (
        ""
        if level == 1
        else f". Next step: a rotation for level {level}, named secondary or level {level}, or in a file of its own"
    )
    return Verdict(outcome="failed", message=told + step, measurements=(measured,))


def _alone(shift: Shift, below: Iterable[Shift]) -> list[tuple[dt.datetime, dt.datetime]]:
    """The parts of a shift in which its person is not called on a level below as well."""
    parts = [(shift.start, shift.end)]
    for other in below:
        if other.who.casefold() == shift.who.casefold():
            parts = [piece for part in parts for piece in _without(part, (other.start, other.end))]
    return parts


def _without(
    part: tuple[dt.datetime, dt.datetime], hole: tuple[dt.datetime, dt.datetime]
) -> list[tuple[dt.datetime, dt.datetime]]:
    if hole[1] <= part[0] or hole[0] >= part[1]:
        return [part]
    pieces = [(part[0], hole[0]), (hole[1], part[1])]
    return [(since, to) for since, to in pieces if to > since]


def _gaps(
    covered: Iterable[tuple[dt.datetime, dt.datetime]], window: tuple[dt.datetime, dt.datetime]
) -> list[tuple[dt.datetime, dt.datetime]]:
    """The parts of a window that nothing covers, longer than a minute."""
    at, end = window
    found = []
    for since, to in sorted(covered):
        if since - at > SLACK and since < end:
            found.append((at, since))
        at = max(at, to)
    if end - at > SLACK:
        found.append((at, end))
    return found


def _shown(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M}"
