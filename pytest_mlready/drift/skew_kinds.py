"""Says in what way serving and training differ on a feature: another unit, a shift, a default, columns exchanged."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pytest_mlready.drift import skew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pytest_mlready.drift.skew import Compared, Difference

MOST = 0.9  # share of the rows that an explanation must fit
ROUNDED = 1e-2  # relative difference up to which numbers count as rounded
SHOWN = 3  # examples of one feature


def kind(difference: Difference, trained: pl.DataFrame, *, tolerance: float) -> str:
    """The likeliest explanation, in words that tell no value of a person: "100 times as much"."""
    d = difference
    gone = skew.missing(d.trained)[d.rows], skew.missing(d.served)[d.rows]
    if gone[0].mean() >= MOST:
        return "a value where training has none" + _default(d)
    if gone[1].mean() >= MOST:
        return "nothing where training has a value"
    if other := _exchanged(d, trained, tolerance):
        return f"what training calls {other}"
    return next(_by_type(d), "other values")


def examples(difference: Difference, *, personal: bool) -> str:
    """Up to three pairs of values; none of a personal field."""
    if personal:
        return "values not shown: the inventory says that they are personal"
    places = np.flatnonzero(difference.rows)[:SHOWN].tolist()
    return ", ".join(
        f"served {_short(difference.served[place])} for {_short(difference.trained[place])}" for place in places
    )


def described(compared: Compared, trained: pl.DataFrame, personal: set[str], *, tolerance: float) -> list[str]:
    """A sentence for each feature that differs."""
    return [
        f"{d.feature}: {int(d.rows.sum()):,} examples, {kind(d, trained, tolerance=tolerance)} "
        f"({examples(d, personal=d.feature in personal)})"
        for d in compared.differences
    ]


def _by_type(d: Difference) -> Iterator[str]:
    if skew.is_number(d.trained) and skew.is_number(d.served):
        yield from _of_numbers(skew.numbers(d.trained)[d.rows], skew.numbers(d.served)[d.rows])
    elif skew.is_time(d.trained) and (skew.is_time(d.served) or d.served.dtype == pl.String):
        apart = (skew.instants(d.served) - skew.instants(d.trained))[d.rows]
        if (shift := _constant(apart)) is not None:
            yield f"{dt.timedelta(seconds=abs(round(shift, 6)))} {'later' if shift > 0 else 'earlier'}"
    elif skew.is_text(d.trained) and skew.is_text(d.served):
        folded = [column.cast(pl.String).str.strip_chars().str.to_lowercase() for column in (d.trained, d.served)]
        if (folded[0] == folded[1]).fill_null(value=False).to_numpy()[d.rows].mean() >= MOST:
            yield "the same text in other case or with spaces around it"
    else:
        yield f"{d.served.dtype} where training has {d.trained.dtype}"


def _of_numbers(trained: NDArray[np.float64], served: NDArray[np.float64]) -> Iterator[str]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, relative = served / trained, np.abs(served - trained) / np.abs(trained)
    if (factor := _constant(ratio)) is not None:
        yield f"{factor:.6g} times as much"
    if (shift := _constant(served - trained)) is not None:
        yield f"{shift:+.6g}"
    if np.nanmean(relative <= ROUNDED) >= MOST:
        yield "rounded, or of lower precision"


def _constant(values: NDArray[np.float64]) -> float | None:
    """The one value that nearly all have; None where there is none, or there is but one row to tell from."""
    kept = values[np.isfinite(values)]
    if len(kept) < max(2, MOST * len(values)):
        return None
    middle = float(np.median(kept))
    return middle if np.mean(np.isclose(kept, middle, rtol=1e-5)) >= MOST else None


def _exchanged(d: Difference, trained: pl.DataFrame, tolerance: float) -> str:
    """Another feature of training whose values these are."""
    if len(set(d.served.to_list() if not d.served.dtype.is_nested() else [])) < 2:
        return ""
    for name in trained.columns:
        same = ~skew.unequal(trained[name], d.served, tolerance=tolerance) & ~skew.missing(d.served)
        if name != d.feature and same[d.rows].mean() >= MOST:
            return name
    return ""


def _default(d: Difference) -> str:
    return ", always the same one" if d.served.filter(pl.Series(d.rows)).n_unique() == 1 else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
