"""Resamples rows or clusters by count weights and turns the resamples into BCa confidence bounds.

A resample is a vector of counts: row i was drawn `w[i]` times. A statistic that takes such weights for many resamples
at once needs no copy of the data, and memory stays bounded: a block of weights holds at most `BLOCK_BYTES` (or one
resample, where a single one is larger), and at most five arrays of that size are alive here at a time; what the
statistic allocates comes on top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from pytest_mlready.quality.intervals import Interval

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]

BLOCK_BYTES = 4 * 2**20
JACKKNIFE_GROUPS = 200
RESAMPLES = 2000  # Efron and Tibshirani (1993), chapter 14: 1000 or more for BCa bounds at 95 %
MAX_UNDEFINED = 0.01  # share of resamples on which the statistic may be undefined (a class drawn 0 times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What is drawn: rows, or whole clusters of rows, each within its stratum.

    Attributes:
        strata: For each stratum the indices of its units.
        rows: For each row the index of its unit, shape (n,); None when every row is its own unit.
        count: Number of units.
    """

    strata: tuple[NDArray[np.intp], ...]
    rows: NDArray[np.intp] | None
    count: int

    def to_rows(self, weights: Floats) -> Floats:
        """Unit weights (b, count) as row weights (b, n)."""
        return weights if self.rows is None else weights[:, self.rows]


def units(n: int, *, strata: NDArray[Any] | None = None, cluster: NDArray[Any] | None = None) -> Units:
    """Decides what is drawn. With clusters the strata are left aside: a cluster may hold rows of every class."""
    if cluster is not None:
        names, codes = np.unique(cluster, return_inverse=True)
        return Units(strata=(np.arange(len(names)),), rows=codes.astype(np.intp), count=len(names))
    if strata is None:
        return Units(strata=(np.arange(n),), rows=None, count=n)
    codes = np.unique(strata, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    return Units(strata=tuple(np.split(order, np.cumsum(np.bincount(codes))[:-1])), rows=None, count=n)


def bca(  # noqa: PLR0913 - one call says everything about an interval
    statistic: Statistic,
    n: int,
    *,
    strata: NDArray[Any] | None = None,
    cluster: NDArray[Any] | None = None,
    confidence: float = 0.95,
    sides: Literal[1, 2] = 2,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Bias-corrected and accelerated bootstrap bounds of a statistic (Efron 1987, JASA 82:171).

    For the difference of two models on the same rows, let the statistic subtract: both see the same weights, so the
    resampling is paired. With `cluster`, whole clusters are drawn and the acceleration leaves out whole clusters.

    Args:
        statistic: Takes weights of shape (b, n), all ones for the point estimate, and returns values of shape (b,);
            NaN where it is undefined.
        n: Number of rows.
        strata: Class of each row, shape (n,); every resample keeps the class counts. Left aside with `cluster`.
        cluster: Cluster id of each row, shape (n,).
        confidence: Coverage of the interval (`sides=2`) or of each bound by itself (`sides=1`).
        sides: 2 for a two-sided interval, 1 when each bound is used as a one-sided bound.
        resamples: Number of resamples.
        seed: Seed of the draw.

    Returns:
        An Interval whose bounds are NaN when they cannot be formed: fewer than two units, an undefined point estimate,
        a statistic undefined on more than 1 % of the resamples, or one that no resample changes.
    """
    drawn = units(n, strata=strata, cluster=cluster)
    method = "BCa cluster bootstrap" if cluster is not None else "BCa bootstrap"
    estimate = float(statistic(np.ones((1, n)))[0])
    unknown = Interval(estimate=estimate, lower=np.nan, upper=np.nan, n=n, method=method)
    if drawn.count < 2 or not np.isfinite(estimate):
        return unknown
    values = distribution(statistic, n, drawn, resamples=resamples, seed=seed)
    known = values[np.isfinite(values)]
    if len(known) < (1 - MAX_UNDEFINED) * resamples or np.ptp(known) == 0:
        return unknown
    tail = (1 - confidence) / sides
    levels = _levels(known, estimate, acceleration(statistic, n, drawn, seed=seed), tail)
    lower, upper = np.quantile(known, levels)
    return Interval(estimate=estimate, lower=float(lower), upper=float(upper), n=n, method=method)


def distribution(statistic: Statistic, n: int, drawn: Units, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """The statistic on each resample, shape (resamples,)."""
    return np.concatenate([statistic(block) for block in resampled(n, drawn, resamples=resamples, seed=seed)])


def resampled(n: int, drawn: Units, *, resamples: int, seed: int) -> Iterator[Floats]:
    """Yields blocks of row weights, shape (b, n), `resamples` rows in all."""
    rng = np.random.default_rng(seed)
    size = max(1, BLOCK_BYTES // (8 * max(n, drawn.count)))
    for start in range(0, resamples, size):
        weights = np.zeros((min(size, resamples - start), drawn.count))
        for row in weights:
            for members in drawn.strata:
                row[members] = np.bincount(rng.integers(0, len(members), len(members)), minlength=len(members))
        yield drawn.to_rows(weights)


def acceleration(statistic: Statistic, n: int, drawn: Units, *, seed: int = 0) -> float:
    """The acceleration by a jackknife that leaves out groups of units, at most about 200 of them.

    With as many groups as units it is the ordinary jackknife. Each stratum is grouped and centred by itself, as
    scipy.stats.bootstrap treats several samples (Efron and Tibshirani 1993, equation 14.15). 0 when nothing varies.
    """
    rng = np.random.default_rng([seed, 1])
    cubes = squares = 0.0
    for members in drawn.strata:
        share = round(JACKKNIFE_GROUPS * len(members) / drawn.count)
        groups = min(len(members), max(2, share))
        group = np.full(drawn.count, -1)
        group[rng.permutation(members)] = np.arange(len(members)) % groups
        values = np.concatenate([statistic(w) for w in _left_out(n, drawn, group, groups)])
        influence = (groups - 1) * (np.nanmean(values) - values) / groups if np.isfinite(values).any() else values * 0
        cubes += float(np.nansum(influence**3))
        squares += float(np.nansum(influence**2))
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def _left_out(n: int, drawn: Units, group: NDArray[Any], groups: int) -> Iterator[Floats]:
    size = max(1, BLOCK_BYTES // (8 * max(n, drawn.count)))
    for start in range(0, groups, size):
        out = np.arange(start, min(start + size, groups))[:, None]
        yield drawn.to_rows((group[None, :] != out).astype(np.float64))


def _levels(values: Floats, estimate: float, a: float, tail: float) -> Floats:
    """The two quantile levels of the resamples that stand for `tail` and `1 - tail`."""
    below = (np.mean(values < estimate) + np.mean(values <= estimate)) / 2
    bias = ndtri(np.clip(below, 0.5 / len(values), 1 - 0.5 / len(values)))
    z = bias + ndtri(np.array([tail, 1 - tail]))
    return np.asarray(ndtr(bias + z / (1 - a * z)))
