"""Lists all that is wrong with a register's form: unknown keys and names, missing words, placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import placeholders
from pytest_mlready.documents.register.forms import date, shown, texts
from pytest_mlready.errors import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_mlready.documents.register.regime import Regime

_TOP = ("version", "purpose", "regimes", "description")
_ENTRY = ("applies", "class", "roles", "purposes", "excluded", "reason", "decided_by", "date", "duties")
_DUTY = ("applies", "reason", "evidence", "sha256", "owner")
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


def find(content: Any, regimes: Mapping[str, Regime]) -> list[str]:
    """Every mistake in the document, each with its place; empty when it can be used."""
    if not isinstance(content, Mapping):
        return [f"it holds {shown(content)}, expected the keys version, purpose, regimes"]
    return list(_document(content, regimes))


def _document(content: Mapping[str, Any], regimes: Mapping[str, Regime]) -> Iterator[str]:
    yield from _unknown(content, _TOP, "")
    if content.get("version") != 1:
        yield f"version is {shown(content.get('version'))}, expected 1"
    yield from _words(content, "purpose", "")
    entries = content.get("regimes")
    if not isinstance(entries, Mapping) or not entries:
        yield f"regimes is {shown(entries)}, expected an entry for each regime"
        return
    for name, entry in entries.items():
        if name not in regimes:
            expected = "one that ships, or the id of a file that `regimes` in the settings names"
            yield f"regimes.{name} is not known{near(name, regimes)}, expected {expected}"
        elif isinstance(entry, Mapping):
            yield from _entry(entry, regimes[name], f"regimes.{name}")
        else:
            yield f"regimes.{name} is {shown(entry)}, expected a table"


def _entry(entry: Mapping[str, Any], regime: Regime, place: str) -> Iterator[str]:
    yield from _unknown(entry, _ENTRY, place)
    if not isinstance(entry.get("applies"), bool):
        yield f"{place}.applies is {shown(entry.get('applies'))}, expected true or false"
    yield from _words(entry, "reason", place)
    yield from _words(entry, "decided_by", place)
    if date(entry.get("date")) is None:
        yield f"{place}.date is {shown(entry.get('date'))}, expected the date of the decision, such as 2026-11-24"
    yield from _names(entry, "roles", regime.roles, place)
    yield from _names(entry, "purposes", [purpose.id for purpose in regime.purposes], place)
    yield from _excluded(entry, regime, place)
    if entry.get("applies") is True and regime.classes and entry.get("class") not in regime.classes:
        hint = near(str(entry.get("class")), regime.classes)
        yield f"{place}.class is {shown(entry.get('class'))}{hint}, expected {', '.join(regime.classes)}"
    duties = entry.get("duties", {})
    if not isinstance(duties, Mapping):
        yield f"{place}.duties is {shown(duties)}, expected a table"
        return
    for name, duty in duties.items():
        yield from _duty(name, duty, [one.id for one in regime.duties], f"{place}.duties")


def _excluded(entry: Mapping[str, Any], regime: Regime, place: str) -> Iterator[str]:
    excluded = entry.get("excluded", {})
    if not isinstance(excluded, Mapping):
        yield f"{place}.excluded is {shown(excluded)}, expected a reason by purpose"
        return
    known = [purpose.id for purpose in regime.purposes]
    for name in excluded:
        if name not in known:
            yield f"{place}.excluded names {shown(name)}{near(str(name), known)}, expected one of {', '.join(known)}"
        yield from _words(excluded, name, f"{place}.excluded")


def _duty(name: str, duty: Any, known: Iterable[str], place: str) -> Iterator[str]:
    if name not in known:
        yield f"{place}.{name} is no duty of it{near(name, known)}"
    if not isinstance(duty, Mapping):
        yield f"{place}.{name} is {shown(duty)}, expected a table"
        return
    yield from _unknown(duty, _DUTY, f"{place}.{name}")
    applies = duty.get("applies", True)
    if not isinstance(applies, bool):
        yield f"{place}.{name}.applies is {shown(applies)}, expected true or false"
    if applies is False:
        yield from _words(duty, "reason", f"{place}.{name}")
    digests = texts(duty.get("sha256"))
    if digests and len(digests) != len(texts(duty.get("evidence"))):
        yield f"{place}.{name}.sha256 has {len(digests)} digests, expected one for each document"
    for digest in digests:
        if not _SHA256.fullmatch(digest):
            yield f"{place}.{name}.sha256 is {shown(digest)}, expected 64 hexadecimal digits"


def _names(entry: Mapping[str, Any], key: str, known: Iterable[str], place: str) -> Iterator[str]:
    known = list(known)
    if key in entry and not isinstance(entry[key], str | list):
        yield f"{place}.{key} is {shown(entry[key])}, expected a list"
    for name in texts(entry.get(key)):
        if name not in known:
            listed = ", ".join(known) or "none: the regime has no such names"
            yield f"{place}.{key} names {shown(name)}{near(name, known)}, expected {listed}"


def _words(table: Mapping[str, Any], key: str, place: str) -> Iterator[str]:
    value = table.get(key)
    at = f"{place}.{key}" if place else key
    if not isinstance(value, str) or not value.strip():
        yield f"{at} is {shown(value)}, expected words"
    elif left := placeholders.found(value):
        yield f"{at} was not filled in: {left[0]}"


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> Iterator[str]:
    for key in table:
        if key not in known:
            yield f"unknown key {f'{place}.' if place else ''}{key}{near(str(key), known)}"
