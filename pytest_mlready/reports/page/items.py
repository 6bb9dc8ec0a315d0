"""Gathers all that the page says of one item: its standing, its tests with their numbers and pictures, its texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.reports import plots
from pytest_mlready.reports.page import STEPS, words
from pytest_mlready.reports.plots.numbers import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.catalog import Catalog, Item
    from pytest_mlready.reports.page import Limits
    from pytest_mlready.reports.plots import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class TestView:
    """One test of an item.

    Attributes:
        told: (what is said, next step) of its message; empty where the item's reason says it already.
        rows, rows_left: Measurements that stand in the page, and how many do not.
        figures, figures_left: Pictures with their numbers, and how many are not in the page.
    """

    id: str
    title: str
    outcome: str
    about: str
    told: list[tuple[str, str]]
    rows: list[Mapping[str, Any]]
    rows_left: int
    figures: list[Figure]
    figures_left: int
    attachments: list[str]

    @property
    def limited(self) -> bool:
        """Whether any measurement has a limit; columns of a table that would stay empty are left out."""
        return any("min" in row or "max" in row for row in self.rows)

    @property
    def bounded(self) -> bool:
        return any("interval" in row for row in self.rows)

    @property
    def sized(self) -> bool:
        return any("n" in row for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item; `text` is what the catalogue says of it, None for an item that it does not have."""

    id: str
    found: Mapping[str, Any]
    text: Item | None
    told: list[tuple[str, str]]
    tests: list[TestView]
    tests_left: int
    counts_in: list[str]


class Drawn:
    """Pictures of tests, each drawn once however often the page is made smaller."""

    def __init__(self) -> None:
        self.figures: dict[int, list[Figure]] = {}

    def of(self, test: Mapping[str, Any], limits: Limits) -> list[Figure]:
        """As many of a test's pictures as there is room for."""
        if id(test) not in self.figures:
            self.figures[id(test)] = list(_figures(test))
        shown = self.figures[id(test)][: limits.plots]
        return shown if limits.numbers else [replace(f, rows=f.rows if not f.svg else []) for f in shown]


def views(document: Mapping[str, Any], catalog: Catalog, limits: Limits, drawn: Drawn) -> list[ItemView]:
    """All items in the document's order."""
    return [_item(item_id, found, catalog, limits, drawn) for item_id, found in document["items"].items()]


def _item(item_id: str, found: Mapping[str, Any], catalog: Catalog, limits: Limits, drawn: Drawn) -> ItemView:
    tests = _first(found["tests"], limits.tests)
    return ItemView(
        id=item_id,
        found=found,
        text=catalog.items.get(item_id),
        told=words.told(found["reason"], limits.text),
        tests=[_test(test, found["reason"], limits, drawn) for test in tests],
        tests_left=len(found["tests"]) - len(tests),
        counts_in=[f"{r.title}: {t.title} ({how})" for r, t, how in catalog.coverage(item_id)],
    )


def _first(tests: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """The tests to show when there are too many: those that did not pass come before the others."""
    order = sorted(range(len(tests)), key=lambda i: tests[i]["outcome"] == "passed")[:most]
    return [tests[i] for i in sorted(order)]


def _test(test: Mapping[str, Any], reason: str, limits: Limits, drawn: Drawn) -> TestView:
    rows, figures = measured(test["evidence"], limits.rows), drawn.of(test, limits)
    message = test["message"]
    return TestView(
        id=words.cut(test["id"], 300),
        title=words.cut(words.title(test["id"]), 120),
        outcome=test["outcome"],
        about=", ".join(_about(test)),
        told=[] if message and message in reason else words.told(message, limits.text),
        rows=[{**row, "value": _value(row.get("value"), limits.text)} for row in rows],
        rows_left=len(test["evidence"]) - len(rows),
        figures=figures,
        figures_left=max(len(test.get("plots", ())), len(drawn.figures[id(test)])) - len(figures),
        attachments=[words.cut(path, 300) for path in test.get("attachments", ())[: limits.listed]],
    )


def _about(test: Mapping[str, Any]) -> Iterator[str]:
    yield test["grade"]
    yield "built-in" if test["builtin"] else "your own test"
    yield shown(test["seconds"], "s")
    if test["attempts"] > 1:
        yield f"{test['attempts']} attempts"


def _value(value: Any, most: int) -> Any:
    return words.cut(shown(value), most) if isinstance(value, (str, list, dict)) else value


def measured(evidence: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """The measurements to show when there are too many: missed limits first, then those with any, in their order."""
    order = sorted(range(len(evidence)), key=lambda i: _weight(evidence[i]))[:most]
    return [evidence[i] for i in sorted(order)]


def _weight(entry: Mapping[str, Any]) -> int:
    return 0 if words.missed(entry) else 1 if "min" in entry or "max" in entry else 2


def _figures(test: Mapping[str, Any]) -> Iterator[Figure]:
    """The test's own pictures; else one of its measurements, where several have bounds and limits."""
    own = [
        plots.figure(plot, numbers=0 if plots.repeats(plot, test["evidence"][: STEPS[0].rows]) else plots.NUMBERS)
        for plot in test.get("plots", ())[: STEPS[0].plots]
    ]
    if not any(figure.svg for figure in own) and (found := plots.of_evidence(test["evidence"])):
        yield plots.figure(found, numbers=0)  # they stand in the table of measurements
    yield from own
