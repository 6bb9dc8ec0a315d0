"""Changes one place of a JSON value at a time: other literals, missing and unknown fields, other shapes."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[str | int, ...]

MARK = "mlready-literal-stands-here"
FIELDS = 24  # places that are changed; of a body with more, those spread evenly over it
HUGE = 10**400  # beyond every float
LONG = 1_000_000  # characters of a long text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed body.

    Attributes:
        kind: Family of the change.
        about: What was changed, as a noun phrase.
        text: The body.
        value: What it means; None for a body that is no JSON.
        json: Whether it is JSON as RFC 8259 has it.
    """

    kind: str
    about: str
    text: str
    value: Any = None
    json: bool = True


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place that holds no table and no list, of lists the first entry alone: rows are alike."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*place, key))
    elif isinstance(value, list):
        for part in value[:1]:
            yield from leaves(part, (*place, 0))
    else:
        yield place, value


def containers(value: Any, kind: type, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place that holds a table (`dict`) or a list, the whole included."""
    if isinstance(value, kind):
        yield place, value
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, part in parts:
        yield from containers(part, kind, (*place, key))


def put(value: Any, place: Place, new: Any) -> Any:
    """A copy with another value at one place."""
    if not place:
        return new
    whole = copy.deepcopy(value)
    node = whole
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = new
    return whole


def literal(value: Any, place: Place, text: str) -> str:
    """The value as JSON with a text of ours, JSON or not, at one place."""
    return json.dumps(put(value, place, MARK)).replace(json.dumps(MARK), text)


def spread(places: list[Any], most: int = FIELDS) -> list[Any]:
    """At most so many of them, evenly spread."""
    return places if len(places) <= most else [places[i * len(places) // most] for i in range(most)]


def shown(place: Place) -> str:
    """A place as messages show it."""
    return "/".join(map(str, place)) or "the whole body"


def mutants(value: Any) -> Iterator[Mutant]:
    """All changes of a body, each place and each kind, in a fixed order."""
    for place, leaf in spread(list(leaves(value))):
        yield from _types(value, place, leaf)
        if isinstance(leaf, str):
            yield from _texts(value, place)
        elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
            yield from _numbers(value, place)
    for place, table in spread(list(containers(value, dict))):
        yield from _fields(value, place, table)
    for place, entries in spread(list(containers(value, list))):
        yield from _shapes(value, place, entries)
    yield from _roots(value)


def _types(value: Any, place: Place, leaf: Any) -> Iterator[Mutant]:
    others = {
        "a text": "five", "a number in quotes": "5", "a number": 5, "a boolean": True, "null": None,
        "a table": {"value": leaf}, "a list": [leaf], "an empty list": [], "an empty table": {},
    }  # fmt: skip
    for name, other in others.items():
        if _type(other) != _type(leaf):
            whole = put(value, place, other)
            about = f"{name} for {_type(leaf)} at {shown(place)}"
            yield Mutant(kind="wrong type", about=about, text=json.dumps(whole), value=whole)


def _type(value: Any) -> str:
    names = {bool: "a boolean", str: "a text", int: "a number", float: "a number", dict: "a table", list: "a list"}
    return names.get(type(value), "null")


def _numbers(value: Any, place: Place) -> Iterator[Mutant]:
    for text in ("NaN", "Infinity", "-Infinity"):
        about = f"the literal {text}, which JSON does not have, at {shown(place)}"
        yield Mutant(kind="NaN literal", about=about, text=literal(value, place, text), json=False)
    digits = f"1{'0' * 400}"
    for text, meaning in (
        ("1e400", HUGE), ("-1e400", -HUGE), (digits, HUGE), ("1.7976931348623157e308", 1.7976931348623157e308),
        ("-0", 0), ("-0.0", -0.0), ("5e-324", 5e-324),
    ):  # fmt: skip
        about = f"the number {text if len(text) < 30 else '10^400 in digits'} at {shown(place)}"
        whole = put(value, place, meaning)
        yield Mutant(kind="extreme number", about=about, text=literal(value, place, text), value=whole)


def _texts(value: Any, place: Place) -> Iterator[Mutant]:
    about = f"an unescaped control character at {shown(place)}"
    yield Mutant(kind="not JSON", about=about, text=literal(value, place, '"a\x01b"'), json=False)
    odd = {
        "an empty text": "", "a NUL": "a\x00b", "a lone surrogate": "a\ud800b", "a change of direction": "a\u202eb",
        "characters of no width": "a\u200b\ufeffb", "a line break": "a\nb", "an emoji": "\U0001f469\u200d\U0001f52c",
        "piled accents": "a" + "\u0301" * 50, "a text of 1,000,000 characters": "a" * LONG,
    }  # fmt: skip
    for name, text in odd.items():
        whole = put(value, place, text)
        yield Mutant(kind="odd text", about=f"{name} at {shown(place)}", text=json.dumps(whole), value=whole)


def _fields(value: Any, place: Place, table: dict[str, Any]) -> Iterator[Mutant]:
    for key in spread(list(table)):
        whole = put(value, place, {k: v for k, v in table.items() if k != key})
        about = f"{shown((*place, key))} left out"
        yield Mutant(kind="missing field", about=about, text=json.dumps(whole), value=whole)
    whole = put(value, place, {**table, "mlready_unknown": 1})
    about = f"an unknown field in {shown(place)}"
    yield Mutant(kind="unknown field", about=about, text=json.dumps(whole), value=whole)
    for key in list(table)[:1]:
        inner = json.dumps(table)
        twice = f"{inner[:-1]}, {json.dumps(key)}: null}}"
        about = f"{shown((*place, key))} given twice"
        yield Mutant(kind="duplicate key", about=about, text=literal(value, place, twice), value=value)


def _shapes(value: Any, place: Place, entries: list[Any]) -> Iterator[Mutant]:
    others: dict[str, Any] = {"an empty list": [], "a list one level deeper": [entries]}
    if entries:
        others["the first entry without its list"] = entries[0]
        others["a list of mixed kinds"] = [*entries, [[]], None]
    if len(entries) > 1 and all(isinstance(e, list) and e for e in entries):
        others["rows of different length"] = [*entries[:-1], entries[-1][:-1]]
    for name, other in others.items():
        whole = put(value, place, other)
        yield Mutant(kind="wrong shape", about=f"{name} at {shown(place)}", text=json.dumps(whole), value=whole)


def _roots(value: Any) -> Iterator[Mutant]:
    for other in (None, True, 5, "text", [], {}, [value], {"data": value}):
        if type(other) is not type(value) or not other or len(other) == 1:  # type: ignore[arg-type]
            text = json.dumps(other)
            about = f"{text if len(text) < 20 else 'the good body one level deeper'} as the whole body"
            yield Mutant(kind="wrong root", about=about, text=text, value=other)
