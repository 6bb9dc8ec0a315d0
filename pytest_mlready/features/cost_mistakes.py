"""Lists all that is wrong with a manifest of what inputs cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_mlready.errors import near

BASES = ("measured", "estimated")
FETCHES = ("together", "each")
_TOP = ("version", "description", "currency", "defaults", "sources", "features")
_SHARED = ("owner", "basis", "record", "source", "dependencies")
_ENTRY = ("latency", "memory", "money", "compute", "description", *_SHARED)
_SOURCE = ("fetch", "description")
_NEEDED = ("latency", "memory", "dependencies", "owner", "source", "basis")

Reader = Callable[[Any], float]


def mistakes(content: Any, *, seconds: Reader, size: Reader) -> list[str]:
    """Every mistake in the document, each with its place; empty when it can be used."""
    if not isinstance(content, Mapping):
        return [f"it holds {_shown(content)}, expected the keys version, features"]
    return list(_document(content, seconds, size))


def _document(content: Mapping[str, Any], seconds: Reader, size: Reader) -> Iterator[str]:
    yield from _unknown(content, _TOP, "")
    if content.get("version") != 1:
        yield f"version is {_shown(content.get('version'))}, expected 1"
    defaults, sources = content.get("defaults") or {}, content.get("sources") or {}
    yield from _tables({"defaults": defaults, "sources": sources})
    features = content.get("features")
    if not isinstance(features, Mapping) or not features:
        yield f"features is {_shown(features)}, expected an entry for each input of the model"
        return
    if not isinstance(defaults, Mapping) or not isinstance(sources, Mapping):
        return
    yield from _unknown(defaults, _SHARED, "defaults")
    for name, table in sources.items():
        yield from _source(table, f"sources.{name}")
    for name, entry in features.items():
        yield from _entry(entry, defaults, f"features.{name}", seconds, size)
    spent = [e for e in features.values() if isinstance(e, Mapping) and e.get("money")]
    if spent and not _text(content.get("currency")):
        yield 'money is spent, and currency does not say in which unit, such as "EUR per 1,000 predictions"'


def _tables(named: Mapping[str, Any]) -> Iterator[str]:
    for name, value in named.items():
        if not isinstance(value, Mapping):
            yield f"{name} is {_shown(value)}, expected a table"


def _source(table: Any, place: str) -> Iterator[str]:
    if not isinstance(table, Mapping):
        yield f"{place} is {_shown(table)}, expected {{ fetch: together }} or {{ fetch: each }}"
        return
    yield from _unknown(table, _SOURCE, place)
    if table.get("fetch") not in FETCHES:
        yield f"{place}.fetch is {_shown(table.get('fetch'))}, expected {' or '.join(FETCHES)}"


def _entry(entry: Any, defaults: Mapping[str, Any], place: str, seconds: Reader, size: Reader) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{place} is {_shown(entry)}, expected a table with {', '.join(_NEEDED)}"
        return
    yield from _unknown(entry, _ENTRY, place)
    said = {**defaults, **entry}
    for key in _NEEDED:
        if key not in said:
            yield f"{place} has no {key}"
    if "money" not in said and "compute" not in said:
        yield f"{place} has neither money nor compute"
    for key, read in (("latency", seconds), ("memory", size), ("compute", seconds), ("money", _money)):
        if key in said:
            yield from _read(said[key], read, f"{place}.{key}")
    yield from _words(said, place)


def _words(said: Mapping[str, Any], place: str) -> Iterator[str]:
    for key in ("owner", "source"):
        if key in said and not _text(said[key]):
            yield f"{place}.{key} is {_shown(said[key])}, expected a name"
    listed = said.get("dependencies", [])
    if not isinstance(listed, list) or not all(_text(one) for one in listed):
        yield f"{place}.dependencies is {_shown(listed)}, expected a list of names, empty where there are none"
    if "basis" in said and said["basis"] not in BASES:
        yield f"{place}.basis is {_shown(said['basis'])}, expected {' or '.join(BASES)}"
    if said.get("basis") == "measured" and not _text(said.get("record")):
        yield f"{place} is measured, and record names no file that shows it"


def _read(value: Any, read: Reader, place: str) -> Iterator[str]:
    try:
        read(value)
    except ValueError as error:
        yield f"{place} is {_shown(value)}, expected {error}"


def _money(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError("a number, finite and not negative")
    return float(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> Iterator[str]:
    for key in table:
        if key not in known:
            yield f"{place + ': ' if place else ''}{key} is unknown{near(key, known).replace(';', ',')}"


def _shown(value: Any) -> str:
    text = repr(value)
    return "missing" if value is None else text if len(text) <= 60 else f"{text[:57]}…"
