"""Lists all that is wrong with a data inventory, and reads its bases and periods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLES = ("train", "heldout", "reference", "current")
SOURCES = (*TABLES, "logs", "prompts")
CATEGORIES = ("ordinary", "special", "criminal")
BASES = {
    "6(1)(a)": "consent",
    "6(1)(b)": "contract",
    "6(1)(c)": "legal obligation",
    "6(1)(d)": "vital interests",
    "6(1)(e)": "public task",
    "6(1)(f)": "legitimate interests",
}  # fmt: skip - GDPR Art. 6 (1), with the usual short names
_TOP = ("version", "description", "owner", "datasets")
_SHARED = ("purpose", "basis", "condition", "retention", "owner", "description")
_DATASET = ("covers", "fields", *_SHARED)
_FIELD = ("personal", "category", "why", *_SHARED)
_BASIS_EXPECTED = "6(1)(a) to 6(1)(f), or one of " + ", ".join(BASES.values())
_RETENTION_EXPECTED = '"90 days", "6 months", "2 years" or ISO 8601 such as "P2Y"'
_PERIOD = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?(day|week|month|year)s?")
_ISO = re.compile(r"P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?")
_DAYS = {"day": 1, "week": 7, "month": 365.25 / 12, "year": 365.25}


def mistakes(content: Any) -> list[str]:
    """Every mistake in the document, each with its place; empty when it can be used."""
    if not isinstance(content, Mapping):
        return [f"it holds {_shown(content)}, expected the keys version, owner, datasets"]
    return list(_document(content))


def basis(value: Any) -> str | None:
    """A basis as "6(1)(f)", from that form, "Art. 6 (1) f" or words; None when it is none."""
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    by_words = {words: article for article, words in BASES.items()} | {"legitimate interest": "6(1)(f)"}
    if match := re.fullmatch(r"(?:gdpr,? ?)?(?:art(?:icle|\.)? ?)?6 ?\(1\) ?\(?([a-f])\)?", text):
        return f"6(1)({match[1]})"
    return by_words.get(text.replace("_", " ").replace("-", " "))


def days(value: Any) -> float | None:
    """A period in days; None when it is none. Months are a twelfth of a year, years 365.25 days."""
    if not isinstance(value, str):
        return None
    if match := _PERIOD.fullmatch(value.strip().lower()):
        return float(match[1]) * _DAYS[match[2]] or None
    if (match := _ISO.fullmatch(value.strip())) and any(match.groups()):
        counts = (int(count or 0) for count in match.groups())
        return sum(n * _DAYS[unit] for n, unit in zip(counts, ("year", "month", "week", "day"), strict=True)) or None
    return None


def _document(content: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(content, _TOP, "")
    if content.get("version") != 1:
        yield f"version is {_shown(content.get('version'))}, expected 1"
    yield from _texts(content, ("owner", "description"), "")
    datasets = content.get("datasets")
    if not isinstance(datasets, Mapping) or not datasets:
        yield f"datasets is {_shown(datasets)}, expected at least one data set by name"
        return
    for name, table in datasets.items():
        yield from _dataset(table, f"datasets.{name}")


def _dataset(table: Any, place: str) -> Iterator[str]:
    if not isinstance(table, Mapping):
        yield f"{place} is {_shown(table)}, expected a table"
        return
    yield from _unknown(table, _DATASET, place)
    yield from _shared(table, place)
    covers = table.get("covers", [])
    for source in [covers] if isinstance(covers, str) else covers if isinstance(covers, list) else [covers]:
        if source not in SOURCES:
            yield f"{place}.covers names {_shown(source)}{near(str(source), SOURCES)}, expected {', '.join(SOURCES)}"
    fields = table.get("fields")
    if not isinstance(fields, Mapping) or not fields:
        yield f"{place}.fields is {_shown(fields)}, expected at least one field by name"
        return
    for name, field in fields.items():
        yield from _field(field, f"{place}.fields.{name}")


def _field(field: Any, place: str) -> Iterator[str]:
    if not isinstance(field, Mapping):
        yield f"{place} is {_shown(field)}, expected a table such as {{ personal: true }}"
        return
    yield from _unknown(field, _FIELD, place)
    yield from _shared(field, place)
    yield from _texts(field, ("why",), place)
    if not isinstance(field.get("personal"), bool):
        yield f"{place}.personal is {_shown(field.get('personal'))}, expected true or false"
    category = field.get("category", "ordinary")
    if category not in CATEGORIES:
        hint = near(str(category), CATEGORIES)
        yield f"{place}.category is {_shown(category)}{hint}, expected {', '.join(CATEGORIES)}"


def _shared(table: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from _texts(table, ("purpose", "owner", "description"), place)
    checks: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
        ("basis", basis, _BASIS_EXPECTED),
        ("retention", days, _RETENTION_EXPECTED),
        ("condition", _condition, "9(2)(a) to 9(2)(j)"),
    )
    for key, reader, expected in checks:
        value = table.get(key)
        if value is not None and not reader(value):
            hint = near(str(value), [*BASES, *BASES.values()]) if key == "basis" else ""
            yield f"{place}.{key} is {_shown(value)}{hint}, expected {expected}"


def _condition(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"9 ?\(2\) ?\(?[a-j]\)?", value.strip().lower()) is not None


def _texts(table: Mapping[str, Any], keys: tuple[str, ...], place: str) -> Iterator[str]:
    for key in keys:
        value = table.get(key)
        if key in table and not (isinstance(value, str) and value.strip()):
            yield f"{_at(place, key)} is {_shown(value)}, expected words"


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> Iterator[str]:
    for key in table:
        if key not in known:
            yield f"unknown key {_at(place, str(key))}{near(str(key), known)}"


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _shown(value: Any) -> str:
    text = repr(value)
    return "missing" if value is None else text if len(text) <= 40 else text[:39] + "…"
