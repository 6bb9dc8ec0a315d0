"""Compares two OpenAPI documents by what they mean, and says in words where they differ."""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Where a document is served from and which build served it are not part of the interface.
IGNORED = ("servers", "info.version")
SETS = ("required", "enum", "security", "type")  # lists whose order means nothing (JSON Schema; OpenAPI, Security)
PROSE = ("description", "summary", "title")  # text that YAML and generators wrap differently
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DEEPEST = 100  # tables within tables


def differences(live: Any, committed: Any, *, ignored: Iterable[str] = IGNORED) -> list[str]:
    """Where a live document differs from a committed one, each as a line.

    The order of keys and of lists that are sets, and the breaks of lines in prose, do not count.

    Args:
        live: As the service gives it, parsed.
        committed: As the repository has it, parsed.
        ignored: Places that may differ, as globs of keys with dots between: "info.version", "paths.*.x-*".
    """
    left_out = tuple(ignored)
    return [line for place, line in _compare(live, committed, ()) if not _ignored(place, left_out)]


def _ignored(place: Sequence[str], patterns: Sequence[str]) -> bool:
    dotted = [".".join(place[: n + 1]) for n in range(len(place))]
    return any(fnmatch.fnmatchcase(text, pattern) for text in dotted for pattern in patterns)


def _compare(live: Any, committed: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if len(place) > DEEPEST:
        yield place, f"{_shown(place)}: nested too deeply to compare"
    elif isinstance(live, dict) and isinstance(committed, dict):
        yield from _tables(live, committed, place)
    elif isinstance(live, list) and isinstance(committed, list):
        yield from _lists(live, committed, place)
    elif _plain(live, place) != _plain(committed, place):
        yield place, f"{_shown(place)}: live {_value(live)}, committed {_value(committed)}"


def _tables(live: Mapping[str, Any], committed: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[Any]:
    for key in [*live, *(key for key in committed if key not in live)]:
        here = (*place, str(key))
        if key not in committed:
            yield here, f"{_shown(here)}: only in the live document"
        elif key not in live:
            yield here, f"{_shown(here)}: only in the committed document"
        else:
            yield from _compare(live[key], committed[key], here)


def _lists(live: Sequence[Any], committed: Sequence[Any], place: tuple[str, ...]) -> Iterator[Any]:
    key = place[-1] if place else ""
    if key in SETS:
        yield from _sets(live, committed, place)
    elif key in ("parameters", "tags") and all(isinstance(one, dict) for one in (*live, *committed)):
        yield from _tables(_by_name(live), _by_name(committed), place)
    elif key == "tags":
        yield from _sets(live, committed, place)
    elif len(live) != len(committed):
        yield place, f"{_shown(place)}: {len(live)} entries live, {len(committed)} committed"
    else:
        for index, (one, other) in enumerate(zip(live, committed, strict=True)):
            yield from _compare(one, other, (*place, str(index)))


def _sets(live: Sequence[Any], committed: Sequence[Any], place: tuple[str, ...]) -> Iterator[Any]:
    only_live = [one for one in live if one not in committed]
    only_committed = [one for one in committed if one not in live]
    for side, values in (("live", only_live), ("committed", only_committed)):
        if values:
            told = ", ".join(_value(one) for one in values[:5])
            yield place, f"{_shown(place)}: {told} only in the {side} document"


def _by_name(listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Parameters by place and name, tags by name, references by where they lead."""
    return {
        " ".join(str(one[k]) for k in ("in", "name", "$ref") if k in one) or str(n): one for n, one in enumerate(listed)
    }


def _plain(value: Any, place: Sequence[str]) -> Any:
    if isinstance(value, str) and place and place[-1] in PROSE:
        return " ".join(value.split())
    return (type(value), value) if isinstance(value, bool) else value


def _shown(place: Sequence[str]) -> str:
    """A place as people say it: “POST /predict: requestBody.content.…”."""
    if len(place) >= 3 and place[0] == "paths" and place[2] in METHODS:
        rest = ".".join(place[3:])
        return f"{place[2].upper()} {place[1]}" + (f": {rest}" if rest else "")
    if len(place) >= 2 and place[0] == "paths":
        return f"path {'.'.join(place[1:])}"
    if len(place) >= 3 and place[:2] == ("components", "schemas"):
        return f"schema {'.'.join(place[2:])}"
    return ".".join(place) or "the whole document"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"
