"""Names the fewest items that would raise a score which is the minimum of its sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.catalog import Section
    from pytest_mlready.scores import Score
    from pytest_mlready.tally import ItemResult, Tally

STEP = 0.5
# Which of several equally short ways to name: the one that has the most behind it already.
EFFORT = (
    "not_run",
    "inconclusive",
    "failed",
    "error",
    "waived",
    "attested",
    "unverified",
    "not_applicable",
    "verified",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The shortest way up.

    Attributes:
        items: What to get verified, most advanced first; empty when nothing more can be gained by items.
        to: The score that this gives.
        by_ci: Running the gate in CI would itself raise the score, to this; None when it would not.
    """

    items: tuple[str, ...]
    to: float
    by_ci: float | None = None


def way(tally: Tally, score: Score) -> Way:
    """The fewest items that lift every section that is as low as the lowest.

    An item is taken to earn what a verified one earns in this run: a full credit where the run is automatic, else half.
    """
    full = 1.0 if tally.facts.automation.shown or not score.rubric.needs_automation else 0.5
    picked: list[str] = []
    after = dict(score.sections)
    for section in score.rubric.sections:
        if score.sections[section.id] > score.value + 1e-9:
            continue
        items, gain = _cheapest(section, score, tally.results, full)
        picked += [i for i in items if i not in picked]
        after[section.id] += gain
    to = min(after.values(), default=0.0)
    by_ci = _by_ci(score) if full < 1 else None
    return Way(items=tuple(picked) if to > score.value else (), to=to, by_ci=by_ci)


def _cheapest(
    section: Section, score: Score, results: Mapping[str, ItemResult], full: float
) -> tuple[tuple[str, ...], float]:
    ways = sorted(_ways(section, score, results, full), key=lambda w: (len(w[0]), -w[1], _effort(w[0], results)))
    return ways[0] if ways else ((), 0.0)


def _ways(
    section: Section, score: Score, results: Mapping[str, ItemResult], full: float
) -> Iterator[tuple[tuple[str, ...], float]]:
    for test in section.tests:
        gain = full - score.credits[test.id].credit
        if gain < STEP - 1e-9:
            continue
        if test.all_of:
            yield tuple(i for i in test.full if results[i].status != "verified" or not results[i].by_code), gain
        else:
            yield from (((item,), gain) for item in test.full)


def _effort(items: Sequence[str], results: Mapping[str, ItemResult]) -> tuple[int, ...]:
    return tuple(EFFORT.index(results[i].status) for i in items)


def _by_ci(score: Score) -> float | None:
    """What the score would be if every half credit that code earned were a whole one."""
    lifted = {
        s.id: sum(1.0 if score.credits[t.id].note.startswith("half") else score.credits[t.id].credit for t in s.tests)
        for s in score.rubric.sections
    }
    best = min(lifted.values(), default=0.0)
    return best if best > score.value else None
