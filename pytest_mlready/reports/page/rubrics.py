"""Lays out every rubric test with its credit, by whom it was earned, and who covers a part of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Catalog, Rubric

ALIKE = 3  # tests with the same note, from which it stands above them


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Tests of one section: (id, what the document says of it, items that would earn it)."""

    title: str
    tests: list[tuple[str, Mapping[str, Any], list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All tests of one rubric whose tests are not simply the items.

    Attributes:
        remark: What the document notes of several tests alike, so that it need stand only once; else "".
    """

    id: str
    title: str
    executed: float
    adjusted: float
    sections: list[Section]
    remark: str


def sheets(document: Mapping[str, Any], catalog: Catalog) -> list[Sheet]:
    """One sheet for each rubric that has a score which is not a fraction of items."""
    rubrics = {rubric.id: rubric for rubric in catalog.rubrics}
    return [
        Sheet(
            id=key, title=score["title"], executed=score["executed"], adjusted=score["adjusted"],
            sections=_sections(rubrics.get(key), score["tests"]), remark=_remark(score["tests"]),
        )
        for key, score in document["scores"].items()
        if score and "sections" in score
    ]  # fmt: skip


def _remark(tests: Mapping[str, Mapping[str, Any]]) -> str:
    notes = Counter(test["note"] for test in tests.values() if test["note"])
    note, count = notes.most_common(1)[0] if notes else ("", 0)
    return note if count >= ALIKE else ""


def _sections(rubric: Rubric | None, tests: Mapping[str, Mapping[str, Any]]) -> list[Section]:
    if rubric is None:
        return [Section(title="All tests", tests=[(key, test, []) for key, test in tests.items()])]
    return [
        Section(title=s.title, tests=[(t.id, tests[t.id], list(t.full)) for t in s.tests if t.id in tests])
        for s in rubric.sections
    ]
