"""Compares one column of two windows: what the values are, and how many are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.drift import cells, dependence, grid, two_sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.drift.findings import Bands
    from pytest_mlready.drift.windows import Pair

    Blocks = tuple[NDArray[np.intp], NDArray[np.intp]] | None
    Floats = NDArray[np.float64]
    Numbers = NDArray[np.generic]

SHOWN = 40  # characters of a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One comparison, not yet judged.

    Attributes:
        column, part: What was compared.
        psi: Population stability index.
        noise: Its 95 % quantile under no change.
        p: p-value of no change.
        n: Rows of the current window that hold a value.
        told: What changed most, in words.
        method: Name of the test behind `p`.
    """

    column: str
    part: str
    psi: float
    noise: float
    p: float
    n: int
    told: str
    method: str


def contrasts(pair: Pair, bands: Bands, blocks: Blocks = None, *, values: bool = True) -> Iterator[Contrast]:
    """Yields the comparison of missing shares, where any value is missing, and that of the values, where there are any.

    `pair` is of kind "number" or "category"; without `values` only missing shares are compared.
    """
    gaps = missing(pair.reference), missing(pair.current)
    if gaps[0].any() or gaps[1].any():
        yield missing_share(pair.name, gaps, bands, blocks)
    if not values or gaps[0].all() or gaps[1].all():
        return
    kept = blocks and (blocks[0][~gaps[0]], blocks[1][~gaps[1]])
    if pair.kind == "number":
        arrays = [_without(s.to_numpy(), gap) for s, gap in zip((pair.reference, pair.current), gaps, strict=True)]
        yield numbers(pair.name, arrays[0], arrays[1], bands, kept)
    else:
        words = [_without(s, gap) for s, gap in zip((pair.reference, pair.current), gaps, strict=True)]
        table = cells.of_words(words[0], words[1], bands.bins, bands.warn)
        yield _categories(pair.name, "values", table, words, bands, kept)


def missing(series: pl.Series) -> NDArray[np.bool_]:
    """Flags missing values, shape (n,); NaN is one, as it is to the models."""
    if series.dtype.is_float():
        return np.asarray(np.isnan(series.to_numpy()))
    return series.is_null().to_numpy() if series.null_count() else np.zeros(len(series), bool)


def _without(values: Any, gaps: NDArray[np.bool_]) -> Any:
    """The values that are there; the same object when all are."""
    return values if not gaps.any() else values.filter(~gaps) if isinstance(values, pl.Series) else values[~gaps]


def missing_share(
    name: str, gaps: tuple[NDArray[np.bool_], NDArray[np.bool_]], bands: Bands, blocks: Blocks = None
) -> Contrast:
    """Compares the shares of missing values, two cells; `gaps` flags them in each window, shape (n,)."""
    counts = [np.array([len(gap) - gap.sum(), gap.sum()], float) for gap in gaps]
    codes = (gaps[0].astype(np.intp), gaps[1].astype(np.intp)) if blocks else None
    told = f"missing {_percent(gaps[0].mean())} → {_percent(gaps[1].mean())}"
    return _by_cells(name, "missing share", counts, codes, bands, blocks, told)


def numbers(  # noqa: PLR0913, PLR0917 - one column in two windows, and how it is compared
    name: str, reference: Numbers, current: Numbers, bands: Bands, blocks: Blocks = None, part: str = "values"
) -> Contrast:
    """Compares two columns of numbers without missing values, neither empty.

    By Kolmogorov-Smirnov; by chi-square where the reference has no more values than there are bins, or rows depend.
    """
    samples = grid.gridded(reference, current)
    n, m = len(reference), len(current)
    few = grid.few(samples, bands.bins)
    if few is not None:
        table = cells.of_few_numbers(few, m, bands.bins, bands.warn)
        return _categories(name, part, table, [pl.Series(reference), pl.Series(current)], bands, blocks)
    left, right, edges = cells.of_numbers(samples, bands.bins)
    medians = [float(samples.order_statistics(side, [rows // 2])[0]) for side, rows in ((0, n), (1, m))]
    told = f"median {medians[0]:.4g} → {medians[1]:.4g}"
    if blocks is not None:
        return _by_cells(name, part, [left, right], (edges.codes(reference), edges.codes(current)), bands, blocks, told)
    distance = grid.ks_distance(samples)
    return Contrast(
        column=name, part=part, psi=two_sample.psi(left, right),
        noise=two_sample.independent(len(left), n, m).quantile(bands.confidence),
        p=float(two_sample.ks_p(distance, n * m / (n + m))), n=m, told=told, method=f"KS D = {distance:.3g}",
    )  # fmt: skip


def _categories(  # noqa: PLR0913, PLR0917 - as above
    name: str, part: str, table: cells.Categories, sides: Sequence[pl.Series], bands: Bands, blocks: Blocks
) -> Contrast:
    codes = (table.codes(sides[0], reference=True), table.codes(sides[1], reference=False)) if blocks else None
    return _by_cells(name, part, table.counts(), codes, bands, blocks, _largest_change(table))


def _by_cells(  # noqa: PLR0913, PLR0917 - private, and each is one thing
    name: str, part: str, counts: Sequence[Floats], codes: Blocks, bands: Bands, blocks: Blocks, told: str
) -> Contrast:
    left, right = counts
    n, m = float(left.sum()), float(right.sum())
    index, distance = two_sample.psi(left, right), two_sample.pearson(left, right)
    used = int(((left + right) > 0).sum())
    if codes is None or blocks is None:
        null = two_sample.independent(used, n, m)
        method = f"chi-square = {distance * n * m / (n + m):.3g}, {max(used - 1, 0)} df"
    else:
        null = dependence.null(codes, blocks)
        distance = min(distance, index)  # apart from chance both are one; far from it Pearson's has the longer tail
        method = f"rows worth {null.worth[0]:,.0f} and {null.worth[1]:,.0f}"
    return Contrast(
        column=name, part=part, psi=index, noise=null.quantile(bands.confidence), p=null.p(distance), n=int(m),
        told=told, method=method,
    )  # fmt: skip


def _largest_change(table: cells.Categories) -> str:
    """The value whose share changed most, and what share was never seen before."""
    before, now = table.reference / table.reference.sum(), table.current / table.current.sum()
    most = int(np.abs(before - now).argmax())
    told = f"{_shown(table.values[most])} {_percent(before[most])} → {_percent(now[most])}"
    fresh = now[table.reference == 0].sum()
    return f"{told}; {_percent(fresh)} hold values never seen before" if fresh else told


def _shown(value: object) -> str:
    if value is None:
        return "other values"
    text = f"{value:g}" if isinstance(value, float) else f'"{value}"'
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
