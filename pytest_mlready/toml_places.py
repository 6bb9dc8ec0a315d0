"""Names a place in a TOML file: its dotted key and its line."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[str | int, ...]
LONGEST = 200  # lines of one value that are read to find its end; beyond that the rest goes without line numbers
BARE = re.compile(r"[A-Za-z0-9_-]+")


def dotted(place: Place) -> str:
    """A place as TOML writes it: tool.mlready.items."data.feature_cost".limit, waivers[0].owner."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if BARE.fullmatch(part) else shown(part))
    return text


def shown(value: object, longest: int = 60) -> str:
    """A value as TOML writes it, on one line, shortened; characters that a terminal would obey are escaped."""
    text = (
        str(value)
        if not isinstance(value, str | list | dict | bool)
        else json.dumps(value, ensure_ascii=False, default=str)
    )
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def quoted(text: str) -> str:
    """A text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def line_of(lines: dict[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest one around it; 0 when unknown."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 0)


def line_numbers(text: str) -> dict[Place, int]:
    """The line on which each key and table of a valid TOML text begins, by place; what is inline has its key's."""
    lines: dict[Place, int] = {}
    header: Place = ()
    counts: dict[Place, int] = {}
    for number, is_header, parsed in _statements(text):
        if is_header:
            header = _header(parsed, counts)
            lines.setdefault(header, number)
        else:
            lines.update({p: number for p in (header + place for place in _places(parsed)) if p not in lines})
    return lines


def _statements(text: str) -> Iterator[tuple[int, bool, dict[str, Any]]]:
    """Line number of each statement, whether it is a table's header, and what it parses to."""
    rows = text.splitlines()
    start = 0
    while start < len(rows):
        for end in range(start + 1, min(start + LONGEST, len(rows)) + 1):
            try:
                parsed = tomllib.loads("\n".join(rows[start:end]))
            except ValueError:
                continue
            if parsed:
                yield start + 1, rows[start].lstrip().startswith("["), parsed
            break
        else:
            return
        start = end


def _header(parsed: dict[str, Any], counts: dict[Place, int]) -> Place:
    """The place of [a.b] or [[a.b]], with the number of the entry in every list of tables on the way."""
    place: Place = ()
    inside: Any = parsed
    while isinstance(inside, dict) and inside:
        name, inside = next(iter(inside.items()))
        place = (*place, name)
        if isinstance(inside, list):
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _places(value: Any, at: Place = ()) -> Iterator[Place]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*at, key)
        yield from _places(inner, (*at, key))
