"""Reckons what a next step can gain: the scores, counted again as if its items were verified; pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready import scores as counting
from pytest_mlready.tally import Automation, standing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_mlready.scores import Score
    from pytest_mlready.tally import ItemResult, Tally

NAMES = {"checklist": "checklist", "ml_test_score": "ML Test Score"}
# Weights of a choice among steps, by convention: one point of the checklist is the unit. The ML Test Score is the
# lowest of its sections, so that a credit which does not lift it yet is worth a part of one that does.
SCORE, CREDIT = 3.0, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a step gains at most: in words, and as a weight to choose by."""

    text: str
    weight: float


def of_items(tally: Tally, items: Collection[str]) -> Gain:
    """What it would gain if these items' tests passed; an item that a person decides gains nothing by that."""
    return _between(tally, _passed(tally, items), tally.facts.automation)


def of_words(tally: Tally, items: Collection[str]) -> Gain:
    """What it would gain if a person's valid word stood behind these items."""
    return _between(tally, {i: _signed(r) if i in items else r for i, r in tally.results.items()})


def of_ci(tally: Tally) -> Gain:
    """What it would gain if this run happened in CI."""
    return _between(tally, tally.results, Automation(shown=True, how="in CI"))


def _passed(tally: Tally, items: Collection[str]) -> dict[str, ItemResult]:
    return {i: _verified(r) if i in items else r for i, r in tally.results.items()}


def _verified(result: ItemResult) -> ItemResult:
    signed = any(a.valid for a in result.attestations)
    status, points = standing(result.item, "passed", signed=signed)
    by_code = result.item.decided_by != "person"
    return dataclasses.replace(result, status=status, points=points, by_code=by_code)  # type: ignore[arg-type]


def _signed(result: ItemResult) -> ItemResult:
    status, points = standing(result.item, "passed" if result.by_code else result.underlying, signed=True)
    return dataclasses.replace(result, status=status, points=points)  # type: ignore[arg-type]


def _between(tally: Tally, results: Mapping[str, ItemResult], automation: Automation | None = None) -> Gain:
    texts: list[str] = []
    weight = 0.0
    for before in tally.scores.values():
        after = counting.score(before.rubric, results, automation or tally.facts.automation)
        worth = _worth(before, after)
        if worth > 0:
            weight += worth
            texts += _words(before, after)
    return Gain(text=", ".join(reversed(texts)), weight=weight)


def _worth(before: Score, after: Score) -> float:
    if before.rubric.combine == "fraction":
        return after.points - before.points
    return SCORE * (after.value - before.value) + CREDIT * (after.points - before.points)


def _words(before: Score, after: Score) -> Iterator[str]:
    name = NAMES.get(before.rubric.id, before.rubric.title)
    if before.rubric.combine == "fraction":
        yield f"{name} +{after.points - before.points:g}"
    elif after.value > before.value:
        yield f"{name} {before.value:g} → {after.value:g}"
    else:
        grown = {i: after.sections[i] - points for i, points in before.sections.items()}
        yield f"{name}: " + ", ".join(f"{i} +{by:g}" for i, by in grown.items() if by > 0)
