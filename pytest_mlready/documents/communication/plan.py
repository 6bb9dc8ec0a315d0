"""Reads a communication plan: YAML, JSON or TOML, or Markdown with the same keys between --- at its beginning.

    reviewed: 2026-11-02
    decider: {role: on-call lead, contact: "oncall-lead@example.org", deputy: head of data}
    contacts:
      - {role: support, contact: "support@example.org", channel: "#support, phone 4711", template: degraded}
    templates:
      degraded: "Since {time} the service {what}. The effect: …. We {action}. Next news at {next}."

A template may stand under its contact, or in `templates` by name; in Markdown a section with that title will do.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded, markdown
from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEYS = ("reviewed", "decider", "contacts", "templates")
FORMAT = "reviewed, decider (role, contact, deputy), contacts (role, contact, channel, template), templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody who is told; a field that is not filled in is ""."""

    role: str
    contact: str
    channel: str
    template: str
    names_template: str = ""  # a template that is named and not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A communication plan.

    Attributes:
        reviewed: The day; None where it is not said, or no date.
        decider, decider_contact, deputy: Who decides; "" where it is not said.
        contacts: In their order.
    """

    reviewed: dt.date | None
    decider: str
    decider_contact: str
    deputy: str
    contacts: tuple[Contact, ...]


def read(path: Path, shown: str = "") -> Plan:
    """The plan in a file.

    Raises:
        DataError: It cannot be read, or has none of the keys.
        Inconclusive: It is Markdown, and the library that reads it is not installed.
    """
    name = shown or path.name
    sections: dict[str, str] = {}
    if path.suffix.lower() in markdown.SUFFIXES:
        document = markdown.read(path, shown=name, setting="plan")
        raw: Any = dict(document.front)
        sections = {
            section.title: "\n".join(block.text for below in document.below(section) for block in below.blocks)
            for section in document.named
        }
    else:
        raw = bounded.read(path, setting="plan")
    if not isinstance(raw, dict) or not any(key in raw for key in KEYS):
        hint = next((h for key in raw if (h := near(str(key), KEYS))), "") if isinstance(raw, dict) else ""
        raise DataError(f"{name} is no communication plan{hint}", expected=FORMAT)
    templates = {**sections, **{str(k): _text(v) for k, v in _table(raw.get("templates")).items()}}
    decider = raw.get("decider")
    table = decider if isinstance(decider, dict) else {"role": decider}
    return Plan(
        reviewed=_date(raw.get("reviewed")),
        decider=_text(table.get("role") or table.get("name")),
        decider_contact=_text(table.get("contact")),
        deputy=_text(table.get("deputy")),
        contacts=tuple(_contact(entry, templates) for entry in raw.get("contacts") or () if isinstance(entry, dict)),
    )


def _contact(entry: Mapping[str, Any], templates: Mapping[str, str]) -> Contact:
    named = _text(entry.get("template"))
    known = {name.casefold(): text for name, text in templates.items()}
    text = known.get(named.casefold(), named if len(named.split()) > 3 else "")
    return Contact(
        role=_text(entry.get("role")),
        contact=_text(entry.get("contact")),
        channel=_text(entry.get("channel")),
        template=text,
        names_template=named if named and not text else "",
    )


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Text, or what a deputy or contact has: a table's values, a list's entries."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    return "" if value is None else " ".join(str(value).split())


def _date(value: Any) -> dt.date | None:
    matched = re.match(r"\d{4}-\d{2}-\d{2}", str(value))
    try:
        return dt.date.fromisoformat(matched[0]) if matched else None
    except ValueError:
        return None
