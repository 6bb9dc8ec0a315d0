"""Reads the relations that the settings declare, and lists every mistake in them at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from pytest_mlready.errors import DataError, near
from pytest_mlready.quality.edits import EDITS
from pytest_mlready.quality.relations import Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = ("invariant", "increasing", "decreasing", "expect")
_KEYS = (
    "kind", "column", "values", "swap", "edit", "step", "set", "label", "class", "tolerance", "max_violations", "name",
)  # fmt: skip


def parse(tables: Sequence[Mapping[str, Any]], X: pl.DataFrame) -> list[Relation]:
    """Relations from the settings' tables. Raises DataError that lists every mistake of every table at once."""
    mistakes = [f"relation {i}: {m}" for i, table in enumerate(tables, 1) for m in _mistakes(table, X)]
    if mistakes:
        raise DataError("relations cannot be used: " + "; ".join(mistakes))
    return [_relation(table) for table in tables]


def _relation(table: Mapping[str, Any]) -> Relation:
    kind, column = table["kind"], table.get("column")
    how = next((f"{key} {table[key]}" for key in ("values", "swap", "edit", "step", "set") if key in table), "step 1")
    return Relation(
        kind=kind,
        name=table.get("name") or f"{kind} {column or ''} ({how})".replace("  ", " "),
        column=column,
        values=tuple(table.get("values", ())),
        swap=tuple(table.get("swap", ())),
        edit=table.get("edit"),
        step=table.get("step", 1),
        set=table.get("set", {}),
        label=table.get("label"),
        of=table.get("class"),
        tolerance=table.get("tolerance"),
        max_violations=table.get("max_violations", 0.0),
    )


def _mistakes(table: Any, X: pl.DataFrame) -> list[str]:
    """All that is wrong with one relation's table."""
    if not isinstance(table, Mapping):
        return [f"{table!r} is not a table"]
    kind = table.get("kind")
    if kind not in KINDS:
        return [f"kind is {kind!r}, expected one of {', '.join(KINDS)}{near(str(kind), KINDS)}"]
    found = [f'unknown key "{key}"{near(key, _KEYS)}' for key in table if key not in _KEYS]
    for key, top in (("tolerance", math.inf), ("max_violations", 1.0)):
        if key in table and not (_is_number(table[key]) and 0 <= table[key] <= top):
            found.append(f"{key} is {table[key]!r}, expected a number from 0{' to 1' if top == 1 else ''}")
    if kind == "expect":
        return found + _expect_mistakes(table, X)
    column = table.get("column")
    if column not in X.columns:
        return [*found, f'no input column "{column}"{near(str(column), X.columns)}']
    return found + (_invariant_mistakes if kind == "invariant" else _step_mistakes)(table, X[column])


def _expect_mistakes(table: Mapping[str, Any], X: pl.DataFrame) -> list[str]:
    cells = table.get("set")
    if not isinstance(cells, Mapping) or not cells:
        return [f'set is {cells!r}, expected a table such as {{ "capital-gain" = 99999 }}']
    found = [f'no input column "{name}"{near(name, X.columns)}' for name in cells if name not in X.columns]
    found += [f'"{n}" cannot hold {v!r}' for n, v in cells.items() if n in X.columns and not _fits(v, X[n])]
    return found if "label" in table else [*found, "label is missing: the answer expected"]


def _invariant_mistakes(table: Mapping[str, Any], column: pl.Series) -> list[str]:
    ways = [key for key in ("values", "swap", "edit") if key in table]
    if len(ways) != 1:
        return [f"{' and '.join(ways) or 'nothing'} says what changes, expected one of values, swap, edit"]
    if ways == ["edit"]:
        if table["edit"] not in EDITS:
            return [f"edit is {table['edit']!r}, expected one of {', '.join(EDITS)}{near(table['edit'], EDITS)}"]
        is_text = column.dtype in (pl.String, pl.Categorical)
        return [] if is_text else [f'edit needs a column of text, "{column.name}" holds {column.dtype}']
    values = table[ways[0]]
    if not isinstance(values, list | tuple) or not values or (ways == ["swap"] and len(values) != 2):
        return [f"{ways[0]} is {values!r}, expected a list of {'two values' if ways == ['swap'] else 'values'}"]
    found = [f'"{column.name}" cannot hold {v!r}' for v in values if not _fits(v, column)]
    if ways == ["swap"] and not found:
        known = set(column.cast(pl.String).unique().drop_nulls().to_list())
        found = [
            f'no row of "{column.name}" holds {v!r}{near(v, sorted(known)[:10_000])}'
            for v in values
            if str(v) not in known
        ]
    return found


def _step_mistakes(table: Mapping[str, Any], column: pl.Series) -> list[str]:
    step = table.get("step", 1)
    if not column.dtype.is_numeric():
        return [f'{table["kind"]} needs a column of numbers, "{column.name}" holds {column.dtype}']
    if not _is_number(step) or step == 0:
        return [f"step is {step!r}, expected a number other than 0"]
    return []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _fits(value: Any, column: pl.Series) -> bool:
    try:
        kept = pl.Series([value]).cast(column.dtype, strict=True)[0]
    except (pl.exceptions.PolarsError, TypeError, ValueError):
        return False
    return isinstance(value, str) == isinstance(kept, str)
