"""Answers a reader who has one minute: may it ship, what blocks, both scores, what changed, what next, what expires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.reports import changes
from pytest_mlready.reports.page.words import moment, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.catalog import Catalog, Rubric

TONES = {"worse": ("▼", "bad"), "better": ("▲", "good"), "other": ("•", "soft")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says, in the fewest words."""

    word: str
    because: str
    mark: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One section of a score: how much of what it could have."""

    title: str
    points: float
    most: float
    target: str  # fragment of the page; "" where there is none
    lowest: bool = False

    @property
    def share(self) -> float:
        return min(max(self.points / self.most, 0.0), 1.0) if self.most else 0.0


def verdict(document: Mapping[str, Any]) -> Verdict:
    """Whether this may ship; what no gate asked for is neither yes nor no."""
    gate = document["gate"]
    if gate["passed"]:
        because = "All that the gate asks for was shown."
        return Verdict(word="May ship", because=because, mark="✓", tone="good")
    if gate["asked"]:
        count = len(gate["shortfalls"])
        because = f"The gate did not pass: {count} {'thing blocks' if count == 1 else 'things block'} it."
        return Verdict(word="May not ship", because=because, mark="✕", tone="bad")
    because = "No gate was asked for, so that nothing here says whether this may ship."
    return Verdict(word="No gate", because=because, mark="?", tone="open")


def bars(rubric_id: str, score: Mapping[str, Any], catalog: Catalog) -> list[Bar]:
    """The sections of a score, in the rubric's order."""
    rubric = next((r for r in catalog.rubrics if r.id == rubric_id), None)
    titles = {section.id: section.title for section in rubric.sections} if rubric else {}
    if "categories" in score:
        return [
            Bar(title=titles.get(key, key), points=s["points"], most=s["applicable"], target=_target(key))
            for key, s in score["categories"].items()
        ]
    least = min(score["sections"].values(), default=0.0)
    return [
        Bar(
            title=titles.get(key, key), points=points, most=_most(rubric, key, score),
            target=f"rubric-{rubric_id}", lowest=points == least,
        )
        for key, points in score["sections"].items()
    ]  # fmt: skip


def _target(category: str) -> str:
    return f"category-{category}" if category in CATEGORIES else ""


def _most(rubric: Rubric | None, key: str, score: Mapping[str, Any]) -> float:
    tests = next((len(s.tests) for s in rubric.sections if s.id == key), 0) if rubric else 0
    return float(tests or max(1, *(int(points) for points in score["sections"].values())))


def changed(compared: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(mark, tone, kind of change, sentence), the worse first."""
    told = []
    for kind, text in changes.lines(compared):
        word, _, rest = text.replace(f" {changes.ARROW} ", " → ").partition(" ")
        told.append((*TONES[kind], word, rest.strip()))
    return told


def since(compared: Mapping[str, Any]) -> str:
    """With what the run was compared, and how both scores moved."""
    earlier = {**compared["with"], "started": moment(compared["with"]["started"])}
    text = changes.heading({**compared, "with": earlier}).replace(f" {changes.ARROW} ", " → ")
    return text[:1].upper() + text[1:]


def steps(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cheapest next steps: as the run worked them out, else the shortest way to a higher score."""
    if found := document.get("next_steps"):
        return list(found)
    return [step for score in document["scores"].values() if score for step in _shortest(score)]


def _shortest(score: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    way = score.get("cheapest_path")
    if way and way["items"]:
        gain = f"{score['title']} {score['score']:g} → {way['to']:g}"
        yield {"items": way["items"], "gain": gain, "why": "The fewest items that lift it.", "lines": []}
    if way and way["by_ci"] is not None:
        gain = f"{score['title']} {score['score']:g} → {way['by_ci']:g}"
        why = "A test counts in full once it runs by itself: run this gate in CI."
        yield {"items": [], "gain": gain, "why": why, "lines": []}


def amiss(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(id, status, first sentence) of every item that failed or erred, whether or not the gate asks for it."""
    return [
        (item_id, words(item["status"]), item["reason"].partition("\n")[0])
        for item_id, item in document["items"].items()
        if item["status"] in ("failed", "error")
    ]
