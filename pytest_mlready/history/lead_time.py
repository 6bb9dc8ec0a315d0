"""Judges how long new features took from the idea to production, by the last few that were delivered."""

from __future__ import annotations

import csv
import datetime as dt
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DAY = 86_400.0
MOST_ROWS = 10_000
NAMES = {
    "feature": ("feature", "name"),
    "idea": ("idea", "first_commit", "started", "requested"),
    "served": ("served", "first_served", "released", "in_production"),
}
EXPECTED = "a row for each feature, with the columns feature, idea and served"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One feature on its way.

    Attributes:
        feature: Its name.
        idea: Day of the idea, or of the first commit; None where it is not known.
        served: Day of its first use in production; None while it has not come there.
        place: Where this is on record, for messages.
    """

    feature: str
    idea: dt.date | None
    served: dt.date | None
    place: str = ""

    @property
    def days(self) -> int | None:
        """From idea to use; None while one of them is not known."""
        return None if self.idea is None or self.served is None else (self.served - self.idea).days

    def __str__(self) -> str:
        return f"{self.feature} ({self.idea or 'no date'} to {self.served or 'no date'})"


def from_csv(text: str, *, name: str) -> tuple[Delivery, ...]:
    """The deliveries in a CSV table.

    Raises:
        DataError: it has other columns, a date that is none, or a feature twice.
    """
    try:
        rows = list(csv.DictReader(text.splitlines()))
    except csv.Error as reason:
        raise DataError(f"{name} is no CSV table: {reason}", expected=EXPECTED) from None
    while rows and not any(str(value or "").strip() for value in rows[-1].values()):
        rows.pop()  # spreadsheets leave empty rows at the end
    return from_rows(rows, name=name, first=2)


def from_rows(rows: Any, *, name: str, first: int = 1) -> tuple[Delivery, ...]:
    """The deliveries in a table of plain values; a table whose only key holds the rows will do.

    Args:
        rows: A list of tables.
        name: Of the file, for messages.
        first: Number of the first row, for messages.

    Raises:
        DataError: it has other columns, a date that is none, or a feature twice.
    """
    if isinstance(rows, Mapping) and len(rows) == 1:
        rows = next(iter(rows.values()))
    if not isinstance(rows, list) or len(rows) > MOST_ROWS or any(not isinstance(row, Mapping) for row in rows):
        raise DataError(f"{name} is no table of features", expected=f"{EXPECTED}, at most {MOST_ROWS:,} rows")
    found = [_delivery(row, f"{name}, row {number}") for number, row in enumerate(rows, first)]
    seen: set[str] = set()
    for one in found:
        if one.feature.casefold() in seen:
            raise DataError(f"{one.place}: {one.feature} stands twice", expected="each feature once, at its first use")
        seen.add(one.feature.casefold())
    return tuple(found)


def _delivery(row: Mapping[Any, Any], place: str) -> Delivery:
    lower = {str(key).strip().lower().replace(" ", "_"): value for key, value in row.items()}
    keys = {what: next((one for one in names if one in lower), None) for what, names in NAMES.items()}
    for what, key in keys.items():
        if key is None:
            raise DataError(f"{place} has no {what}{near(what, lower)}", expected=EXPECTED)
    feature = str(lower[str(keys["feature"])] or "").strip()
    if not feature:
        raise DataError(f"{place} names no feature", expected=EXPECTED)
    idea, served = (_date(lower[str(keys[what])], f"{place}, {keys[what]}") for what in ("idea", "served"))
    return Delivery(feature=feature, idea=idea, served=served, place=place)


def _date(value: Any, place: str) -> dt.date | None:
    text = "" if value is None else str(value).strip()
    if not text or text in ("-", "?"):
        return None
    try:
        return dt.datetime.fromisoformat(text).date()
    except ValueError:
        raise DataError(
            f"{place}: {text[:40]!r} is no date", expected="a date such as 2026-10-31, or nothing"
        ) from None


def judge(deliveries: Sequence[Delivery], *, last: int, limit: float, today: dt.date) -> Verdict:
    """The median lead time of the last features is within a limit.

    Args:
        deliveries: All that are on record.
        last: How many of the last ones count.
        limit: Longest median, in seconds.
        today: Date of the run.
    """
    # Of those served on one day the slower ones count: which came last is not known.
    done = sorted((d for d in deliveries if d.served is not None), key=_recent, reverse=True)
    counted = done[:last]
    waiting = [one for one in deliveries if one.served is None]
    days = [one.days for one in counted if one.days is not None]
    median = statistics.median(days) if days else None
    noted = (
        Measurement(
            name="lead time, median", value=median, max=limit / DAY, unit="d", n=len(days),
            interval=(min(days), max(days)) if days else None, note="shortest and longest",
        ),
        Measurement(name="features served", value=len(done), min=last),
        Measurement(name="features not served yet", value=len(waiting), note=_oldest(waiting, today)),
        *(Measurement(name=f"lead time, {one.feature}", value=one.days, unit="d") for one in counted),
    )  # fmt: skip
    doubts = [*_wrong(deliveries, today), *_incomplete(counted, last)]
    if doubts or median is None:
        return Verdict(outcome="inconclusive", message="; ".join(doubts), measurements=noted)
    told = (
        f"the last {last} features took {median:g} days in the median ({', '.join(str(one.days) for one in counted)})"
    )
    if median * DAY > limit:
        step = "Next step: look at where the time goes in the slowest"
        message = f"{told}; at most {limit / DAY:g} are asked for. {step}, {max(counted, key=_days).feature}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    return Verdict(outcome="passed", message=f"{told}, at most {limit / DAY:g} are asked for", measurements=noted)


def _recent(one: Delivery) -> tuple[dt.date, int]:
    return one.served or dt.date.min, one.days if one.days is not None else 10**6


def _days(one: Delivery) -> int:
    return one.days or 0


def _oldest(waiting: Sequence[Delivery], today: dt.date) -> str:
    ages = [(today - one.idea).days for one in waiting if one.idea is not None]
    return f"the oldest for {max(ages)} days" if ages else ""


def _wrong(deliveries: Iterable[Delivery], today: dt.date) -> list[str]:
    """Records that cannot be right, wherever they stand."""
    found = list(deliveries)
    future = [str(one) for one in found if any(day and day > today for day in (one.idea, one.served))]
    backwards = [str(one) for one in found if one.days is not None and one.days < 0]
    told = [("lie in the future", future), ("were served before the idea", backwards)]
    return [f"{len(ones)} features {what}: {', '.join(ones[:5])}" for what, ones in told if ones]


def _incomplete(counted: Sequence[Delivery], last: int) -> list[str]:
    if len(counted) < last:
        return [f"{len(counted)} features have been served; the median is taken of the last {last}"]
    undated = [str(one) for one in counted if one.idea is None]
    if counted and not any(one.days for one in counted) and not undated:
        return [f"all {last} bear one day for the idea and for the use, as a squashed history or a copied column would"]
    return [f"when the idea came is not known of {', '.join(undated)}"] if undated else []
