"""Infers the contract of a model's inputs from rows it has met: kinds, ranges, categories, nulls."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl

from pytest_mlready.errors import DataError, Inconclusive, near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["numeric", "integer", "boolean", "category", "text", "datetime"]
MAX_CATEGORIES = 1000
_WORDS_OF_TEXT = 4  # strings of more words than this, mostly distinct, are free text
_OVERRIDES = ("kind", "min", "max", "nullable", "categories")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one input column may hold.

    Attributes:
        name: The column's name.
        kind: How its values are made and moved.
        dtype: Polars type that frames for the model are built with.
        min, max: Bounds of ordered kinds, in the column's unit; for text the shortest and longest length.
        categories: Values of a category column, most frequent first, at most `MAX_CATEGORIES`.
        n_categories: Number of distinct values, also where `categories` is capped.
        null_share: Share of nulls among the rows seen.
        nullable: A null belongs to the contract.
        typical: The median, or the most frequent value: what an ordinary row holds.
        spread: Robust standard deviation (1.4826 × median absolute deviation; the plain one where that is 0).
    """

    name: str
    kind: Kind
    dtype: pl.DataType
    min: Any = None
    max: Any = None
    categories: tuple[Any, ...] = ()
    n_categories: int = 0
    null_share: float = 0.0
    nullable: bool = False
    typical: Any = None
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSchema:
    """The contract of a model's inputs: one `Column` each, in the model's order, from `n` rows."""

    columns: tuple[Column, ...]
    n: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def __getitem__(self, name: str) -> Column:
        """The column of that name. Raises DataError, with the nearest name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(f'the model has no input column "{name}"{near(name, self.names)}')

    def typical(self) -> dict[str, Any]:
        """An ordinary row: the median or most frequent value of every column."""
        return {c.name: c.typical for c in self.columns}

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """Rows as a frame with the types that the contract was inferred from; unfit values raise as in polars."""
        return pl.DataFrame(
            [pl.Series(c.name, [row[c.name] for row in rows], dtype=c.dtype, strict=False) for c in self.columns]
        )


def infer(
    X: pl.DataFrame, *, text: Sequence[str] = (), overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> FeatureSchema:
    """Infers the contract from rows the model has met.

    Args:
        X: The feature columns, shape (n, d).
        text: Columns that hold free text; string columns of many words are recognised by themselves.
        overrides: Per column any of kind, min, max, nullable, categories: what the service really promises.

    Returns:
        The contract, columns in the order of `X`. A float column of whole numbers counts as integer and keeps its type.

    Raises:
        Inconclusive: no rows or no columns.
        DataError: overrides that cannot be used (all mistakes at once).
    """
    if not X.height or not X.width:
        raise Inconclusive(
            f"the data have {X.height} rows and {X.width} feature columns",
            expected="at least one of each, to infer what the model's inputs look like",
        )
    columns = [_column(X[name], free_text=name in text) for name in X.columns]
    return override(FeatureSchema(columns=tuple(columns), n=X.height), overrides or {})


def merge(first: FeatureSchema, second: FeatureSchema) -> FeatureSchema:
    """The contract that holds every row of both: wider bounds, all categories; the rest as in `first`."""
    others = {c.name: c for c in second.columns}
    merged = [_widened(c, others[c.name]) if c.name in others else c for c in first.columns]
    return FeatureSchema(columns=tuple(merged), n=first.n + second.n)


def override(schema: FeatureSchema, overrides: Mapping[str, Mapping[str, Any]]) -> FeatureSchema:
    """The contract with what the settings say about single columns. Raises DataError listing all mistakes."""
    mistakes = [m for name, table in overrides.items() for m in _mistakes(schema, name, table)]
    if mistakes:
        raise DataError("the contract in the settings cannot be used: " + "; ".join(mistakes))
    return replace(schema, columns=tuple(_overridden(c, overrides.get(c.name, {})) for c in schema.columns))


def _column(values: pl.Series, *, free_text: bool) -> Column:
    null_share = (values.null_count() + _nans(values)) / len(values)
    seen = values.fill_nan(None).drop_nulls() if values.dtype.is_float() else values.drop_nulls()
    base = Column(name=values.name, kind="category", dtype=values.dtype, null_share=null_share, nullable=null_share > 0)
    if values.dtype == pl.Boolean:
        return replace(base, kind="boolean", categories=(False, True), n_categories=2, typical=_mode(seen, False))
    if values.dtype.is_numeric():
        return _number(base, seen)
    if values.dtype.is_temporal():
        middle = seen.sort()[len(seen) // 2] if len(seen) else None
        return replace(base, kind="datetime", min=seen.min(), max=seen.max(), typical=middle)
    if values.dtype == pl.String and (free_text or _reads_as_text(seen)):
        lengths = seen.str.len_chars()
        return replace(base, kind="text", min=lengths.min() or 0, max=lengths.max() or 0, typical=_mode(seen, ""))
    return _category(base, seen)


def _number(base: Column, seen: pl.Series) -> Column:
    finite = seen.filter(seen.is_finite()) if seen.dtype.is_float() else seen
    if not len(finite):
        return replace(base, kind="numeric", min=None, max=None, typical=None)
    whole = finite.dtype.is_integer() or bool((finite == finite.round(0)).all())
    middle: Any = finite.sort()[len(finite) // 2]
    deviation = float((finite.cast(pl.Float64) - float(middle)).abs().median() or 0.0) * 1.4826  # type: ignore[arg-type]
    spread = deviation or float(finite.cast(pl.Float64).std() or 0.0)  # type: ignore[arg-type]
    return replace(
        base, kind="integer" if whole else "numeric", min=finite.min(), max=finite.max(), typical=middle, spread=spread
    )


def _category(base: Column, seen: pl.Series) -> Column:
    plain = seen.cast(pl.String) if seen.dtype in (pl.Categorical, pl.Enum) else seen
    counts = plain.value_counts(sort=True)
    ordered = counts.sort(["count", base.name], descending=[True, False]) if len(plain) else counts
    values = tuple(ordered[base.name].head(MAX_CATEGORIES).to_list())
    return replace(
        base, kind="category", categories=values, n_categories=counts.height, typical=values[0] if values else None
    )


def _nans(values: pl.Series) -> int:
    return int(values.is_nan().sum() or 0) if values.dtype.is_float() else 0


def _mode(seen: pl.Series, default: Any) -> Any:
    return seen.mode().sort()[0] if len(seen) else default


def _reads_as_text(seen: pl.Series) -> bool:
    if not len(seen) or seen.n_unique() < len(seen) / 2:
        return False
    words = seen.head(1000).str.split(" ").list.len().median()
    return isinstance(words, float) and words > _WORDS_OF_TEXT


def _widened(first: Column, second: Column) -> Column:
    lows = [c.min for c in (first, second) if c.min is not None]
    highs = [c.max for c in (first, second) if c.max is not None]
    if len({type(v) for v in (*lows, *highs)} - {int, float}) > 1:
        lows, highs = lows[:1], highs[:1]  # kinds that cannot be compared: the first holds
    known = first.categories if first.dtype.is_nested() else set(first.categories)  # lists have no hash
    extra = tuple(v for v in second.categories if v not in known)
    return replace(
        first,
        kind="numeric" if {first.kind, second.kind} == {"integer", "numeric"} else first.kind,
        min=min(lows, default=None),
        max=max(highs, default=None),
        categories=first.categories + extra,
        n_categories=max(first.n_categories + len(extra), second.n_categories),
        nullable=first.nullable or second.nullable,
        typical=second.typical if first.typical is None else first.typical,
    )


def _mistakes(schema: FeatureSchema, name: str, table: Mapping[str, Any]) -> list[str]:
    if name not in schema.names:
        return [f'no input column "{name}"{near(name, schema.names)}']
    if not isinstance(table, dict):
        return [f'"{name}" is {table!r}, expected a table such as {{ min = 0, max = 120 }}']
    found = [f'"{name}" has no setting "{key}"{near(key, _OVERRIDES)}' for key in table if key not in _OVERRIDES]
    if table.get("kind", "text") not in get_args(Kind):
        found.append(f'"{name}".kind is {table["kind"]!r}, expected one of {", ".join(get_args(Kind))}')
    found += [
        f'"{name}".{key} is {table[key]}, expected a finite number'
        for key in ("min", "max")
        if isinstance(table.get(key), float) and not math.isfinite(table[key])
    ]
    if "categories" in table and not (isinstance(table["categories"], list | tuple) and table["categories"]):
        found.append(f'"{name}".categories is {table["categories"]!r}, expected a list of values')
    if "nullable" in table and not isinstance(table["nullable"], bool):
        found.append(f'"{name}".nullable is {table["nullable"]!r}, expected true or false')
    return found


def _overridden(column: Column, table: Mapping[str, Any]) -> Column:
    if not table:
        return column
    changes = dict(table)
    if "categories" in changes:
        changes["categories"] = tuple(changes["categories"])
        changes["n_categories"] = len(changes["categories"])
    changed: Column = replace(column, **changes)
    if changed.categories and changed.kind == "category" and changed.typical not in changed.categories:
        return replace(changed, typical=changed.categories[0])
    return changed
