"""Plants faults that happen in production into a copy of a window, one column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = 0.2  # share of values that get lost
MOSTLY_ONE = 0.9  # share of one value from which a column can be stuck at it without anybody's harm
MANY = 10  # distinct values above which adding to a number, or multiplying it, is a shift and no new category


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which a column breaks.

    Attributes:
        name: As reported.
        fits: Whether a column of the reference can break so.
        plant: Takes a column (of the current window) and a random generator, and returns it broken.
    """

    name: str
    fits: Callable[[pl.Series], bool]
    plant: Callable[[pl.Series, np.random.Generator], pl.Series]


def faults(shift: float) -> tuple[Fault, ...]:
    """All faults; numbers are shifted by `shift` standard deviations."""
    return (
        Fault(name=f"a number shifted by {shift:g} sd", fits=_varies_much, plant=lambda s, _: _shifted(s, shift)),
        Fault(name="a number in another unit (× 100)", fits=_varies_much, plant=lambda s, _: _scaled(s)),
        Fault(name="a column stuck at one value", fits=_varies, plant=lambda s, _: _stuck(s)),
        Fault(name=f"{100 * MISSING:g} % of a column missing", fits=lambda s: s.null_count() < len(s), plant=_lossy),
        Fault(name="the commonest category spelt otherwise", fits=_is_words, plant=lambda s, _: _spelt(s)),
        Fault(name="a text garbled", fits=_is_prose, plant=lambda s, _: s.cast(pl.String).str.reverse()),
    )


def _is_number(series: pl.Series) -> bool:
    return series.dtype.is_numeric() and series.null_count() < len(series)


def _commonest(series: pl.Series) -> tuple[Any, float]:
    """The commonest value and its share; (None, 1) where there is none."""
    kept = series.drop_nulls()
    if not len(kept):
        return None, 1.0
    top = kept.value_counts(name="rows").sort("rows", descending=True).head(1)
    return top[series.name][0], top["rows"][0] / len(kept)


def _varies(series: pl.Series) -> bool:
    return not series.dtype.is_nested() and series.n_unique() > 1 and _commonest(series)[1] <= MOSTLY_ONE


def _varies_much(series: pl.Series) -> bool:
    return _is_number(series) and series.n_unique() > MANY and _varies(series)


def _is_words(series: pl.Series) -> bool:
    """Few enough words that the commonest stands for a tenth of the rows."""
    named = isinstance(series.dtype, pl.String | pl.Categorical | pl.Enum)
    return named and 1 / MANY <= _commonest(series)[1] <= MOSTLY_ONE


def _is_prose(series: pl.Series) -> bool:
    return series.dtype == pl.String and _commonest(series)[1] < 1 / MANY


def _shifted(series: pl.Series, shift: float) -> pl.Series:
    spread = float(np.nanstd(series.to_numpy().astype(float)))
    if series.dtype.is_integer():
        return series.cast(pl.Int64) + max(1, round(shift * spread))
    return series + shift * spread


def _scaled(series: pl.Series) -> pl.Series:
    return (series.cast(pl.Int64) if series.dtype.is_integer() else series) * 100


def _stuck(series: pl.Series) -> pl.Series:
    value = series.drop_nulls().sort()[(len(series) - series.null_count()) // 2] if _is_number(series) else None
    value = _commonest(series)[0] if value is None else value
    return pl.Series(series.name, [value]).cast(series.dtype).new_from_index(0, len(series))


def _lossy(series: pl.Series, rng: np.random.Generator) -> pl.Series:
    lost = pl.Series(rng.random(len(series)) < MISSING)
    return (
        series.to_frame().select(pl.when(lost).then(None).otherwise(pl.col(series.name)).alias(series.name)).to_series()
    )


def _spelt(series: pl.Series) -> pl.Series:
    words = series.cast(pl.String)
    commonest = _commonest(words)[0]
    return words.replace([commonest], [f"{commonest} "])
