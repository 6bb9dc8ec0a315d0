"""Reads schedules as calendars (iCalendar, RFC 5545): events with their persons, levels and recurring rules."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pytest_mlready.documents.oncall import recurrence
from pytest_mlready.documents.oncall.recurrence import NotUnderstoodError
from pytest_mlready.documents.oncall.shifts import Schedule, Shift, level_of, person

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_EVENTS = 5_000
_AWAY = re.compile(
    r"\b(vacation|holidays?|pto|out of (the )?office|ooo|sick|leave|birthday|unavailable)\b", re.IGNORECASE
)
_PERIOD = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ESCAPED = re.compile(r"\\([\\;,nN])")


@dataclass(slots=True, kw_only=True)
class _Event:
    """Lines of one event by name: (parameters, value)."""

    lines: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)

    def first(self, name: str) -> tuple[dict[str, str], str]:
        return self.lines.get(name, [({}, "")])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calendar:
    events: list[_Event]
    name: str
    zone: dt.tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What is looked for: a window, and what holds for every event.

    Attributes:
        moved: Occurrences that another event of the same UID replaces.
    """

    zone: dt.tzinfo
    level: int
    since: dt.datetime
    before: dt.datetime
    moved: dict[str, set[dt.datetime]]


def read(text: str, *, shown: str, level: int, since: dt.datetime, before: dt.datetime) -> Schedule:
    """The shifts of a calendar in a window.

    Args:
        text: The file.
        shown: Its name, for messages.
        level: Escalation level of events that name none, neither by themselves nor by the calendar's name.
        since: Beginning of the window.
        before: Its end.
    """
    calendar, odd = _parsed(text, shown)
    if calendar is None:
        return Schedule(shifts=(), until=since, odd=odd)
    reading = _Reading(
        zone=calendar.zone, level=level_of(calendar.name) or level, since=since, before=before, moved=_moved(calendar)
    )  # fmt: skip
    shifts: list[Shift] = []
    ends: list[dt.datetime | None] = []
    problems = list(odd)
    if len(calendar.events) == MOST_EVENTS:
        problems.append(f"{shown} has {MOST_EVENTS:,} events or more, of which the others were not read")
    for event in calendar.events:
        try:
            found, end = _shifts(event, reading)
        except (NotUnderstoodError, ValueError, OverflowError) as reason:
            problems.append(f"{shown}: {_words(event.first('SUMMARY')[1]) or 'an event'}: {reason}")
            continue
        shifts += found
        ends.append(end)
    until = None if any(end is None for end in ends) else max((e for e in ends if e), default=since)
    return Schedule(shifts=tuple(shifts), until=until, odd=tuple(problems[:10]))


def _parsed(text: str, shown: str) -> tuple[_Calendar | None, tuple[str, ...]]:
    lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()
    if not any(line.strip().upper() == "BEGIN:VCALENDAR" for line in lines):
        return None, (f"{shown} is no calendar",)
    events: list[_Event] = []
    head: dict[str, str] = {}
    open_parts: list[str] = []
    for line in lines:
        if len(events) == MOST_EVENTS and open_parts[-1:] == ["VCALENDAR"] and line.upper().startswith("BEGIN:VEVENT"):
            break
        name, parameters, value = _line(line)
        if name == "BEGIN":
            open_parts.append(value.upper())
            if value.upper() == "VEVENT" and len(events) < MOST_EVENTS:
                events.append(_Event())
        elif name == "END":
            open_parts = open_parts[:-1]
        elif open_parts[-1:] == ["VEVENT"] and events:
            events[-1].lines.setdefault(name, []).append((parameters, value))
        elif open_parts[-1:] == ["VCALENDAR"]:
            head[name] = value
    zone = _zone(head.get("X-WR-TIMEZONE", "")) or dt.UTC
    return _Calendar(events=events, name=_words(head.get("X-WR-CALNAME", "")), zone=zone), ()


def _line(line: str) -> tuple[str, dict[str, str], str]:
    """Name, parameters and value; a colon within quotes is none that separates."""
    quoted, split = False, len(line)
    for at, character in enumerate(line):
        quoted ^= character == '"'
        if character == ":" and not quoted:
            split = at
            break
    head, value = line[:split], line[split + 1 :]
    name, *rest = head.split(";")
    parameters = {key.upper(): given.strip('"') for key, _, given in (part.partition("=") for part in rest)}
    return name.strip().upper(), parameters, value.strip()


def _words(text: str) -> str:
    return " ".join(_ESCAPED.sub(lambda m: " " if m[1] in "nN" else m[1], text).split())


def _zone(name: str) -> dt.tzinfo | None:
    try:
        return ZoneInfo(name.lstrip("/")) if name else None
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None


