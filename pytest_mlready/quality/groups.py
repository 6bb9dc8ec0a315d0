"""Cuts a table into named groups of rows: one for each value of a column, or each combination of several columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_mlready.values import Predictions

MAX_GROUPS = 200  # of one specification; the rest is counted and listed, never dropped in silence
MAX_NUMBERS = 20  # distinct numbers or dates that stand for themselves; more are cut at the quintiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that share their values in some columns.

    Attributes:
        name: "sex=Female, race=Black"; a missing value reads "race missing".
        columns: The columns that define it.
        rows: Row numbers, ascending, shape (n,).
    """

    name: str
    columns: tuple[str, ...]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """All rows of a table, cut by one specification.

    Attributes:
        columns: The columns of the specification.
        groups: Groups that are examined one by one, largest first.
        unexamined: (name, rows) of the smaller groups beyond the bound, largest first.
        rows: Rows of the table.
    """

    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    unexamined: tuple[tuple[str, int], ...]
    rows: int

    @property
    def name(self) -> str:
        return " × ".join(self.columns)


def groups_of(
    frame: pl.DataFrame, specs: Sequence[str | Sequence[str]], *, max_groups: int = MAX_GROUPS
) -> tuple[Partition, ...]:
    """Cuts the rows once for each specification.

    Missing values are a group of their own. A column of numbers or dates with more than 20 distinct values is cut at
    its quintiles, so that "age" gives five groups and not seventy.

    Args:
        frame: The table.
        specs: A column, or several columns for their combinations.
        max_groups: Groups examined for each specification; the largest are kept.

    Raises:
        DataError: a column is missing, or the table has no rows.
    """
    if frame.height == 0:
        raise DataError("the data have no rows, so there is no group to look at")
    wanted = dict.fromkeys((spec,) if isinstance(spec, str) else tuple(dict.fromkeys(spec)) for spec in specs)
    labels: dict[str, pl.Series] = {}
    for name in dict.fromkeys(name for columns in wanted for name in columns):
        if name not in frame.columns:
            raise DataError(
                f'the subgroup column "{name}" is not in the data{near(name, frame.columns)}',
                fix="correct [tool.mlready.data] subgroups, or add the column",
            )
        labels[name] = _labels(frame[name])
    return tuple(_partition(pl.DataFrame([labels[c] for c in columns]), columns, max_groups) for columns in wanted)


def take(predictions: Predictions, rows: NDArray[Any]) -> Predictions:
    """The predictions of some rows only."""
    from dataclasses import fields, replace

    n = len(predictions)
    parts = {f.name: getattr(predictions, f.name) for f in fields(predictions)}
    arrays = {k: v[rows] for k, v in parts.items() if isinstance(v, np.ndarray) and len(v) == n}
    extra = {k: np.asarray(v)[rows] if len(v) == n else v for k, v in predictions.extra.items()}
    return replace(predictions, **arrays, extra=extra)


def _partition(labels: pl.DataFrame, columns: tuple[str, ...], max_groups: int) -> Partition:
    row = "row" + "_" * max(len(c) for c in columns)  # cannot be one of the columns
    cells = labels.with_row_index(row).group_by(columns, maintain_order=True).agg(pl.col(row))
    cells = cells.sort(pl.col(row).list.len(), descending=True, maintain_order=True)
    groups = [
        Group(name=_name(columns, values), columns=columns, rows=np.asarray(rows, dtype=np.intp))
        for *values, rows in cells.head(max_groups).iter_rows()
    ]
    rest = cells.slice(max_groups).with_columns(pl.col(row).list.len())
    unexamined = tuple((_name(columns, values), int(n)) for *values, n in rest.iter_rows())
    return Partition(columns=columns, groups=tuple(groups), unexamined=unexamined, rows=labels.height)


def _name(columns: Sequence[str], values: Sequence[Any]) -> str:
    return ", ".join(f"{c} missing" if v is None else f"{c}={v}" for c, v in zip(columns, values, strict=True))


def _labels(column: pl.Series) -> pl.Series:
    """The column as text, one text for each group; missing (and NaN) stay null."""
    if column.dtype.is_float():
        column = column.set(column.is_nan(), None)
    ordered = column.dtype.is_numeric() or column.dtype.is_temporal()
    if ordered and column.n_unique() > MAX_NUMBERS:
        return _quintiles(column)
    if column.dtype.is_float() and (column.is_finite() & (column == column.floor())).all():
        column = column.cast(pl.Int64, strict=False)
    try:
        return column.cast(pl.String, strict=False)
    except pl.exceptions.PolarsError:  # lists and durations have no such text
        return pl.Series(column.name, [None if v is None else str(v) for v in column.to_list()], dtype=pl.String)


def _quintiles(column: pl.Series) -> pl.Series:
    values = column.drop_nulls().sort()
    cuts = np.unique([len(values) * k // 5 for k in range(5)])
    starts = values[cuts.tolist()].unique().sort()
    code = starts.search_sorted(column.fill_null(values[0]), side="right").cast(pl.Int64) - 1
    shown = _told_apart(starts.to_list())
    names = [f"{low} to below {high}" for low, high in pairwise(shown)] + [f"{shown[-1]} and above"]
    text = code.replace_strict(range(len(names)), names, return_dtype=pl.String)
    named: pl.Series = text.set(column.is_null(), None).alias(column.name)
    return named


def _told_apart(values: Sequence[Any]) -> list[str]:
    """Values as text, numbers with as few digits, from four on, as tell them apart."""
    for digits in range(4, 17):
        texts = [f"{v:.{digits}g}" if isinstance(v, float) else str(v) for v in values]
        if len(set(texts)) == len(values):
            return texts
    return [repr(v) for v in values]
