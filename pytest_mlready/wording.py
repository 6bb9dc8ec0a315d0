"""Says what pydantic objects to in plain words, with the place and the nearest valid name."""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from pytest_mlready.errors import near
from pytest_mlready.toml_places import Place, dotted, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

EXPECTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "finite_number": "a finite number",
    "model_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "string_pattern_mismatch": "text that says something",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake: its place below [tool.mlready], what was found, what was expected."""

    place: Place
    found: str
    expected: str


def worded(error: ValidationError, value: Any, table: Any = None, at: Place = ()) -> Iterator[Mistake]:
    """Pydantic's errors as ours; the branches of a union count as one place, with all that was expected."""
    merged: dict[Place, tuple[str, list[str]]] = {}
    for detail in error.errors(include_url=False):
        place, there = _reached(value, detail["loc"])
        if detail["type"] == "missing":
            place = (*place, detail["loc"][-1])
        found, expected = _words(detail, there, table)
        choices = merged.setdefault(place, (found, []))[1]
        if expected not in choices:
            choices.append(expected)
    for place, (found, choices) in merged.items():
        yield Mistake(place=(*at, *place), found=found, expected=_any(choices))


def _any(choices: list[str]) -> str:
    rest, last = choices[:-1], choices[-1]
    return ", ".join(rest) + " or " + last if rest else last


def _words(detail: ErrorDetails, there: Any, table: Any) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return "unknown key", _known(detail["loc"], table)
    if kind == "missing":
        field = _table_at(table, detail["loc"][:-1]).model_fields[str(detail["loc"][-1])]
        return "missing", f"{detail['loc'][-1]} = … ({field.description})"
    if kind == "literal_error":
        words = re.findall(r"'(.+?)'", str(context["expected"]))
        return f"found {shown(there)}", _any(words) + near(there, words)
    if kind == "tuple_type" and isinstance(there, dict):
        return "found a table", "a list of tables: two brackets in the header, [[…]]"
    bounds = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    limit = next((f"a number of {word} {context[k]:g}" for k, word in bounds.items() if k in context), "")
    return f"found {shown(there)}", limit or EXPECTED.get(kind) or str(context.get("expected", detail["msg"]))


def _reached(value: Any, loc: Iterable[str | int]) -> tuple[Place, Any]:
    """How far `loc` leads into the value, and what is there: pydantic adds parts of its own (union branches)."""
    place: list[str | int] = []
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            break
        place.append(part)
    return tuple(place), value


def _known(loc: Place, table: Any) -> str:
    """The nearest valid name for an unknown key, in its table, else elsewhere, else all of the table."""
    name, here = str(loc[-1]), _table_at(table, loc[:-1]).model_fields
    if name == "tool" and len(loc) == 1:
        return "the tables at the top level here: [model], not [tool.mlready.model]"
    if close := near(name, here):
        return f"a key of this table{close}"
    elsewhere = [dotted((*p, name)) for p, t in _all_tables(table) if name in t.model_fields]
    if elsewhere:
        return f"it as {' or '.join(elsewhere[:2])}"
    return "one of " + ", ".join(here)


def _table_at(table: Any, loc: Place) -> Any:
    parts = iter(loc)
    for part in parts:
        if not isinstance(part, int):
            kind = table.model_fields[part].annotation
            table = _inner(kind)
            if typing.get_origin(kind) is dict:
                next(parts, None)
    return table


def _inner(annotation: Any) -> Any:
    """The table class inside `Table | None`, `tuple[Table, ...]`, `dict[str, Table]`."""
    arguments = typing.get_args(annotation)
    if not arguments:
        return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return next((t for a in arguments if (t := _inner(a))), None)


def _all_tables(table: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    yield at, table
    for name, field in table.model_fields.items():
        if inner := _inner(field.annotation):
            yield from _all_tables(inner, (*at, name))
