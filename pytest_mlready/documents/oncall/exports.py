"""Reads schedules that paging tools export: JSON of PagerDuty, Opsgenie and Grafana OnCall, and calendars."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded
from pytest_mlready.documents.oncall import calendar
from pytest_mlready.documents.oncall.shifts import Schedule, Shift, level_of, person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

EVER = (dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC))
KNOWN = (
    "a calendar (.ics), or JSON of PagerDuty (oncalls, schedule), Opsgenie (timeline) or Grafana OnCall (final_shifts)"
)


def read(paths: Sequence[Path], shown: Sequence[str], *, since: dt.datetime, before: dt.datetime) -> Schedule:
    """The shifts of several exports in a window; where they do not name a level, the first file is level 1, and so on.

    Raises:
        DataError: A file cannot be read.
    """
    found = [
        _one(path, name, level, since, before) for level, (path, name) in enumerate(zip(paths, shown, strict=True), 1)
    ]
    ends = [one.until for one in found]
    return Schedule(
        shifts=tuple(shift for one in found for shift in one.shifts),
        until=None if any(end is None for end in ends) else min((e for e in ends if e), default=since),
        odd=tuple(text for one in found for text in one.odd),
    )


def _one(path: Path, shown: str, level: int, since: dt.datetime, before: dt.datetime) -> Schedule:
    level = level_of(path.stem.replace("_", " ").replace("-", " ").replace("on call", " ")) or level
    if path.suffix.lower() in (".ics", ".ical", ".icalendar"):
        return calendar.read(
            bounded.text(path, setting="schedule"), shown=shown, level=level, since=since, before=before
        )
    content = bounded.read(path, setting="schedule")
    for reader in _READERS:
        try:
            shifts = list(reader(content, level))
        except (ValueError, TypeError, KeyError, AttributeError) as reason:
            return Schedule(shifts=(), until=since, odd=(f"{shown}: {type(reason).__name__}: {reason}",))
        if shifts:
            return Schedule(shifts=tuple(shifts), until=_until(shifts))
    return Schedule(shifts=(), until=None, odd=(f"{shown} holds no shifts in a form known here; expected {KNOWN}",))


def _until(shifts: list[Shift]) -> dt.datetime | None:
    last = max(shift.end for shift in shifts)
    return None if last == EVER[1] else last


def _pagerduty_oncalls(content: Any, level: int) -> Iterator[Shift]:
    """GET /oncalls: entries with a level; without start and end, somebody is always on call."""
    for entry in _tables(content, "oncalls"):
        start, end = (entry.get(key) for key in ("start", "end"))
        yield Shift(
            level=int(entry.get("escalation_level") or level), who=_pagerduty_user(entry),
            start=_time(start) if start else EVER[0], end=_time(end) if end else EVER[1],
        )  # fmt: skip


def _pagerduty_schedule(content: Any, level: int) -> Iterator[Shift]:
    """GET /schedules/{id} with since and until: the final schedule, as rendered."""
    schedules = [content["schedule"]] if _has(content, "schedule") else _tables(content, "schedules")
    for number, schedule in enumerate(schedules):
        own = level_of(str(schedule.get("name", ""))) or level + number
        final = schedule.get("final_schedule") or {}
        for entry in _tables(final, "rendered_schedule_entries"):
            yield Shift(level=own, who=_pagerduty_user(entry), start=_time(entry["start"]), end=_time(entry["end"]))


def _pagerduty_user(entry: dict[str, Any]) -> str:
    user = entry.get("user") or {}
    return person(str(user.get("summary") or user.get("name") or user.get("email") or ""))


def _opsgenie(content: Any, level: int) -> Iterator[Shift]:
    """GET /v2/schedules/{id}/timeline: rotations with periods."""
    data = content.get("data", content) if isinstance(content, dict) else {}
    timeline = data.get("finalTimeline") if isinstance(data, dict) else None
    for rotation in _tables(timeline, "rotations"):
        own = level_of(str(rotation.get("name", ""))) or level
        for period in _tables(rotation, "periods"):
            who = period.get("recipient") or {}
            name = who.get("name") or who.get("displayName") or who.get("username") or who.get("id") or ""
            yield Shift(
                level=own, who=person(str(name)), start=_time(period["startDate"]), end=_time(period["endDate"])
            )


def _grafana(content: Any, level: int) -> Iterator[Shift]:
    """GET /api/v1/schedules/{id}/final_shifts: one entry a shift."""
    for entry in _tables(content, "results"):
        if "shift_start" in entry and "shift_end" in entry:
            name = entry.get("user_username") or entry.get("user_email") or entry.get("user_pk") or ""
            own = level_of(str(entry.get("schedule_name", ""))) or level
            yield Shift(
                level=own, who=person(str(name)), start=_time(entry["shift_start"]), end=_time(entry["shift_end"])
            )


def _has(content: Any, key: str) -> bool:
    return isinstance(content, dict) and isinstance(content.get(key), dict)


def _tables(content: Any, key: str) -> list[dict[str, Any]]:
    listed = content.get(key) if isinstance(content, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _time(text: Any) -> dt.datetime:
    found = dt.datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


_READERS: tuple[Callable[[Any, int], Iterator[Shift]], ...] = (
    _pagerduty_oncalls,
    _pagerduty_schedule,
    _opsgenie,
    _grafana,
)
