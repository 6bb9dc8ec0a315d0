"""Chooses the three next steps that gain most for least, each with the exact lines to paste; pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pytest_mlready import paste, step_bundles, step_candidates, step_gains
from pytest_mlready.errors import clean
from pytest_mlready.step_candidates import Candidate, Given

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_mlready.discovery import Discovered
    from pytest_mlready.init.seen import Seen
    from pytest_mlready.settings import Settings
    from pytest_mlready.tally import Tally

AT_MOST = 3
LONGEST = 200  # characters of a reason


def build(  # noqa: PLR0913 - all that a step is made from
    tally: Tally,
    document: Mapping[str, Any],
    *,
    discovered: Discovered,
    seen: Seen,
    settings: Settings,
    file: str = "pyproject.toml",
) -> list[dict[str, Any]]:
    """At most three steps: what the gate requires, then what gains most for what it costs; none for a partial run.

    Gains are upper bounds: the scores as they would be if every check passed that a step lets judge. Costs are an
    order (a path that was found, a value to decide, a file to write, code to write), not a measurement.

    Args:
        tally: Where the items stand.
        document: The report so far: its scores and policy.
        discovered: Files that lie in the project.
        seen: What their beginnings tell.
        settings: What is configured.
        file: The settings file that lines are for, as people name it from where they are.
    """
    if tally.partial:
        return []
    given = Given(tally=tally, settings=settings, discovered=discovered, seen=seen)
    required = document["policy"]["required"] if document["gate"]["asked"] else []
    ranked = sorted(_candidates(given, document), key=lambda c: _rank(c, given, required))
    there = _tables(settings)
    steps: list[dict[str, Any]] = []
    taken: set[str] = set()
    for candidate in ranked:
        if len(steps) < AT_MOST and candidate.gain.weight > 0 and not taken & set(candidate.items):
            steps.append(_step(candidate, there, file))
            taken |= set(candidate.items)
            there |= {line.table for line in candidate.settings}
    return steps


def _candidates(given: Given, document: Mapping[str, Any]) -> Iterator[Candidate]:
    alone = [
        *step_candidates.failed(given),
        *step_bundles.model_and_data(given),
        *step_bundles.service(given),
        *step_bundles.windows(given),
        *step_candidates.by_messages(given, step_bundles.missing(given)),
        *step_candidates.attested(given),
    ]
    if step_bundles.apart(given):  # settings of the top would be those of none of them
        alone = [candidate for candidate in alone if not candidate.settings]
    yield from alone
    yield from step_candidates.in_ci(given)
    yield from _path_up(given, document, alone)


def _path_up(given: Given, document: Mapping[str, Any], alone: list[Candidate]) -> Iterator[Candidate]:
    """The fewest items that lift a score which is the lowest of its sections, where one step for each is known."""
    for score in document["scores"].values():
        items = tuple(score["cheapest_path"]["items"]) if score and "cheapest_path" in score else ()
        ways = [min((c for c in alone if c.items == (i,)), key=lambda c: c.effort, default=None) for i in items]
        known = [way for way in ways if way is not None]
        if len(items) > 1 and len(known) == len(items):
            yield Candidate(
                items=items,
                gain=step_gains.of_items(given.tally, items),
                why="These are the fewest items that lift the lowest sections.",
                settings=tuple(line for way in known for line in way.settings),
                commands=tuple(command for way in known for command in way.commands),
                effort=sum(way.effort for way in known),
            )


def _rank(candidate: Candidate, given: Given, required: Collection[str]) -> tuple[bool, float]:
    """What the gate asks for goes before all else; then what gains more for its effort."""
    wanted = any(
        any(fnmatchcase(item, glob) for glob in required) and given.tally.results[item].status != "verified"
        for item in candidate.items
    )
    return not wanted, -candidate.gain.weight / candidate.effort


def _tables(settings: Settings) -> set[str]:
    """The tables that the settings have already, by the name they have below [tool.mlready]."""
    given = settings.model_fields_set
    return (
        {name for name in given if name != "items"}
        | {f'items."{i}"' for i in settings.items}
        | ({""} if given else set())
    )


def _step(candidate: Candidate, there: Collection[str], file: str) -> dict[str, Any]:
    prefix = "tool.mlready" if PurePath(file).name == "pyproject.toml" else ""
    asked = tuple(paste.left_open(line) for line in candidate.settings)
    lines = paste.toml(asked, there=there, prefix=prefix) if asked else []
    commands = [f"# in a shell: {c}" for c in candidate.commands] if lines else list(candidate.commands)
    why = clean(candidate.why).replace("\n", " ")
    return {
        "items": list(candidate.items),
        "gain": f"{candidate.gain.text} at most",
        "why": why if len(why) <= LONGEST else f"{why[: LONGEST - 1]}…",
        "into": file if lines else paste.SHELL,
        "lines": [clean(line) for line in [*lines, *commands]],
    }
