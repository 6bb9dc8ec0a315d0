"""Bounds quantiles and rates without assuming a distribution: exact binomial bounds, order statistics, batch means."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import betaincinv

Floats = NDArray[np.float64]
BATCHES = 20  # Schmeiser 1982, Operations Research 30:556: between 10 and 30, whatever the length of the run
MOST = 1 << 40  # rows beyond which nothing is planned


def clopper_pearson(
    successes: ArrayLike, n: ArrayLike, *, confidence: float = 0.95, sides: Literal[1, 2] = 2
) -> tuple[Floats, Floats]:
    """Exact (never too short) bounds of a proportion (Clopper and Pearson 1934, Biometrika 26:404), element by element.

    Args:
        successes: Number of successes, any shape; need not be whole.
        n: Number of trials, same shape or scalar. Where it is 0, the bounds are 0 and 1.
        confidence: Coverage of the interval (`sides=2`) or of each bound by itself (`sides=1`).
        sides: 2 for a two-sided interval, 1 for two one-sided bounds.
    """
    k, m = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    tail = (1 - confidence) / sides
    lower = np.where(k > 0, betaincinv(np.maximum(k, 1e-300), m - k + 1, tail), 0.0)
    upper = np.where(k < m, betaincinv(k + 1, np.maximum(m - k, 1e-300), 1 - tail), 1.0)
    return lower, upper


def minimal_n(quantile: float, *, confidence: float = 0.95) -> int:
    """Rows from which the largest value bounds a quantile from above: 59 for 0.95, 299 for 0.99, 2995 for 0.999."""
    return math.ceil(math.log1p(-confidence) / math.log(quantile))


def quantile_upper(
    values: ArrayLike, quantile: float, *, confidence: float = 0.95, effective_n: float | None = None
) -> float:
    """Distribution-free one-sided upper bound of a quantile: an order statistic chosen by the binomial distribution.

    The k-th smallest of n values lies above the quantile with probability P(Binomial(n, quantile) < k); the smallest
    such k that reaches `confidence` is taken (Hahn and Meeker 1991, Statistical Intervals, 5.2).

    Args:
        values: Measurements, shape (n,), any unit.
        quantile: Between 0 and 1, such as 0.99.
        confidence: Coverage of the bound.
        effective_n: Number of independent values that carry as much information, where they depend on one another
            (see `inflation`); k is then taken at that size, and the value at the same share of all n. None: n.

    Returns:
        The bound in the unit of `values`; infinity below `minimal_n` (effective) values, NaN when a value is NaN.
    """
    ordered = np.sort(np.asarray(values, float).ravel())
    if np.isnan(ordered).any():
        return math.nan
    n = len(ordered)
    size = n if effective_n is None else min(n, int(effective_n))
    k = int(stats.binom.ppf(confidence, size, quantile)) + 1 if size else 1
    return float(ordered[math.ceil(k * n / size) - 1]) if k <= size else math.inf


def inflation(flags: ArrayLike, *, batches: int = BATCHES) -> float:
    """How many times larger dependence makes the variance of a share, by means of consecutive batches; at least 1.

    n flags in the order of time carry as much information as n / inflation independent ones. Few flags make the
    estimate rough; it is never taken below 1, so that the noise widens bounds and does not narrow them.

    Args:
        flags: 0 or 1, in the order of time, shape (n,), such as "slower than the 99th percentile".
        batches: Number of batches.
    """
    given = np.asarray(flags, float).ravel()
    length = len(given) // batches
    p = float(given.mean()) if len(given) else 0.0
    if length < 2 or not 0 < p < 1:
        return 1.0
    means = given[: length * batches].reshape(batches, length).mean(axis=1)
    return max(1.0, length * float(means.var(ddof=1)) / (p * (1 - p)))


def rows_that_show(share: float, allowed: float, *, confidence: float = 0.95) -> float:
    """Independent rows after which a share of failures, if it stays as it is, is shown to be within what is allowed.

    Infinite where the share is not below it.
    """
    if share >= allowed:
        return math.inf
    low, high = 1, 2
    while clopper_pearson(share * high, high, confidence=confidence, sides=1)[1] > allowed:
        low, high = high, 2 * high
        if high > MOST:
            return math.inf
    while high - low > 1:
        middle = (low + high) // 2
        shown = clopper_pearson(share * middle, middle, confidence=confidence, sides=1)[1] <= allowed
        low, high = (low, middle) if shown else (middle, high)
    return high