def _time(parameters: dict[str, str], value: str, zone: dt.tzinfo) -> dt.datetime:
    """A date or time; one without a time zone is of the calendar's own.

    Raises:
        NotUnderstoodError: Its zone is not known here.
    """
    if name := parameters.get("TZID", ""):
        found = _zone(name)
        if found is None:
            raise NotUnderstoodError(f"the time zone {name[:60]}")
        zone = found
    if re.fullmatch(r"\d{8}", value):
        return dt.datetime.strptime(value, "%Y%m%d").replace(tzinfo=zone)
    if value.endswith("Z"):
        return dt.datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    return dt.datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zone)


def _period(value: str) -> dt.timedelta:
    match = _PERIOD.fullmatch(value)
    if match is None or not any(match.groups()[1:]):
        raise NotUnderstoodError(f"the duration {value[:40]}")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    return dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _moved(calendar: _Calendar) -> dict[str, set[dt.datetime]]:
    """Occurrences that another event of the same UID replaces."""
    found: dict[str, set[dt.datetime]] = {}
    for event in calendar.events:
        if "RECURRENCE-ID" in event.lines:
            try:
                moment = _time(*event.first("RECURRENCE-ID"), calendar.zone)
            except (NotUnderstoodError, ValueError):
                continue
            found.setdefault(event.first("UID")[1], set()).add(moment)
    return found


def _shifts(event: _Event, reading: _Reading) -> tuple[list[Shift], dt.datetime | None]:
    """The shifts of one event, and where it ends; None where it goes on for ever."""
    if event.first("STATUS")[1].upper() == "CANCELLED" or _AWAY.search(_words(event.first("SUMMARY")[1])):
        return [], reading.since
    start = _time(*event.first("DTSTART"), reading.zone)
    length = _length(event, start, reading)
    title = " ".join(_words(event.first(name)[1]) for name in ("SUMMARY", "CATEGORIES"))
    begins, end = _begins(event, reading, start, length)
    left_out = {m for given, value in event.lines.get("EXDATE", []) for m in _times(given, value, reading.zone)}
    if "RECURRENCE-ID" not in event.lines:
        left_out |= reading.moved.get(event.first("UID")[1], set())
    level, who = level_of(title) or reading.level, _who(event)
    kept = (begin for begin in begins if begin not in left_out)
    return [Shift(level=level, who=who, start=begin, end=_later(begin, length)) for begin in kept], end


def _times(parameters: dict[str, str], value: str, zone: dt.tzinfo) -> Iterator[dt.datetime]:
    yield from (_time(parameters, one, zone) for one in value.split(",") if one)


def _length(event: _Event, start: dt.datetime, reading: _Reading) -> dt.timedelta:
    """How long an event is by the clock on the wall, so that a week stays a week when clocks change."""
    if "DTEND" in event.lines:
        end = _time(*event.first("DTEND"), reading.zone)
        length = end.astimezone(start.tzinfo).replace(tzinfo=None) - start.replace(tzinfo=None)
    elif "DURATION" in event.lines:
        length = _period(event.first("DURATION")[1])
    else:
        length = dt.timedelta(days=1)  # RFC 5545, 3.6.1, for dates; a time without an end has no length
        if "T" in event.first("DTSTART")[1]:
            raise NotUnderstoodError("it has no end")
    if length <= dt.timedelta(0):
        raise NotUnderstoodError("it ends before it begins")
    return length


def _later(begin: dt.datetime, length: dt.timedelta) -> dt.datetime:
    return (begin.replace(tzinfo=None) + length).replace(tzinfo=begin.tzinfo)


def _begins(
    event: _Event, reading: _Reading, start: dt.datetime, length: dt.timedelta
) -> tuple[list[dt.datetime], dt.datetime | None]:
    """When its occurrences begin, as far as they may reach into the window, and where the last one ends."""
    if "RDATE" in event.lines or "EXRULE" in event.lines:
        raise NotUnderstoodError("RDATE or EXRULE")
    rules = event.lines.get("RRULE", [])
    if not rules:
        return [start], _later(start, length)
    if len(rules) > 1:
        raise NotUnderstoodError("several rules")
    rule = recurrence.parse(rules[0][1], lambda value: _time({}, value, start.tzinfo or reading.zone))
    early = reading.since - length - dt.timedelta(days=1)
    begins = list(recurrence.starts(start, rule, before=reading.before, since=early))
    over = reading.since if rule.until is None else min(reading.since, _later(rule.until, length))
    last = max((_later(begin, length) for begin in begins), default=over)
    endless = rule.count is None and rule.until is None
    return begins, None if endless or last > reading.before else last


def _who(event: _Event) -> str:
    """Whoever attends, else whoever the title names."""
    attending = [
        p.get("CN") or value.removeprefix("mailto:").removeprefix("MAILTO:")
        for p, value in event.lines.get("ATTENDEE", [])
    ]
    named = [name for one in attending if (name := person(one))]
    return ", ".join(named) or person(_words(event.first("SUMMARY")[1]))
