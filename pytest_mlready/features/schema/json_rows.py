"""Reads a JSON Schema of rows as objects, whole or by a pointer into an OpenAPI document, as rules by column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_mlready.errors import DataError, near
from pytest_mlready.features.schema import json_values
from pytest_mlready.features.schema.expectations import Rule, Unread, shown
from pytest_mlready.features.schema.json_values import NotUnderstood
from pytest_mlready.features.schema.json_walk import Scope, named, statements
from pytest_mlready.features.schema.rules import RuleSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_mlready.features.schema.expectations import Holds


@dataclass(slots=True, kw_only=True)
class _Row:
    """What the schema of an object states, gathered from all its parts."""

    properties: list[tuple[str, Any]] = field(default_factory=list)
    required: set[str] = field(default_factory=set)
    closed: bool = False
    unread: list[Unread] = field(default_factory=list)


def read(document: Any, pointer: str = "") -> RuleSchema:
    """The rules of a schema whose rows are objects, one property a column.

    Args:
        document: The whole document, as plain values.
        pointer: Where the schema stands in it: "/components/schemas/Instance"; "" for the document itself. An array's
            items are the rows.

    Raises:
        DataError: nothing stands there, or it names no properties.
    """
    row = _Row()
    _gather(_rows(document, at(document, pointer)), document, row)
    if not row.properties:
        hint = "; ".join(f"#{place}" for place in list(objects(document))[:5])
        raise DataError(
            f"the schema at #{pointer or '/'} names no properties",
            expected="rows as objects: a property for each input",
            fix=f"name one of {hint}" if hint else "",
        )
    rules = [rule for name, schema in row.properties for rule in _column(name, schema, document, row)]
    names = tuple(dict.fromkeys(name for name, _ in row.properties))
    return RuleSchema(form="JSON Schema", rules=tuple(rules), unread=tuple(row.unread), known=names, closed=row.closed)


def at(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) leads to.

    Raises:
        DataError: nothing; names the nearest key.
    """
    found = document
    for part in pointer.split("/")[1:] if pointer else ():
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, dict) and key in found:
            found = found[key]
        else:
            beside = found if isinstance(found, dict) else ()
            raise DataError(f'nothing stands at #{pointer}: there is no "{key}"{near(key, beside)}')
    return found


def objects(document: Any) -> dict[str, frozenset[str]]:
    """Schemas of objects in the usual places of a document, by pointer, each with the names of its properties."""
    found: dict[str, frozenset[str]] = {}
    for place in ("/components/schemas", "/definitions", "/$defs"):
        try:
            schemas = at(document, place)
        except DataError:
            continue
        for name, schema in schemas.items() if isinstance(schemas, dict) else ():
            if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
                found[f"{place}/{name.replace('~', '~0').replace('/', '~1')}"] = frozenset(schema["properties"])
    return found


def best(document: Any, columns: Iterable[str]) -> str | None:
    """Pointer of the schema that names the most of some columns; None where none names any."""
    wanted = set(columns)
    found = objects(document)
    place = max(found, key=lambda place: len(wanted & found[place]), default=None)
    return place if place is not None and wanted & found[place] else None


def _scope(document: Any) -> Scope:
    return Scope(find=lambda reference: _find(document, reference))


def _find(document: Any, reference: str) -> Any:
    """What a reference within the document stands for; one that leads nowhere is an unknown construct."""
    try:
        if reference.startswith("#"):
            return at(document, reference[1:])
    except DataError:
        pass
    return {f"$ref {shown(reference)}": None}


def _rows(document: Any, schema: Any) -> Any:
    """The schema of one row: the items, where the document describes a list of rows."""
    parts = {keyword: value for keyword, value, _ in statements(schema, _scope(document))}
    return parts["items"] if "items" in parts and "properties" not in parts else schema


def _gather(schema: Any, document: Any, row: _Row) -> None:
    for keyword, value, _ in statements(schema, _scope(document)):
        if keyword == "properties" and isinstance(value, dict):
            row.properties += value.items()
        elif keyword == "required" and isinstance(value, list):
            row.required |= set(map(str, value))
        elif keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(value, bool):
            row.closed |= not value
        elif keyword != "type" or "object" not in ([value] if isinstance(value, str) else value):
            row.unread.append(Unread(column="", what=named(keyword, _OF_ROWS)))


_OF_ROWS = ("properties", "required", "additionalProperties", "unevaluatedProperties", "type", "allOf", "$ref")


def _column(name: str, schema: Any, document: Any, row: _Row) -> Iterator[Rule]:
    scope = _scope(document)
    for keyword, value, within in statements(schema, scope):
        try:
            holds = json_values.read(keyword, value, within, scope)
        except NotUnderstood as construct:
            row.unread.append(Unread(column=name, what=str(construct)))
            continue
        states = keyword if value is None else f"{keyword} {shown(value)}"
        yield Rule(column=name, states=states, holds=holds if name in row.required else _or_left_out(holds))


def _or_left_out(holds: Holds) -> Holds:
    """A property that is not required may be left out, and so a missing value of a table breaks nothing."""
    return lambda cell: cell.null | holds(cell).fill_null(False)
