"""Applies rules to a batch, a column at a time, and names what broke them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from pytest_mlready.features.schema.cells import Cell
from pytest_mlready.features.schema.expectations import Breach, Checked, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.features.schema.expectations import Rule, Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSchema:
    """A schema that was read from a document.

    Attributes:
        form: "JSON Schema", "Great Expectations" or "TFDV".
        rules: What it states, column by column.
        unread: What in it was not understood.
        known: All columns that it names, also those about which it states nothing.
        closed: Whether columns that it does not name are refused.
    """

    form: str
    rules: tuple[Rule, ...]
    unread: tuple[Unread, ...] = ()
    known: tuple[str, ...] = ()
    closed: bool = False

    def about(self, columns: Iterable[str]) -> frozenset[str]:
        """Those of the columns that at least one rule is about."""
        return frozenset(columns) & {rule.column for rule in self.rules}

    def names(self, column: str) -> bool:
        """Whether the document has a place for a column."""
        return column in self.known

    def check(self, frame: pl.DataFrame) -> Checked:
        """Holds every rule against every row. Rules about columns that the frame lacks are left out.

        Memory beyond the frame: one bit for each row and rule, and one column for each thread of Polars.
        """
        strangers = [name for name in frame.columns if name not in self.known] if self.closed else []
        refused = [Breach(column=name, states="no such column is allowed", rows=None) for name in strangers]
        rules = [rule for rule in self.rules if rule.column in frame.columns]
        held = _held(frame, rules)
        failing = [n for n, rule in enumerate(rules) if _fails(rule, held[:, n], frame)]
        found = [_breach(rules[n], held[:, n], frame) for n in failing]
        broken = held.select(~pl.all_horizontal(pl.nth(failing))).sum().item() if failing else 0
        return Checked(rows=frame.height, broken=frame.height if refused else int(broken), breaches=(*refused, *found))


def _held(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """A column of truth for each rule. What Polars leaves open is not held."""
    masks = {
        str(n): rule.holds(Cell(column=rule.column, dtype=frame.schema[rule.column])).fill_null(False)
        for n, rule in enumerate(rules)
    }
    return frame.lazy().with_columns(**masks).select(list(masks)).collect()


def _fails(rule: Rule, held: pl.Series, frame: pl.DataFrame) -> bool:
    broken = len(held) - int(held.sum())
    if not broken or not rule.may_fail:
        return bool(broken)
    nulls = Cell(column=rule.column, dtype=frame.schema[rule.column]).null
    out_of = frame.height if rule.of == "rows" else frame.height - int(frame.select(nulls.sum()).item())
    return broken > rule.may_fail * out_of * (1 + 1e-9)  # 0.05 of 100 is 5.000…04 in binary, or 4.999…


def _breach(rule: Rule, held: pl.Series, frame: pl.DataFrame) -> Breach:
    example = frame[rule.column].filter(~held)[0]
    return Breach(
        column=rule.column, states=rule.states, rows=len(held) - int(held.sum()), example=shown(example, longest=40)
    )
