"""Pairs the columns of two windows, and finds what is wrong with their names and types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from pytest_mlready.drift.findings import Finding
from pytest_mlready.errors import Inconclusive, near

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

    from pytest_mlready.values import Dataset

Kind = Literal["number", "category", "text", "vector", "time", "unknown", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What a detector compares.

    Attributes:
        reference, current: Rows of the two windows, one column for each thing that is watched.
        text: Those columns that hold free text.
        blocks: For each window the number of the block (cluster or period) that a row belongs to, shape (n,), where
            rows of one block depend on one another; None for independent rows.
    """

    reference: pl.DataFrame
    current: pl.DataFrame
    text: frozenset[str] = frozenset()
    blocks: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One column in both windows, of one kind."""

    name: str
    kind: Kind
    reference: pl.Series
    current: pl.Series


def of(reference: Dataset, current: Dataset, *, columns: Collection[str] = (), ignore: Collection[str] = ()) -> Windows:
    """The windows' feature columns: all of both sides, or those named.

    Raises:
        Inconclusive: a window has no rows, both are the same data, or nothing is left to compare.
    """
    for window in (reference, current):
        if not len(window):
            raise Inconclusive(f"the {window.name} window has no rows", fix=f"check how {window.source} is written")
    if reference.sha256 == current.sha256:
        raise Inconclusive(
            f"the reference and the current window are the same data ({current.source})",
            fix="name the rows that are served now as `current` in [tool.mlready.data]",
        )
    left, right = (_columns(window, columns, ignore) for window in (reference, current))
    if not left and not right:
        raise Inconclusive("the windows have no feature columns", fix="name some with `columns`")
    text = frozenset((*reference.text, *current.text))
    return Windows(reference=reference.frame.select(left), current=current.frame.select(right), text=text)


def _columns(window: Dataset, columns: Collection[str], ignore: Collection[str]) -> list[str]:
    wanted = [c for c in columns if c in window.frame.columns] if columns else window.features
    return [c for c in wanted if c not in ignore]


def paired(windows: Windows) -> tuple[list[Pair], list[Finding]]:
    """The columns that can be compared, and findings about those that cannot: missing, new, of another type."""
    reference, current = windows.reference, windows.current
    pairs: list[Pair] = []
    findings = [_absent(name, current.columns) for name in reference.columns if name not in current.columns]
    findings += [_extra(name) for name in current.columns if name not in reference.columns]
    for name in reference.columns:
        if name not in current.columns:
            continue
        pair, finding = _pair(name, reference[name], current[name], text=name in windows.text)
        pairs += [pair] if pair else []
        findings += [finding] if finding else []
    return pairs, findings


def _pair(name: str, reference: pl.Series, current: pl.Series, *, text: bool) -> tuple[Pair | None, Finding | None]:
    kinds = [kind_of(series, text=text) for series in (reference, current)]
    known = [kind for kind in kinds if kind != "empty"]
    if not known:
        told = "holds no value in either window: nothing can be compared; leave it out with `ignore`"
        return None, Finding(column=name, part="values", state="refused", told=told)
    if len(set(known)) > 1:
        return None, _type_changed(name, reference, current)
    kind = known[0]
    if kind in ("time", "unknown"):
        return None, _not_compared(name, kind, reference if kinds[0] == kind else current)
    sides = [_plain(series, kind) for series in (reference, current)]
    return Pair(name=name, kind=kind, reference=sides[0], current=sides[1]), None


def kind_of(series: pl.Series, *, text: bool = False) -> Kind:
    """What a column is compared as; a column without any value is "empty", whatever its type."""
    dtype: Any = series.dtype
    if series.null_count() == len(series):
        return "empty"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "text" if text else "category"
    if dtype.is_numeric() or isinstance(dtype, pl.Boolean | pl.Duration):
        return "number"
    if isinstance(dtype, pl.List | pl.Array) and dtype.inner.is_numeric():
        return "vector"
    return "time" if dtype.is_temporal() else "unknown"


def _plain(series: pl.Series, kind: Kind) -> pl.Series:
    """The column in a form that the statistics know."""
    dtype = series.dtype
    if kind in ("category", "text"):
        return series if dtype == pl.String else series.cast(pl.String)
    if kind == "number" and isinstance(dtype, pl.Decimal | pl.Null | pl.String):
        return series.cast(pl.Float64, strict=False)
    if kind == "number" and isinstance(dtype, pl.Boolean | pl.Duration):
        return series.cast(pl.Int8 if dtype == pl.Boolean else pl.Int64)
    return series


def _absent(name: str, there: list[str]) -> Finding:
    told = f"is in the reference and not in the current window{near(name, there)}"
    return Finding(column=name, part="presence", state="alarm", told=told)


def _extra(name: str) -> Finding:
    told = "is in the current window and not in the reference; name it in `ignore` when it is no input of the model"
    return Finding(column=name, part="presence", state="alarm", told=told)


def _type_changed(name: str, reference: pl.Series, current: pl.Series) -> Finding:
    told = f"was {reference.dtype} in the reference and is {current.dtype} now"
    return Finding(column=name, part="type", state="alarm", told=told)


def _not_compared(name: str, kind: Kind, series: pl.Series) -> Finding:
    told = f"not understood: the type {series.dtype}; leave it out with `ignore`, or write plain columns"
    if kind == "time":
        told = (
            f"holds times ({series.dtype}), which always move on; name it as data.time, or leave it out with `ignore`"
        )
    return Finding(column=name, part="values", state="refused", told=told)


def with_current(windows: Windows, column: pl.Series) -> Windows:
    """The same windows with one column of the current one replaced."""
    return replace(windows, current=windows.current.with_columns(column))
