"""Recognises alerts on the rate at which an error budget burns, by the form that the Workbook gives them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.manifests.rules import promql
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_mlready.manifests.rules.promql import Clause
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet

STANDARD = ((14.4, 3600.0, 300.0), (6.0, 21600.0, 1800.0), (1.0, 259200.0, 21600.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """Two windows that must both exceed a multiple of the budget.

    Attributes:
        alert: Name.
        long, short: Windows in seconds.
        factor: Limit over the budget.
    """

    alert: str
    long: float
    short: float
    factor: float

    def __str__(self) -> str:
        return f"{self.factor:.3g} over {_shown(self.long)} and {_shown(self.short)}"


def recognised(rules: RuleSet, alerts: Iterable[Alert], budget: float) -> list[Burn]:
    """The pairs among alerts; an alert in another form is left out."""
    found = []
    for alert in alerts:
        try:
            clauses = promql.parse(alert.rule.expr).clauses
            windows = [(_window(rules, clause), clause.limit) for clause in clauses]
        except NotUnderstoodError:
            continue
        pairs = sorted((w, limit.value) for w, limit in windows if w > 0 and limit.op in (">", ">="))
        if len(pairs) == 2 and pairs[0][0] < pairs[1][0] and math.isclose(pairs[0][1], pairs[1][1], rel_tol=1e-6):
            short, long = pairs[0][0], pairs[1][0]
            found.append(Burn(alert=alert.rule.name, long=long, short=short, factor=pairs[0][1] / budget))
    return found


def is_standard(burn: Burn) -> bool:
    """Whether it is one of the Workbook's three pairs."""
    known = (burn.factor, burn.long, burn.short)
    return any(all(math.isclose(a, b, rel_tol=0.02) for a, b in zip(known, one, strict=True)) for one in STANDARD)


def _window(rules: RuleSet, clause: Clause) -> float:
    """The longest that one side of the pair looks back."""
    reaches = [s.reach for s in clause.selectors]
    for selector in clause.selectors:
        reaches += [selector.reach + rules.follow(rule).reach for rule in rules.recording(selector.name)]
    return max(reaches, default=0.0)


def _shown(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
