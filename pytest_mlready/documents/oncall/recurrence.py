"""Expands recurring rules of calendars: daily and weekly, with intervals, days, counts and ends (RFC 5545, 3.3.10)."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"}
MOST = 20_000  # occurrences that are gone through


class NotUnderstoodError(Exception):
    """A rule of a kind that is not expanded here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A recurring rule.

    Attributes:
        weekly: Whether it counts weeks; otherwise days.
        interval: Every how many of them.
        count: Occurrences in all; None without a limit.
        until: The last moment at which one may begin; None without an end.
        days: Days of the week, 0 for Monday; empty for that of the first occurrence, or every day.
        week_start: Day on which weeks begin.
    """

    weekly: bool
    interval: int = 1
    count: int | None = None
    until: dt.datetime | None = None
    days: tuple[int, ...] = ()
    week_start: int = 0


def parse(text: str, time: Callable[[str], dt.datetime]) -> Rule:
    """The rule in a text such as FREQ=WEEKLY;INTERVAL=2.

    Args:
        text: The value of RRULE.
        time: Reads the value of UNTIL.

    Raises:
        NotUnderstoodError: It is of another frequency, or picks days in a way that is not known here.
    """
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";") if part)
    odd = sorted(set(parts) - KNOWN)
    if odd or parts.get("FREQ") not in ("DAILY", "WEEKLY"):
        raise NotUnderstoodError(
            f"the rule {text[:80]}: only FREQ=DAILY and FREQ=WEEKLY with {', '.join(sorted(KNOWN))}"
        )
    try:
        days = tuple(DAYS.index(day) for day in parts.get("BYDAY", "").split(",") if day)
        interval, count = int(parts.get("INTERVAL", "1")), int(parts["COUNT"]) if "COUNT" in parts else None
        until = time(parts["UNTIL"]) if "UNTIL" in parts else None
        week_start = DAYS.index(parts.get("WKST", "MO"))
    except ValueError:
        raise NotUnderstoodError(f"the rule {text[:80]}") from None
    if interval < 1 or (count is not None and count < 1):
        raise NotUnderstoodError(f"the rule {text[:80]}")
    return Rule(
        weekly=parts["FREQ"] == "WEEKLY", interval=interval, count=count, until=until, days=days, week_start=week_start
    )  # fmt: skip


def starts(first: dt.datetime, rule: Rule, *, before: dt.datetime, since: dt.datetime) -> Iterator[dt.datetime]:
    """When the occurrences begin that begin in a window, in local time so that clocks may change.

    Args:
        first: The first one, with its time zone.
        rule: How it recurs.
        before: End of the window, not included.
        since: Beginning of the window; earlier ones are counted and not given.
    """
    zone, local = first.tzinfo, first.replace(tzinfo=None)
    begins = _local(local, rule, skip=rule.count is None, since=since.astimezone(zone).replace(tzinfo=None))
    for begin in itertools.islice(begins, MOST if rule.count is None else min(rule.count, MOST)):
        moment = begin.replace(tzinfo=zone)
        if moment >= before or (rule.until is not None and moment > rule.until):
            return
        if moment >= since:
            yield moment


def _local(first: dt.datetime, rule: Rule, *, skip: bool, since: dt.datetime) -> Iterator[dt.datetime]:
    """Local beginnings in order; with `skip`, periods that lie wholly before the window are left out at once."""
    step = dt.timedelta(days=(7 if rule.weekly else 1) * rule.interval)
    start = first
    if rule.weekly:
        start -= dt.timedelta(days=(first.weekday() - rule.week_start) % 7)
    if skip and since > start:
        start += step * max(0, (since - start) // step - 1)
    days = sorted((day - rule.week_start) % 7 for day in rule.days or (first.weekday(),)) if rule.weekly else [0]
    while True:
        for day in days:
            begin = start + dt.timedelta(days=day)
            allowed = rule.weekly or not rule.days or begin.weekday() in rule.days
            if begin >= first and allowed:
                yield begin
        try:
            start += step
        except OverflowError:
            return
