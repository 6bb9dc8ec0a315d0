"""Finds rows that are equal, within and across two tables, whatever their file formats did to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_BY_CHANCE = 1e-6  # probability that a column with that many gaps in one set has no value in the other


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroups:
    """Groups of two and more equal rows; arrays have shape (g,).

    Attributes:
        train, heldout: Rows of the group in each table.
        labels: Distinct labels in the group; 1 where no target was given.
        shared: Row numbers of the held-out rows that have a twin in train, ascending.
    """

    train: NDArray[np.intp]
    heldout: NDArray[np.intp]
    labels: NDArray[np.intp]
    shared: NDArray[np.intp]


def equal_rows(
    train: pl.DataFrame, heldout: pl.DataFrame, features: Sequence[str], target: str | None = None
) -> tuple[RowGroups, RowGroups | None]:
    """Groups equal rows by their features, and by features and target.

    Rows are made comparable first: columns by name, number types brought together, -0.0 as 0.0, NaN as missing, text
    in Unicode's composed form (NFC). A 64-bit hash finds the candidates; they are then grouped by their values, so a
    collision cannot make two rows equal.

    Args:
        train: One table.
        heldout: The other.
        features: Columns that make a row.
        target: The label, or None.

    Returns:
        The groups by features alone, and by features and target (None without a target).

    Raises:
        DataError: a column is missing from one of the tables, or is of different kinds in them.
    """
    names = [*sorted(features), *([target] if target is not None else [])]
    left, right = comparable(train, heldout, names)
    keys = left.columns[: len(features)]
    hashes = pl.concat([left.select(keys).hash_rows(), right.select(keys).hash_rows()])
    several = hashes.is_duplicated()
    origin = pl.Series("held", np.arange(len(hashes)) >= left.height)
    rows = pl.Series("row", np.r_[0 : left.height, 0 : right.height])
    both = pl.concat([left.filter(several[: left.height]), right.filter(several[left.height :])])
    candidates = both.with_columns(origin.filter(several), rows.filter(several))
    if target is None:
        return _grouped(candidates, keys, None), None
    return _grouped(candidates, keys, left.columns[-1]), _grouped(candidates, left.columns, None)


def _grouped(candidates: pl.DataFrame, keys: Sequence[str], label: str | None) -> RowGroups:
    held = pl.col("held")
    groups = (
        candidates.lazy()
        .group_by(keys)
        .agg(
            train=(~held).sum(),
            heldout=held.sum(),
            labels=pl.col(label).n_unique() if label else pl.lit(1),
            rows=pl.col("row").filter(held),
        )
        .filter(pl.col("train") + pl.col("heldout") > 1)
        .select("train", "heldout", "labels", "rows")
        .collect()
    )
    shared = groups.filter((pl.col("train") > 0) & (pl.col("heldout") > 0))["rows"].explode()
    counts = (groups[name].cast(pl.Int64).to_numpy().astype(np.intp) for name in ("train", "heldout", "labels"))
    train, heldout, labels = counts
    return RowGroups(train=train, heldout=heldout, labels=labels, shared=np.sort(shared.to_numpy().astype(np.intp)))


def comparable(left: pl.DataFrame, right: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The named columns of both tables, of the same types, in which equal values are equal; named f0, f1, ...

    Raises:
        DataError: a column is missing from one of the tables, is of different kinds in them, or is empty in one alone.
    """
    for frame, which, other in ((left, "train", right), (right, "held-out", left)):
        missing = [n for n in names if n not in frame.columns]
        if missing:
            hint = near(missing[0], frame.columns) if missing[0] in other.columns else ""
            raise DataError(
                f"the {which} data lack {len(missing)} of {len(names)} columns: {', '.join(missing[:5])}{hint}",
                expected="the same columns in train and held-out data",
                fix="write both from the same query, or drop the column in [tool.mlready.data]",
            )
    columns = [_alike(left[name], right[name], f"f{i}") for i, name in enumerate(names)]
    return _composed(pl.DataFrame([a for a, _ in columns])), _composed(pl.DataFrame([b for _, b in columns]))


def _alike(a: pl.Series, b: pl.Series, name: str) -> tuple[pl.Series, pl.Series]:
    _refuse_emptied(a, b)
    kind = _common(a.dtype, b.dtype)
    if kind is None:
        raise DataError(
            f'column "{a.name}" is {a.dtype} in train and {b.dtype} in the held-out data',
            expected="the same kind of values in both", fix="write both files from the same query",
        )  # fmt: skip
    a, b = (s.rename(name) if s.dtype == kind else s.rename(name).cast(kind) for s in (a, b))
    if kind.is_float() and (a.null_count() or b.null_count()):  # NaN equals NaN already; here it may meet null
        return a.fill_nan(None), b.fill_nan(None)
    return a, b


def _refuse_emptied(train: pl.Series, heldout: pl.Series) -> None:
    """A column that is empty in one set by no chance: no row of that set could equal one of the other."""
    for empty, full, where in ((train, heldout, "train"), (heldout, train, "the held-out data")):
        if not len(empty) or _has_value(empty[0]) or _missing(empty) < len(empty):
            continue
        if ((_missing(full) + 1) / (len(full) + 2)) ** len(empty) < _BY_CHANCE:
            raise DataError(
                f'column "{empty.name}" is empty in all {len(empty):,} rows of {where}, and filled in the other set',
                expected="the same columns, filled in the same way, in train and held-out data",
                fix="write both from the same query, or drop the column in [tool.mlready.data]",
            )


def _has_value(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, float) and math.isnan(cell))


def _missing(values: pl.Series) -> int:
    return values.null_count() + (int(values.is_nan().sum() or 0) if values.dtype.is_float() else 0)


def _common(a: pl.DataType, b: pl.DataType) -> pl.DataType | type[pl.DataType] | None:  # noqa: PLR0911
    """The type in which both can be compared, or None."""
    text = (pl.String, pl.Categorical, pl.Enum)
    if a in text and b in text:
        return pl.String
    if pl.Object in (a, b):
        return None
    if a == b:
        return a
    if pl.Null in (a, b):
        return b if a == pl.Null else a
    if all(t.is_numeric() or t == pl.Boolean for t in (a, b)):
        if pl.Float32 in (a, b):  # a value kept in 32 bits equals its original only in 32 bits
            return pl.Float32
        whole = all((t.is_integer() or t == pl.Boolean) and t != pl.UInt64 for t in (a, b))
        return pl.Int64 if whole else pl.Float64
    zones = {getattr(t, "time_zone", None) for t in (a, b)}
    if all(t in (pl.Date, pl.Datetime) for t in (a, b)) and len(zones) == 1:
        return pl.Datetime("us", zones.pop())
    return None


def _composed(frame: pl.DataFrame) -> pl.DataFrame:
    """Text in Unicode's composed form; columns of ASCII alone, where bytes are characters, cost one look."""
    text = pl.col(pl.String).str
    lengths = frame.select(text.len_bytes().sum()), frame.select(text.len_chars().sum())
    wide = [name for name in lengths[0].columns if lengths[0][name][0] != lengths[1][name][0]]
    return frame.with_columns(pl.col(wide).str.normalize("NFC"))
