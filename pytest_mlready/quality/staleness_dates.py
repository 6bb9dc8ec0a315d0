"""Reads when something was made: dates and times as people and programs write them, from records and pages."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError
from pytest_mlready.quality import studies_cells as cells

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.timedelta(days=1)
SLACK = dt.timedelta(minutes=5)  # by which two clocks may differ
_EARLIEST, _LATEST = 631152000.0, 4102444800.0  # 1990 to 2100, in Unix seconds
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
EXPECTED = 'a date such as "2026-11-20", a time such as "2026-11-20T08:30:00Z", or Unix seconds'


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """When something was made.

    Attributes:
        at: The time, in UTC; midnight where only a day is known, so that nothing counts as younger than it is.
        exact: Whether the time of day is known.
    """

    at: dt.datetime
    exact: bool

    def age(self, now: dt.datetime) -> dt.timedelta:
        return now - self.at

    def is_ahead(self, now: dt.datetime) -> bool:
        """Whether it lies in the future: beyond what clocks, or for a day time zones, may differ by."""
        return self.at - now > (SLACK if self.exact else DAY)

    def is_same(self, other: Made) -> bool:
        """Whether two statements can be about one time: to the second, or to the day where one is a day."""
        if self.exact and other.exact:
            return abs(self.at - other.at) <= dt.timedelta(seconds=1)
        return self.at.date() == other.at.date()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC" if self.exact else f"{self.at:%Y-%m-%d}"


def made(value: Any, *, what: str) -> Made:
    """The time that a value states; a time without zone is taken as UTC.

    Args:
        value: Date, time, ISO 8601 text, or Unix seconds.
        what: For messages.

    Raises:
        DataError: It states none: it is empty, malformed, or a number that is no time between 1990 and 2100, such as
            milliseconds.
    """
    if isinstance(value, dt.datetime):
        return Made(at=_utc(value), exact=True)
    if isinstance(value, dt.date):
        return Made(at=dt.datetime.combine(value, dt.time(), tzinfo=dt.UTC), exact=False)
    if isinstance(value, str):
        return _text(value.strip(), what)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _unix(float(value), what)
    raise DataError(f"{what} is {value!r}", expected=EXPECTED)


def _text(text: str, what: str) -> Made:
    try:
        if _DATE.fullmatch(text):
            return made(dt.date.fromisoformat(text), what=what)
        if _DATE.match(text):
            return Made(at=_utc(dt.datetime.fromisoformat(text)), exact=True)
    except ValueError:
        raise DataError(f'{what} is "{text[:40]}"', expected=EXPECTED) from None
    number = cells.number(text)
    if number is None:
        raise DataError(f'{what} is "{text[:40]}"', expected=EXPECTED)
    return _unix(number, what)


def _unix(seconds: float, what: str) -> Made:
    if not math.isfinite(seconds) or not _EARLIEST <= seconds <= _LATEST:
        hint = "; it seems to be in milliseconds" if _EARLIEST <= seconds / 1000 <= _LATEST else ""
        raise DataError(f"{what} is {seconds:g}, which is no time between 1990 and 2100{hint}", expected=EXPECTED)
    return Made(at=dt.datetime.fromtimestamp(seconds, tz=dt.UTC), exact=True)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def recorded(path: Path, key: str) -> Made:
    """The time at a key of a JSON, YAML or TOML record; the times of the file itself say nothing, and are not asked.

    Raises:
        DataError: The record cannot be read, or states no time there.
    """
    if not key:
        raise DataError(f"no key is named in {path.name}", fix=f'write "{path.name}#key", such as "#trained_at"')
    return made(cells.at(cells.parsed(path), key, where=path.name), what=f"{path.name}#{key}")
