"""Selects series by name and labels, as Prometheus does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ABSENT = frozenset({"absent", "absent_over_time"})


class NotUnderstoodError(Exception):
    """A construct that this parser does not know: nothing may be concluded from it, in either direction."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not understood: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on a label: `op` is "=", "!=", "=~" or "!~"."""

    label: str
    op: str
    value: str

    def accepts(self, value: str) -> bool:
        """Whether a label of this value ("" for none) is selected."""
        if self.op in ("=~", "!~"):
            return (_pattern(self.value).fullmatch(value) is not None) == (self.op == "=~")
        return (self.value == value) == (self.op == "=")

    def __str__(self) -> str:
        return f'{self.label}{self.op}"{self.value}"'


@cache
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise NotUnderstoodError(f"the regular expression {text!r} ({error})") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Series that a query reads.

    Attributes:
        name: Metric; None where only matchers choose it.
        matchers: Conditions on labels.
        window: Seconds of its range; 0 for an instant.
        reach: Seconds that it looks back in all: range, offset, and the subqueries around it.
        inside: Functions and aggregations around it, the outermost first.
    """

    name: str | None
    matchers: tuple[Matcher, ...]
    window: float
    reach: float
    inside: tuple[str, ...]

    @property
    def for_absence(self) -> bool:
        """Whether the query only asks whether the series is there."""
        return any(function in ABSENT for function in self.inside)

    def chooses(self, name: str, labels: Mapping[str, str], *, assumed: frozenset[str] = frozenset()) -> bool:
        """Whether a series is selected; conditions on `assumed` labels that it does not have are taken as met."""
        if self.name is not None and self.name != name:
            return False
        return all(
            m.accepts(name if m.label == "__name__" else labels.get(m.label, ""))
            for m in self.matchers
            if m.label in labels or m.label not in assumed
        )

    def __str__(self) -> str:
        within = ", ".join(map(str, self.matchers))
        return f"{self.name or ''}{{{within}}}" if within or not self.name else self.name
