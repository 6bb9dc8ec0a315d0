"""Reads an expectation suite of Great Expectations (its JSON file) as rules by column."""

from __future__ import annotations

import difflib
import operator
from typing import TYPE_CHECKING, Any

import polars as pl

from pytest_mlready.errors import DataError
from pytest_mlready.features.schema import cells, json_values
from pytest_mlready.features.schema.expectations import Rule, Unread, shown
from pytest_mlready.features.schema.rules import RuleSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_mlready.features.schema.cells import Cell
    from pytest_mlready.features.schema.expectations import Holds

NOTED = ("column", "mostly", "meta", "notes", "result_format", "include_config", "catch_exceptions", "severity", "id")
NOTED_VALUES: tuple[Any, ...] = (None, [], {}, False)  # an argument that is not set states nothing
TYPES = {
    "int": "integer", "integer": "integer", "bigint": "integer", "smallint": "integer", "tinyint": "integer",
    "long": "integer", "uint": "integer", "float": "number", "double": "number", "decimal": "number",
    "numeric": "number", "real": "number", "str": "string", "string": "string", "object": "string", "text": "string",
    "varchar": "string", "char": "string", "category": "string", "categorical": "string", "bool": "boolean",
    "boolean": "boolean", "date": "time", "datetime": "time", "timestamp": "time", "time": "time",
}  # fmt: skip


def read(document: Mapping[str, Any]) -> RuleSchema:
    """The rules of a suite; names of expectations by both spellings of the file (`expectation_type`, `type`).

    Raises:
        DataError: an expectation is none.
    """
    rules: list[Rule] = []
    unread: list[Unread] = []
    for entry in document["expectations"]:
        kind, arguments = _parts(entry)
        column = str(arguments.get("column", ""))
        if kind == EXISTS:
            continue
        try:
            rules.append(_rule(kind, column, arguments))
        except (KeyError, TypeError, ValueError, AttributeError):
            unread.append(Unread(column=column, what=_told(kind, arguments)))
    known = tuple(dict.fromkeys([rule.column for rule in rules] + [one.column for one in unread if one.column]))
    return RuleSchema(form="Great Expectations", rules=tuple(rules), unread=tuple(unread), known=known)


def _parts(entry: Any) -> tuple[str, dict[str, Any]]:
    kind = entry.get("expectation_type", entry.get("type")) if isinstance(entry, dict) else None
    arguments = entry.get("kwargs", {}) if isinstance(entry, dict) else None
    if not isinstance(kind, str) or not isinstance(arguments, dict):
        raise DataError(f"{shown(entry)} is no expectation", expected="an object with `type` and `kwargs`")
    return kind, arguments


def _told(kind: str, arguments: Mapping[str, Any]) -> str:
    """The expectation, with the one that a misspelt name stands for; all their names are much alike."""
    if meant := difflib.get_close_matches(kind, set(READERS) - {kind}, n=1, cutoff=0.95):
        return f'{kind}; did you mean "{meant[0]}"?'
    rest = {name: value for name, value in arguments.items() if name not in NOTED}
    return f"{kind} {shown(rest)}" if rest else kind


def _rule(kind: str, column: str, arguments: Mapping[str, Any]) -> Rule:
    reader, taken = READERS[kind]
    given = {n: v for n, v in arguments.items() if n not in NOTED and v not in NOTED_VALUES}
    if not column or set(given) - set(taken):
        raise ValueError(kind)
    holds = reader(given)
    mostly = arguments.get("mostly", 1.0)
    return Rule(
        column=column,
        states=f"{kind} {shown(given)}" if given else kind,
        holds=holds if kind in OF_NULLS else _or_null(holds),
        may_fail=0.0 if mostly is None else 1.0 - float(mostly),
        of="rows" if kind in OF_NULLS else "values",
    )


def _or_null(holds: Holds) -> Holds:
    """Expectations about values look at those that are there."""
    return lambda cell: cell.null | holds(cell).fill_null(False)


def _between(of: Callable[[Cell], pl.Expr], fits: Callable[[Cell], bool]) -> Callable[[Mapping[str, Any]], Holds]:
    def reader(given: Mapping[str, Any]) -> Holds:
        bounds = [
            (operator.gt if given.get("strict_min") else operator.ge, given.get("min_value")),
            (operator.lt if given.get("strict_max") else operator.le, given.get("max_value")),
        ]
        limits = [(compare, bound) for compare, bound in bounds if bound is not None]
        if not limits or any(isinstance(bound, bool) or not isinstance(bound, int | float) for _, bound in limits):
            raise ValueError(given)
        return lambda cell: (
            pl.all_horizontal([compare(of(cell), bound) for compare, bound in limits]) if fits(cell) else pl.lit(False)
        )

    return reader


def _in_set(given: Mapping[str, Any]) -> Holds:
    values = list(given["value_set"])
    return lambda cell: cells.one_of(cell, values)


def _not_in_set(given: Mapping[str, Any]) -> Holds:
    values = list(given["value_set"])
    return lambda cell: cells.one_of(cell, values).not_()


def _of_type(given: Mapping[str, Any]) -> Holds:
    names = given["type_list"] if "type_list" in given else [given["type_"]]
    kinds = {TYPES[str(name).lower().rstrip("0123456789()_, ").removesuffix("type")] for name in names}
    return lambda cell: pl.lit(cell.kind in kinds)


def _matches(given: Mapping[str, Any]) -> Holds:
    matching = json_values.matching(given["regex"])
    return lambda cell: matching(cell.text) if cell.textual else pl.lit(False)


def _matches_not(given: Mapping[str, Any]) -> Holds:
    inner = _matches(given)
    return lambda cell: inner(cell).not_()


EXISTS = "expect_column_to_exist"  # every input does, or nothing is asked; it states nothing about values
BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")
OF_NULLS = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")
READERS: dict[str, tuple[Callable[[Mapping[str, Any]], Holds], tuple[str, ...]]] = {
    "expect_column_values_to_be_between": (_between(lambda cell: cell.values, lambda cell: cell.numeric), BOUNDS),
    "expect_column_value_lengths_to_be_between": (
        _between(lambda cell: cell.text.str.len_chars(), lambda cell: cell.textual), BOUNDS,
    ),
    "expect_column_values_to_be_in_set": (_in_set, ("value_set",)),
    "expect_column_values_to_not_be_in_set": (_not_in_set, ("value_set",)),
    "expect_column_values_to_not_be_null": (lambda _: lambda cell: cell.null.not_(), ()),
    "expect_column_values_to_be_null": (lambda _: lambda cell: cell.null, ()),
    "expect_column_values_to_be_of_type": (_of_type, ("type_",)),
    "expect_column_values_to_be_in_type_list": (_of_type, ("type_list",)),
    "expect_column_values_to_match_regex": (_matches, ("regex",)),
    "expect_column_values_to_not_match_regex": (_matches_not, ("regex",)),
}  # fmt: skip
