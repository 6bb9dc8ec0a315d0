"""Renders the HTML report: one file, no script, every text from outside escaped."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.errors import clean
from pytest_mlready.reports.document import policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog


def render(document: Mapping[str, Any], catalog: Catalog) -> str:
    """The page; numbers come from the document, questions and remedies from the catalogue."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"words": _words, "number": _number, "held": _held, "policy": policy}
    environment.finalize = lambda value: clean(value) if type(value) is str else value
    source = (resources.files("pytest_mlready") / "reports" / "report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(source).render(report=document, catalog=catalog.items, categories=CATEGORIES)


def _words(status: str) -> str:
    return status.replace("_", " ")


def _number(value: object, unit: str = "") -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else f"{value}"
    return f"{shown} {unit}".strip()


def _held(entry: Mapping[str, Any]) -> str:
    """The limits that a measurement was held against, and its interval, in words."""
    unit = entry.get("unit", "")
    parts = [
        f"{word} {_number(entry[key], unit)}" for key, word in (("min", "at least"), ("max", "at most")) if key in entry
    ]
    if "interval" in entry:
        low, high = entry["interval"]
        parts.append(f"[{'–' if low is None else _number(low)}, {'–' if high is None else _number(high)}]")
    parts += [f"n = {entry['n']}"] if "n" in entry else []
    parts += [entry["note"]] if entry.get("note") else []
    return ", ".join(parts)
