"""Reads when a document was reviewed last, and tells whether that is too long ago."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from pytest_mlready.documents.markdown import Document

_KEY = re.compile(r"(last[-_ ]?)?review(ed)?([-_ ]?(on|at|date))?|date[-_ ]reviewed|last[-_ ]validated")
_SAID = re.compile(
    r"\b(?:last )?review(?:ed)?(?: (?:on|at|date))?\b[^\w\n]{0,6}(?:on )?(\d{4}-\d{2}-\d{2}|[^\n.;|]{6,30})",
    re.IGNORECASE,
)
_FORMATS = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), ("%Y-%m-%d",)),
    (re.compile(r"\d{4}/\d{2}/\d{2}"), ("%Y/%m/%d",)),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"), ("%d.%m.%Y",)),
    (re.compile(r"\d{1,2} [A-Za-z]+ \d{4}"), ("%d %B %Y", "%d %b %Y")),
    (re.compile(r"[A-Za-z]+ \d{1,2} \d{4}"), ("%B %d %Y", "%b %d %Y")),
)


def written(document: Document) -> tuple[str, ...]:
    """The dates of review that a document states, as written: in its metadata, else in its text."""
    front = [str(v) for k, v in document.front.items() if _KEY.fullmatch(str(k).lower()) and v]
    if front:
        return tuple(front)
    texts = [block.text for section in document.sections for block in section.blocks if block.kind != "code"]
    said = (match[1].strip() for text in texts for match in _SAID.finditer(text))
    return tuple(one for one in said if re.search(r"\d{4}", one))


def date(text: str) -> dt.date | None:
    """The date in a text; None where none is understood."""
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)\b|,", "", text)
    for pattern, forms in _FORMATS:
        match = pattern.search(plain)
        for form in forms if match else ():
            with contextlib.suppress(ValueError):
                return dt.datetime.strptime(match[0], form).replace(tzinfo=dt.UTC).date()  # type: ignore[index]
    return None


def judge(document: Document, *, today: dt.date, max_days: float) -> Verdict | None:
    """Whether the last review that a document states is recent enough; None where it states none."""
    texts = written(document)
    if not texts:
        return None
    dates = [found for text in texts if (found := date(text))]
    if not dates:
        told = f"{document.path}: the date of its review is not understood: {texts[0]}. Expected: such as 2026-11-24"
        return Verdict(outcome="inconclusive", message=told)
    last = max(dates)
    age = (today - last).days
    measured = Measurement(name=f"days since {document.path} was reviewed", value=age, max=max_days, unit="days")
    if age < 0:
        told = f"{document.path} was reviewed on {last}, which is yet to come"
        return Verdict(outcome="failed", message=told, measurements=(measured,))
    told = f"{document.path} was reviewed on {last}, {age} days ago; at most {max_days:.0f} are allowed"
    return Verdict(outcome="failed" if age > max_days else "passed", message=told, measurements=(measured,))
