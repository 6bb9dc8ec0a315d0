"""Compares two rates measured on the same rows: exact McNemar, Tango's score bounds, smallest drop one can see."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

STEPS = 60  # halvings of [-1, 1]: bounds are exact to 2e-18 before rounding


def mcnemar(b: int, c: int) -> float:
    """Two-sided p-value of the exact McNemar test: a binomial test of the discordant rows against one half.

    Args:
        b: Rows that only the first model gets right.
        c: Rows that only the second model gets right.

    Source: McNemar 1947, Psychometrika 12:153; equals `scipy.stats.binomtest(b, b + c)`. 1.0 without discordant rows.
    """
    from scipy.stats import binomtest

    return float(binomtest(b, b + c).pvalue) if b + c else 1.0


def tango_z(b: ArrayLike, c: ArrayLike, n: ArrayLike, difference: ArrayLike) -> Floats:
    """Tango's score statistic for "the true difference of the two rates is `difference`", element by element.

    Falls as `difference` rises; is 0 at the observed (b - c) / n. Tango 1998, Statistics in Medicine 17:891.

    Args:
        b: Rows that only the first model gets right.
        c: Rows that only the second model gets right.
        n: All rows.
        difference: Supposed true rate of the first less that of the second, between -1 and 1.
    """
    b, c, n, d = np.broadcast_arrays(*(np.asarray(v, float) for v in (b, c, n, difference)))
    half = (2 * n - b + c) * d - b - c
    root = np.sqrt(np.maximum(half**2 + 8 * n * c * d * (1 - d), 0))
    with np.errstate(all="ignore"):
        # The restricted estimate of "only the second is right": the form of the quadratic's root that does not cancel.
        only_second = np.where(half > 0, 2 * c * d * (1 - d) / (root + half), (root - half) / (4 * n))
        spread = np.sqrt(np.maximum(n * (2 * np.nan_to_num(only_second) + d * (1 - d)), 0))
        gap = b - c - n * d
        return np.where(gap == 0, 0.0, gap / spread)


def tango(b: ArrayLike, c: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """One-sided bounds of the difference of two paired rates, each with `confidence`: where `tango_z` is ±z.

    Both together are a two-sided interval of coverage 2 × confidence - 1. Unlike Wald's, they keep their coverage for
    few discordant rows, and have a width even for none. Shapes as in `tango_z`.
    """
    b, c, n = np.broadcast_arrays(*(np.asarray(v, float) for v in (b, c, n)))
    z = float(ndtri(confidence))
    return _solve(b, c, n, z), _solve(b, c, n, -z)


def p_worse(b: int, c: int, n: int, *, margin: float = 0.0) -> float:
    """One-sided p-value of "the first model's rate is not worse by more than `margin`", by Tango's score statistic."""
    return float(ndtr(tango_z(b, c, n, -margin)))


def detectable_drop(disagreement: float, n: int, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """The smallest true drop that a paired comparison of n rows would show, with the given power.

    Args:
        disagreement: Share of rows on which exactly one of the two models is right.
        n: Rows.
        confidence: One-sided.
        power: Probability of seeing it.

    Returns:
        2.49 × sqrt(disagreement / n) at the defaults; with independent samples of two models of accuracy p, take
        2 p (1 - p) for `disagreement`; against a fixed threshold p (1 - p).
    """
    return float(ndtri(confidence) + ndtri(power)) * math.sqrt(disagreement / n)


def _solve(b: Floats, c: Floats, n: Floats, z: float) -> Floats:
    low, high = np.full(b.shape, -1.0), np.full(b.shape, 1.0)
    for _ in range(STEPS):
        middle = (low + high) / 2
        above = tango_z(b, c, n, middle) > z
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    middle = (low + high) / 2
    return np.asarray(middle)
