"""Tells where the lines of a next step go: into a shell, to the end of a file, or below a table that is there; pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_mlready.paste import PLACE, SHELL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def rows(step: Mapping[str, Any]) -> Iterator[str]:
    """An instruction, then the lines it is about, as often as lines go to different places.

    Lines for a table that is there come under an instruction of their own: below another table they would be other
    settings, and TOML has no second header. Lines are not wrapped, so that they can be copied.
    """
    into = step.get("into") or SHELL
    if into == SHELL:
        yield "    run in a shell:"
        yield from (f"        {line}" for line in step["lines"])
        return
    doing = f"paste into {into}"
    for place, lines in groupby(_placed(step["lines"]), key=lambda placed: placed[0]):
        yield f"    {doing}{place}:"
        yield from (f"        {line}" for _, line in lines)
        doing = "and"


def _placed(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(where in the file, line)."""
    place = ""
    several = any(PLACE.fullmatch(line) for line in lines)
    for line in lines:
        if found := PLACE.fullmatch(line):
            place = f", below its line {found['table']}" if found["table"] else f", {found['above']}"
            continue
        if several and line.startswith("["):
            place = ", at its end"
        yield place, line
