"""Asks a pandera schema, for pandas or for polars, about a batch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, Inconclusive, MissingExtra
from pytest_mlready.features.schema.expectations import Breach, Checked, Unread, one_line, refused, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    import polars as pl

    from pytest_mlready.features.schema.expectations import Given


@dataclass(frozen=True, slots=True, kw_only=True)
class PanderaSchema:
    """A pandera schema, for pandas or polars.

    Attributes:
        schema: pandera's own DataFrameSchema.
        given: Makes the table that it takes.
    """

    schema: Any
    given: Given
    form: str = "pandera"
    unread: tuple[Unread, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(map(str, self.schema.columns))

    def about(self, columns: Iterable[str]) -> frozenset[str]:
        """Those of the columns that it has a column for; pandera's columns forbid null where they say nothing else."""
        stated = [
            (name, column)
            for name, column in self.schema.columns.items()
            if not column.nullable or column.dtype is not None or column.checks
        ]
        return frozenset(name for name in columns if any(_is_for(known, column, name) for known, column in stated))

    def names(self, column: str) -> bool:
        """Whether it has a column of that name, or a pattern for it."""
        return any(_is_for(known, one, column) for known, one in self.schema.columns.items())

    def check(self, frame: pl.DataFrame) -> Checked:
        """Validates all of the batch, to the end."""
        from pandera.errors import SchemaErrors

        table = self.given(frame)
        try:
            answer = self.schema.validate(table, lazy=True)
        except SchemaErrors as reason:
            return _told_by_pandera(frame.height, list(_records(reason.failure_cases)))
        except Exception as reason:  # noqa: BLE001 - a check of the team may raise anything
            told = f"raised {type(reason).__name__}: {one_line(reason)}"
            return refused(frame.height, [Breach(column="", states=told, rows=None)])
        dropped = frame.height - len(answer)
        found = [Breach(column="", states="dropped as invalid (drop_invalid_rows)", rows=dropped)] if dropped else []
        return Checked(rows=frame.height, broken=dropped, breaches=tuple(found))


def _is_for(known: Any, column: Any, name: str) -> bool:
    return re.match(str(known), name) is not None if getattr(column, "regex", False) else str(known) == name


def is_pandera(found: Any) -> bool:
    """Whether it is a schema or a model of pandera, or made from one."""
    kinds = found.__mro__ if isinstance(found, type) else type(found).__mro__
    return any(kind.__module__.split(".")[0] == "pandera" for kind in kinds)


def of_object(found: Any, *, given: Mapping[str, Given]) -> PanderaSchema:
    """A DataFrameSchema or DataFrameModel.

    Args:
        found: The schema.
        given: What makes the table for "pandas" and for "polars".

    Raises:
        Inconclusive: it is for tables of another kind.
    """
    schema = found.to_schema() if hasattr(found, "to_schema") else found
    kinds = [
        kind for kind in given for base in type(schema).__mro__ if base.__module__.startswith(f"pandera.api.{kind}")
    ]
    if not kinds or not hasattr(schema, "columns"):
        name = f"{type(schema).__module__}.{type(schema).__name__}"
        raise Inconclusive(
            f"{name} is not understood", expected="a DataFrameSchema or DataFrameModel for pandas or polars"
        )
    return PanderaSchema(schema=schema, given=given[kinds[0]])


def of_document(document: Mapping[str, Any], *, given: Mapping[str, Given]) -> PanderaSchema:
    """A schema that pandera wrote with `to_yaml`.

    Raises:
        MissingExtra: pandera is not installed.
        DataError: pandera cannot read it.
    """
    io = _pandera_io("polars" if "polars" in str(document.get("schema_type", "")) else "pandas")
    try:
        schema = io.deserialize_schema(dict(document))
    except Exception as reason:  # noqa: BLE001 - so many ways to be no schema
        raise DataError(f"pandera cannot read the schema: {type(reason).__name__}: {one_line(reason)}") from None
    return of_object(schema, given=given)


def _pandera_io(kind: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(f"pandera.io.{kind}_io")
    except ImportError:
        raise MissingExtra("pandera", "schema", "reading a schema that pandera wrote") from None


def _records(cases: Any) -> Iterator[Mapping[str, Any]]:
    """The failure cases as dictionaries, from either kind of table."""
    yield from cases.to_dicts() if hasattr(cases, "to_dicts") else cases.to_dict("records")


def _told_by_pandera(rows: int, cases: list[Mapping[str, Any]]) -> Checked:
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for case in cases:
        column = case["column"] if isinstance(case.get("column"), str) else ""
        found.setdefault((column, str(case["check"])), []).append(case)
    breaches = [_breach(column, check, those) for (column, check), those in found.items()]
    whole = any(breach.rows is None for breach in breaches)
    broken = rows if whole else len({index for case in cases if (index := _index(case)) is not None})
    return Checked(rows=rows, broken=broken, breaches=tuple(breaches))


def _breach(column: str, check: str, cases: list[Mapping[str, Any]]) -> Breach:
    indices = {_index(case) for case in cases}
    rows = None if None in indices else len(indices)
    return Breach(column=column, states=check, rows=rows, example=shown(cases[0]["failure_case"], longest=40))


def _index(case: Mapping[str, Any]) -> Any:
    index = case.get("index")
    return None if index is None or index != index else index  # noqa: PLR0124 - NaN, as pandas writes None
