"""Reads the lines to paste out of a message's next step, and tells what each of them still asks of a person."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

HEADER = re.compile(r"\[tool\.mlready(?:\.(?P<table>[^\]]+))?\]")
KEY = re.compile(r"\s*(?P<between>,|and\b)?\s*(?:write for example:\s*)?(?P<key>[A-Za-z_]\w*)\s*=\s*")
# Commands that messages of ours give; nothing else is offered, since a message may quote what a service answered.
COMMAND = re.compile(
    r"pip install 'pytest-mlready\[(?P<extra>[\w,]+)\]'|apt-get install [\w-]+|pytest --mlready-only"
    r"|cd [^\s;&|$`]+ && sha256sum [^\s;&|$`]+ > SHA256SUMS"
)
PLACEHOLDER = re.compile(r"…|\b(NAME|FILE)\b")
FILE = re.compile(r"([\w.*-]*/[\w.*/-]*|[\w.*-]+\.[A-Za-z][A-Za-z0-9]{0,8})(#\w+)?")
FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
# What a line asks of a person before it is true, in steps of about a minute: an order of cost, measured nowhere.
KNOWN, DECIDED, WRITTEN, CODED = 0.5, 1.5, 4.0, 8.0
FILLED_IN, OF_ITS_OWN = "fill in", "an example: say yours"
NAMED = "an example: name yours, or write it"
SHELL = "a shell"  # where the lines of a next step go that are no settings
# Lines for a table that is there already: below another one they would be other settings.
BELOW, ABOVE = "# add to [{}]:", "# add above the first table:"
PLACE = re.compile(r"# add (?:to (?P<table>\[.+\])|(?P<above>above the first table)):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One setting to paste.

    Attributes:
        table: Below [tool.mlready]: "model", 'items."data.feature_cost"'; "" for the top.
        key: Name of the setting.
        value: As TOML writes it.
        note: What stands behind it as a comment: what a person has to see to.
        effort: What it asks before it is true.
    """

    table: str
    key: str
    value: str
    note: str = ""
    effort: float = KNOWN


def lines(fix: str, found: Collection[str] = ()) -> tuple[Line, ...]:
    """The settings that a next step names, such as `[tool.mlready.model] path = "model.onnx"`; none where it is prose.

    Args:
        fix: What stands behind "Next step: " in a message.
        found: Paths that are known to be there.
    """
    header = HEADER.search(fix)
    if header is None:
        return ()
    table, rest = header["table"] or "", fix[header.end() :].replace(", …]", "]")
    return tuple(_line(table, key, value, found) for key, value in _assignments(rest))


def command(fix: str) -> tuple[str, str]:
    """(the shell command that a next step is, the extra that it installs); empty where it is none."""
    match = COMMAND.fullmatch(fix.strip().rstrip("."))
    return (match[0], match["extra"] or "") if match else ("", "")


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    while match := KEY.match(text):
        text = text[match.end() :]
        ends = [m.start() for m in re.finditer(r"[\s,(]|\.?$", text)]
        end = next((end for end in ends if _parsed(text[:end]) is not None), None)
        if end is None:
            return
        yield match["key"], text[:end]
        text = text[end:]


def _parsed(value: str) -> Any:
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except ValueError:
        return None


def _line(table: str, key: str, value: str, found: Collection[str]) -> Line:
    parsed = _parsed(value)
    texts = list(_texts(parsed))
    note, effort = "", KNOWN
    if PLACEHOLDER.search(value):
        note, effort = FILLED_IN, WRITTEN if table.startswith("items.") else DECIDED
    elif table == "entry_points" or any(FUNCTION.fullmatch(t) or "{" in t for t in texts):
        note, effort = OF_ITS_OWN, CODED
    elif any(FILE.fullmatch(t) and t not in found for t in texts):
        # What is deployed is found where it is there: an example of it stands for something yet to be made.
        note, effort = NAMED, CODED if table == "deploy" else WRITTEN
    elif not texts or any(t not in found for t in texts):
        note, effort = OF_ITS_OWN, DECIDED
    return Line(table=table, key=key, value=value, note=note, effort=effort)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def left_open(line: Line) -> Line:
    """The line without an example of what is deployed: pasted as it is, five items would miss a folder of that name."""
    if line.table != "deploy" or line.note != NAMED:
        return line
    return dataclasses.replace(line, value=re.sub(r'"[^"]*"', '"…"', line.value), note="name yours, or write it")


def toml(given: tuple[Line, ...], *, there: Collection[str], prefix: str = "tool.mlready") -> list[str]:
    """The lines as they are pasted, table by table.

    Args:
        given: Settings; of one that is named twice the first counts.
        there: Tables that the settings have already: TOML allows no second header.
        prefix: What the tables stand below: "" in mlready.toml.
    """
    text: list[str] = []
    once = {(line.table, line.key): line for line in reversed(given)}
    for table in dict.fromkeys(line.table for line in given):
        header = ".".join(part for part in (prefix, table) if part)
        if header:
            text.append(BELOW.format(header) if table in there else f"[{header}]")
        elif table in there:
            text.append(ABOVE)
        entries = reversed([line for line in once.values() if line.table == table])
        text += [f"{e.key} = {e.value}" + (f"  # {e.note}" if e.note else "") for e in entries]
    return text
