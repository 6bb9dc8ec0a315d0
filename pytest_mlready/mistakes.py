"""Finds every mistake in the settings at once: names and types, items and their options, what contradicts itself."""

from __future__ import annotations

import fnmatch
from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pytest_mlready.errors import near
from pytest_mlready.kinds import reader
from pytest_mlready.settings import Settings
from pytest_mlready.toml_places import Place, dotted, line_numbers, line_of, shown
from pytest_mlready.wording import Mistake, worded

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_mlready.catalog import Item
    from pytest_mlready.settings_file import SettingsFile

REASON = 'reason = "…", saying why'
OFFERED = ("model", "data", "metrics", "endpoint", "deploy", "entry_points", "items")  # what lines are offered for
LEFT_OPEN = ("…", "...")  # as next steps and `init` write it; the second where a terminal lacks the character
LISTED = "; `pytest-mlready explain` lists them"


def listing(mistakes: Iterable[Mistake], file: SettingsFile) -> str:
    """One line for each mistake, in the order of the file, each with file, line, key, found and expected."""
    lines = line_numbers(file.text)
    placed = [(line_of(lines, (*file.prefix, *m.place)), m) for m in mistakes]
    placed.sort(key=lambda pair: pair[0])
    many = "1 mistake" if len(placed) == 1 else f"{len(placed)} mistakes"
    text = [f"{many} in {file.name}:"]
    for line, m in placed:
        where = f"{file.path.name}:{line}" if line else file.path.name
        text.append(f"  {where}: {dotted((*file.prefix, *m.place))}: {m.found}, expected {m.expected}")
    return "\n".join(text)


def find(tables: Mapping[str, Any], items: Mapping[str, Item]) -> list[Mistake]:
    """Every mistake in the tables; of several at one place the first."""
    of_items = (*_of_ids(tables, items), *_of_globs(tables, items), *_of_items(tables, items))
    found = [
        *_left_open({name: tables.get(name) for name in OFFERED}),
        *of_items,
        *_of_sense(tables),
        *_of_tables(tables),
    ]
    return list({m.place: m for m in reversed(found)}.values())[::-1]


def _left_open(value: object, place: Place = ()) -> Iterator[Mistake]:
    """Placeholders of lines that were pasted and not filled in: told here, not as a file that every check misses."""
    if isinstance(value, str) and value.strip() in LEFT_OPEN:
        yield Mistake(
            place=place, found=f"{shown(value)} is still to be filled in", expected="your value, or no such line"
        )
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _left_open(inner, (*place, key))


def _of_tables(tables: Mapping[str, Any]) -> Iterator[Mistake]:
    try:
        Settings.model_validate(tables)
    except ValidationError as error:
        yield from worded(error, tables, Settings)


# --- item ids, globs and options ------------------------------------------------------------------


def _of_ids(tables: Mapping[str, Any], items: Mapping[str, Item]) -> Iterator[Mistake]:
    for name in ("not_applicable", "items"):
        for item_id, value in _dict(tables.get(name)).items():
            if item_id not in items:
                yield Mistake(place=(name, item_id), found="unknown item", expected=_item(item_id, items, value))
    for name in ("waivers", "attestations"):
        for i, entry in enumerate(_list(tables.get(name))):
            meant = _dict(entry).get("item")
            if isinstance(meant, str) and meant not in items:
                found = f"unknown item {shown(meant)}"
                yield Mistake(place=(name, i, "item"), found=found, expected=_item(meant, items))


def _of_globs(tables: Mapping[str, Any], items: Mapping[str, Item]) -> Iterator[Mistake]:
    globs = _dict(tables.get("gate")).get("required", [])
    for i, glob in enumerate([globs] if isinstance(globs, str) else _list(globs)):
        if isinstance(glob, str) and not any(fnmatch.fnmatchcase(item_id, glob) for item_id in items):
            place: Place = ("gate", "required") if isinstance(globs, str) else ("gate", "required", i)
            yield Mistake(place=place, found=f"{shown(glob)} matches no item", expected=_glob(glob, items))


