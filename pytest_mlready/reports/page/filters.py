"""Counts what each choice of status and category would show, so that the page can filter without a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.reports.page.words import DONE, STATUSES, words

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One status, or all that is still to do.

    Attributes:
        key: For the names of elements.
        hides: Statuses of items that it hides.
        empty: Categories of which it leaves nothing.
    """

    key: str
    title: str
    count: int
    hides: list[str]
    empty: list[str]


def choices(items: Mapping[str, Mapping[str, Any]]) -> list[Choice]:
    """What is to do, then every status that occurs, in the order in which a reader should see them."""
    there = {item["status"] for item in items.values()}
    order = sorted(there, key=lambda status: list(STATUSES).index(status) if status in STATUSES else len(STATUSES))
    todo = [status for status in order if status not in DONE]
    groups = [("todo", "to do", todo)] if 1 < len(todo) < len(order) else []
    return [_choice(*group, items, order) for group in [*groups, *((s, words(s), [s]) for s in order)]]


def _choice(key: str, title: str, shows: list[str], items: Mapping[str, Mapping[str, Any]], there: list[str]) -> Choice:
    left = [item for item in items.values() if item["status"] in shows]
    return Choice(
        key=key,
        title=title,
        count=len(left),
        hides=[status for status in there if status not in shows],
        empty=[category for category in CATEGORIES if not any(item["category"] == category for item in left)],
    )
