"""Says what stands in the document in the page's words: statuses, limits, intervals, messages, links to items."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from pytest_mlready.errors import clean
from pytest_mlready.reports.plots.numbers import number, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

STATUSES = {  # status or outcome -> (mark, tone, what it means); the word itself always stands beside the mark
    "verified": ("✓", "good", "shown by tests, or by a person where only a person can decide"),
    "passed": ("✓", "good", "passed"),
    "attested": ("✓", "good", "a person's valid word, not shown by a test"),
    "failed": ("✕", "bad", "a test showed that it does not hold"),
    "error": ("!", "bad", "a test broke before it could tell"),
    "not_run": ("…", "bad", "its tests did not run"),
    "inconclusive": ("?", "open", "looked at, but this run could not tell"),
    "waived": ("~", "open", "somebody accepted the risk until a date"),
    "unverified": ("○", "soft", "nothing shows it yet"),
    "not_applicable": ("–", "soft", "declared not to exist in this system, with a reason"),
}
DONE = ("verified", "attested", "not_applicable")  # statuses with nothing left to do
GRADES = {
    "live": "measured on the running service",
    "replayed": "replayed on the model and recorded data",
    "static": "read from files",
    "attested": "a person's word",
}
ITEM = re.compile(r"\b[a-z_]+\.[a-z_0-9]+\b")
STEP = "Next step: "
MINUTES = 120  # seconds from which a run is told in minutes


def words(status: str) -> str:
    return status.replace("_", " ")


def mark(status: str) -> str:
    return STATUSES.get(status, ("·",))[0]


def tone(status: str) -> str:
    return STATUSES.get(status, ("", "soft"))[1]


def cut(text: Any, most: int) -> str:
    """The text, and how much of it was left out where it is longer than any reader wants."""
    whole = str(text)
    return whole if len(whole) <= most else f"{whole[:most]}… ({len(whole) - most:,} more characters)"


def told(message: str, most: int) -> list[tuple[str, str]]:
    """(what is said, what to do next) for each line of a message."""
    lines = (line.partition(STEP) for line in cut(message, most).splitlines() if line.strip())
    return [(said.strip(), step) for said, _, step in lines]


def linked(text: Any, items: Collection[str]) -> Markup:
    """The text with every item's id as a link to its place in the page."""
    parts, end, whole = [], 0, clean(str(text))
    for match in ITEM.finditer(whole):
        if match[0] in items:
            parts += [escape(whole[end : match.start()]), link(match[0])]
            end = match.end()
    return Markup("").join([*parts, escape(whole[end:])])


def link(item: str) -> Markup:
    name = escape(item).replace(".", Markup(".<wbr>"))  # where a narrow column may break it
    return Markup('<a href="#{}"><code>{}</code></a>').format(item, name)


def limits(entry: Mapping[str, Any]) -> str:
    """What a measurement was held against."""
    unit = str(entry.get("unit", ""))
    if "min" in entry and "max" in entry:
        return f"{shown(entry['min'], unit)} to {shown(entry['max'], unit)}"
    sides = (("min", "at least"), ("max", "at most"))
    return ", ".join(f"{word} {shown(entry[side], unit)}" for side, word in sides if side in entry)


def missed(entry: Mapping[str, Any]) -> bool:
    """Whether the value itself lies beyond a limit."""
    value, low, high = (number(entry.get(key)) for key in ("value", "min", "max"))
    return value is not None and ((low is not None and value < low) or (high is not None and value > high))


def interval(entry: Mapping[str, Any]) -> str:
    """Confidence bounds: "0.92 to 0.93", "from 0.92", "up to 0.93"."""
    bounds = entry.get("interval")
    if not isinstance(bounds, list) or len(bounds) != 2:
        return ""
    low, high = (None if side is None else shown(side, str(entry.get("unit", ""))) for side in bounds)
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"from {low}" if low is not None else f"up to {high}" if high is not None else ""


def title(test_id: str) -> str:
    """A test's name as a sentence: "test_never_ready_without_its_model" is "Never ready without its model"."""
    name, bracket, case = test_id.rpartition("::")[2].partition("[")
    sentence = name.removeprefix("test_").replace("_", " ").strip() or test_id
    return sentence[:1].upper() + sentence[1:] + bracket + case


def sentence(text: str) -> str:
    """The text with a capital, where it begins with a word and not with a name in code."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+[ ,:]", text) else text


def moment(text: Any) -> str:
    """A time to the minute, "2026-11-25 04:38 UTC"; what is no time as it stands."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return f"{found:%Y-%m-%d %H:%M} {found.tzname() or ''}".strip()


def took(seconds: Any) -> str:
    """How long a run took: "14.2 s", "5 min 12 s"."""
    found = number(seconds)
    if found is None or found < MINUTES:
        return shown(seconds, "s")
    minutes, rest = divmod(round(found), 60)
    return f"{minutes:,} min {rest} s"


def days(left: Any) -> str:
    """How long something holds: "today is the last day", "1 day left", "12 days left", "expired 3 days ago"."""
    found = number(left)
    if found is None:
        return ""
    if found < 0:
        return f"expired {_days(-found)} ago"
    return f"{_days(found)} left" if found else "today is the last day"


def _days(count: float) -> str:
    return "1 day" if count == 1 else f"{count:,.0f} days"