def _item(item_id: str, items: Mapping[str, Item], value: object = None) -> str:
    inside = next((f'"{item_id}.{name}"' for name in _dict(value) if f"{item_id}.{name}" in items), "")
    if inside:
        return f"the whole id in quotes: {inside}"
    return "an item of the catalogue" + (near(item_id, items) or LISTED)


def _glob(glob: str, items: Mapping[str, Item]) -> str:
    categories = {f"{item_id.partition('.')[0]}.*" for item_id in items}
    known = [*sorted(categories), *items]
    return 'an id or a glob such as "security.*"' + (near(glob, known) or near(f"{glob}.*", known) or LISTED)


def _of_items(tables: Mapping[str, Any], items: Mapping[str, Item]) -> Iterator[Mistake]:
    for item_id, table in _dict(tables.get("items")).items():
        if item_id in items and isinstance(table, dict):
            yield from _of_item(("items", item_id), table, items[item_id])


def _of_item(at: Place, table: dict[str, Any], item: Item) -> Iterator[Mistake]:
    kinds: dict[str, str] = {"builtin": "boolean", "reason": "string", **{o.name: o.type for o in item.options}}
    for key, value in table.items():
        if key not in kinds:
            known = near(key, kinds) or ": " + ", ".join(kinds)
            yield Mistake(place=(*at, key), found="unknown option", expected=f"an option of this item{known}")
            continue
        try:
            reader(kinds[key]).validate_python(value)
        except ValidationError as error:
            yield from worded(error, value, at=(*at, key))
    if table.get("builtin") is False and not _says(table.get("reason")):
        yield Mistake(place=(*at, "reason"), found="builtin = false without a reason", expected=REASON)


# --- what does not make sense together ------------------------------------------------------------


def _of_sense(tables: Mapping[str, Any]) -> Iterator[Mistake]:
    model, data = _dict(tables.get("model")), _dict(tables.get("data"))
    if "first_release" in model and "production" in model:
        expected = "one of them: a first release has no production model"
        yield Mistake(place=("model", "first_release"), found="set together with production", expected=expected)
    if data.get("target") in (d if isinstance(d := data.get("drop", []), list) else [d]):
        expected = "other columns: the target is no feature anyway"
        yield Mistake(place=("data", "drop"), found=f"holds the target {shown(data.get('target'))}", expected=expected)
    for name, metric in _dict(tables.get("metrics")).items():
        for low, high in (("min", "max"), ("subgroup_min", "subgroup_max")):
            bottom, top = _number(_dict(metric).get(low)), _number(_dict(metric).get(high))
            if bottom is not None and top is not None and bottom > top:
                found = f"{low} {bottom} is above {high} {top}"
                yield Mistake(place=("metrics", name, low), found=found, expected=f"{low} ≤ {high}")
    yield from _twice(tables, "waivers", ("item",))
    yield from _twice(tables, "attestations", ("item", "model_sha256", "versions"))
    for i, entry in enumerate(_list(tables.get("attestations"))):
        on, expires = _day(_dict(entry).get("on")), _day(_dict(entry).get("expires"))
        if on and expires and expires < on:
            yield Mistake(place=("attestations", i, "expires"), found=f"{expires}", expected=f"a day after {on}")


def _twice(tables: Mapping[str, Any], name: str, scope: tuple[str, ...]) -> Iterator[Mistake]:
    """Entries for an item that has one already, of the same scope."""
    seen: Counter[str] = Counter()
    for i, entry in enumerate(_list(tables.get(name))):
        if isinstance(entry, dict) and "item" in entry:
            key = repr([entry.get(part) for part in scope])
            if seen[key]:
                found = f"a second entry for {shown(entry['item'])}"
                yield Mistake(place=(name, i), found=found, expected="one for an item and scope; delete one")
            seen[key] += 1


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _says(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _day(value: object) -> dt.date | None:
    try:
        return reader("date").validate_python(value)  # type: ignore[no-any-return]
    except ValidationError:
        return None
