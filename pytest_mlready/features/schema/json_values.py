"""Compiles a JSON Schema of one value (draft 2020-12, and OpenAPI's `nullable`) to expressions over a whole column."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

import polars as pl

from pytest_mlready.features.schema import cells
from pytest_mlready.features.schema.expectations import shown
from pytest_mlready.features.schema.json_walk import named, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_mlready.features.schema.cells import Cell
    from pytest_mlready.features.schema.expectations import Holds
    from pytest_mlready.features.schema.json_walk import Scope

    Reader = Callable[[Any, Mapping[str, Any], "Scope"], Holds]

TYPES = ("integer", "number", "boolean", "string", "null", "array", "object")
INT_FORMATS = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}
_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?"
TEXT_FORMATS = {"date": f"^{_DAY}$", "date-time": rf"^{_DAY}[Tt ]{_CLOCK}([Zz]|[+-]\d\d:?\d\d)?$"}  # RFC 3339


class NotUnderstood(Exception):  # noqa: N818 - a finding about the document, not an error
    """A construct that is not applied; the text names it."""


def read(keyword: str, value: Any, schema: Mapping[str, Any], scope: Scope) -> Holds:
    """What one keyword states.

    Raises:
        NotUnderstood: no such keyword is applied here, or its value is of no use to it.
    """
    reader = READERS.get(keyword)
    if reader is None:
        raise NotUnderstood(named(keyword, READERS))
    try:
        holds = reader(value, schema, scope)
    except (TypeError, ValueError, AttributeError) as reason:
        raise NotUnderstood(f"{keyword} {shown(value)}") from reason
    return _or_null(holds) if schema.get("nullable") is True else holds


def whole_schema(schema: Any, scope: Scope) -> Holds:
    """All that a schema states, as one.

    Raises:
        NotUnderstood: a part of it is not; half of an alternative decides nothing.
    """
    parts = [read(keyword, value, within, scope) for keyword, value, within in statements(schema, scope)]
    return lambda cell: functools.reduce(operator.and_, (part(cell) for part in parts), pl.lit(True))


def _or_null(holds: Holds) -> Holds:
    return lambda cell: cell.null | holds(cell).fill_null(False)


def _type(value: Any, _schema: Mapping[str, Any], _scope: Scope) -> Holds:
    names = [value] if isinstance(value, str) else list(value)
    if not names or any(name not in TYPES for name in names):
        raise ValueError(value)
    return lambda cell: _is_of(cell, names)


def _is_of(cell: Cell, names: list[str]) -> pl.Expr:
    null = cell.null if "null" in names else pl.lit(False)
    if "integer" in names and "number" not in names and cell.kind == "number":
        return null | cells.whole(cell)
    json_kinds = {"integer": ("integer", "number"), "time": ("string",)}.get(cell.kind, (cell.kind,))
    fits = any(kind in names for kind in json_kinds)
    return null | (cell.null.not_() if fits else pl.lit(False))


def _enum(value: Any, _schema: Mapping[str, Any], _scope: Scope) -> Holds:
    values = list(value)
    if any(isinstance(one, list | dict) for one in values) or isinstance(value, str):
        raise ValueError(value)
    return lambda cell: pl.when(cell.null).then(pl.lit(None in values)).otherwise(cells.one_of(cell, values))


def _const(value: Any, schema: Mapping[str, Any], scope: Scope) -> Holds:
    return _enum([value], schema, scope)


def _bound(compare: Callable[[Any, Any], Any], exclusive: str = "") -> Reader:
    def reader(value: Any, schema: Mapping[str, Any], _scope: Scope) -> Holds:
        if value is True or value is False:  # draft 4 and OpenAPI 3.0: a switch of the bound beside it
            return lambda _: pl.lit(True)
        strict = bool(exclusive) and schema.get(exclusive) is True
        using = {operator.ge: operator.gt, operator.le: operator.lt}[compare] if strict else compare
        bound = _number(value)
        return _of_numbers(lambda values: using(values, bound))

    return reader


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return value if isinstance(value, float) or abs(value) < 2**63 else float(value)


def _of_numbers(compare: Callable[[pl.Expr], pl.Expr]) -> Holds:
    return lambda cell: cell.null | compare(cell.values) if cell.numeric else pl.lit(True)


def _of_texts(compare: Callable[[pl.Expr], pl.Expr]) -> Holds:
    return lambda cell: cell.null | compare(cell.text) if cell.textual else pl.lit(True)


def _multiple(value: Any, _schema: Mapping[str, Any], _scope: Scope) -> Holds:
    step = _number(value)
    if step <= 0:
        raise ValueError(value)

    def holds(cell: Cell) -> pl.Expr:
        if not cell.numeric:
            return pl.lit(True)
        if cell.kind == "integer" and isinstance(step, int):
            return cell.null | (cell.values.cast(pl.Int64, strict=False) % step == 0)
        quotient = cell.values.cast(pl.Float64) / step
        return cell.null | (quotient == quotient.floor())

    return holds


def _length(compare: Callable[[Any, Any], Any]) -> Reader:
    def reader(value: Any, _schema: Mapping[str, Any], _scope: Scope) -> Holds:
        bound = _number(value)
        return _of_texts(lambda texts: compare(texts.str.len_chars(), bound))

    return reader


def _pattern(value: Any, _schema: Mapping[str, Any], _scope: Scope) -> Holds:
    return _of_texts(matching(value))


def matching(pattern: str) -> Callable[[pl.Expr], pl.Expr]:
    """True where a text holds a match of a regular expression.

    Raises:
        ValueError: Rust's `regex`, which Polars matches with, does not know it: look-around, references to groups.
    """
    try:
        pl.Series([""]).str.contains(pattern)
    except (pl.exceptions.ComputeError, TypeError) as reason:
        raise ValueError(pattern) from reason
    return lambda texts: texts.str.contains(pattern)


def _format(value: Any, _schema: Mapping[str, Any], _scope: Scope) -> Holds:
    if value in INT_FORMATS:
        most = 2 ** INT_FORMATS[value]
        return _of_numbers(lambda values: (values >= -most) & (values <= most - 1))
    if value in ("float", "double", "password"):
        return lambda _: pl.lit(True)
    if value not in TEXT_FORMATS:
        raise ValueError(value)
    matches = _of_texts(matching(TEXT_FORMATS[value]))
    return lambda cell: pl.lit(True) if cell.kind == "time" else matches(cell)


def _alternatives(combine: Callable[[list[pl.Expr]], pl.Expr]) -> Reader:
    def reader(value: Any, _schema: Mapping[str, Any], scope: Scope) -> Holds:
        if not isinstance(value, list) or not value:
            raise TypeError(value)
        branches = [whole_schema(branch, scope.deeper()) for branch in value]
        return lambda cell: combine([branch(cell).fill_null(False) for branch in branches])

    return reader


def _not(value: Any, _schema: Mapping[str, Any], scope: Scope) -> Holds:
    inner = whole_schema(value, scope.deeper())
    return lambda cell: inner(cell).fill_null(False).not_()


READERS: dict[str, Reader] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": _bound(operator.ge, "exclusiveMinimum"),
    "maximum": _bound(operator.le, "exclusiveMaximum"),
    "exclusiveMinimum": _bound(operator.gt),
    "exclusiveMaximum": _bound(operator.lt),
    "multipleOf": _multiple,
    "minLength": _length(operator.ge),
    "maxLength": _length(operator.le),
    "pattern": _pattern,
    "format": _format,
    "anyOf": _alternatives(pl.any_horizontal),
    "oneOf": _alternatives(lambda branches: pl.sum_horizontal(branches) == 1),
    "not": _not,
    "false": lambda *_: lambda _: pl.lit(False),
}
