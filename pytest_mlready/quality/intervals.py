"""Computes confidence bounds in closed form: proportions, areas under the ROC curve, quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import ndtri

from pytest_mlready.bounds import clopper_pearson, minimal_n, quantile_upper

__all__ = [  # three of them stand in `bounds`, where other domains find them too
    "Interval", "clopper_pearson", "delong", "delong_paired", "logit_delong", "minimal_n", "quantile_upper",
    "rule_of_three", "wilson",
]  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A point estimate with its bounds.

    Attributes:
        estimate: The point estimate; NaN when undefined.
        lower, upper: Confidence bounds; NaN when they cannot be formed.
        n: Sample size the interval rests on (rows, or the rows of a denominator).
        method: Name of the method, for the reader.
    """

    estimate: float
    lower: float
    upper: float
    n: int
    method: str


def wilson(
    successes: ArrayLike, n: ArrayLike, *, confidence: float = 0.95, sides: Literal[1, 2] = 2
) -> tuple[Floats, Floats]:
    """Wilson's score bounds of a proportion (Wilson 1927, JASA 22:209), element by element.

    Args:
        successes: Number of successes, any shape; need not be whole.
        n: Number of trials, same shape or scalar. Where it is 0, the bounds are 0 and 1.
        confidence: Coverage of the interval (`sides=2`) or of each bound by itself (`sides=1`).
        sides: 2 for a two-sided interval, 1 for two one-sided bounds.
    """
    k, m = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    z2 = float(ndtri(1 - (1 - confidence) / sides)) ** 2
    safe = np.where(m > 0, m, 1.0)
    centre = (k + z2 / 2) / (safe + z2)
    half = np.sqrt(z2) / (safe + z2) * np.sqrt(np.maximum(k * (safe - k) / safe, 0) + z2 / 4)
    lower = np.where((m > 0) & (k > 0), np.maximum(centre - half, 0), 0.0)  # exact ends, free of rounding
    upper = np.where((m > 0) & (k < m), np.minimum(centre + half, 1), 1.0)
    return lower, upper


def rule_of_three(n: int, *, confidence: float = 0.95) -> float:
    """Upper bound of a rate of which n trials showed none: 1 - (1 - confidence)^(1/n), about 3/n at 95 %.

    Hanley and Lippman-Hand 1983, JAMA 249:1743. 1.0 for n = 0.
    """
    return 1.0 if n <= 0 else -math.expm1(math.log1p(-confidence) / n)


def delong(y01: ArrayLike, scores: ArrayLike) -> tuple[float, float]:
    """Area under the ROC curve and its variance (DeLong et al. 1988, Biometrics 44:837).

    By mid-ranks in O(n log n) (Sun and Xu 2014, IEEE Signal Processing Letters 21:1389); ties count one half.

    Args:
        y01: Truth, shape (n,): 1 or True for the positive class.
        scores: Larger means more likely positive, shape (n,).

    Returns:
        (area, variance); NaN where a class is missing, and a NaN variance where a class has a single row.
    """
    areas, covariance = _delong(y01, np.asarray(scores, float)[None, :])
    return float(areas[0]), float(covariance[0, 0])


def delong_paired(y01: ArrayLike, s1: ArrayLike, s2: ArrayLike) -> tuple[Floats, Floats]:
    """Areas of two models on the same rows, shape (2,), and their covariance, shape (2, 2); see `delong`."""
    return _delong(y01, np.stack([np.asarray(s1, float), np.asarray(s2, float)]))


def logit_delong(y01: ArrayLike, scores: ArrayLike, *, confidence: float = 0.95, sides: Literal[1, 2] = 2) -> Interval:
    """DeLong's interval formed on the logit of the area, which keeps it inside 0 to 1 and its coverage near nominal.

    Bounds are NaN where the logit has none: an area of exactly 0 or 1, or a class with fewer than two rows.
    """
    area, variance = delong(y01, scores)
    n = len(np.asarray(y01))
    lower = upper = math.nan
    if 0 < area < 1 and math.isfinite(variance):
        half = float(ndtri(1 - (1 - confidence) / sides)) * math.sqrt(variance) / (area * (1 - area))
        logit = math.log(area / (1 - area))
        lower, upper = (1 / (1 + math.exp(-x)) for x in (logit - half, logit + half))
    return Interval(estimate=area, lower=lower, upper=upper, n=n, method="logit-DeLong")


def _delong(y01: ArrayLike, scores: Floats) -> tuple[Floats, Floats]:
    """Areas (k,) and covariance (k, k) of k score vectors, shape (k, n)."""
    positive = np.asarray(y01).astype(bool)
    m, n = int(positive.sum()), int((~positive).sum())
    k = len(scores)
    if m == 0 or n == 0 or np.isnan(scores).any():
        return np.full(k, np.nan), np.full((k, k), np.nan)
    among_all = stats.rankdata(scores, axis=1)
    over_negatives = (among_all[:, positive] - stats.rankdata(scores[:, positive], axis=1)) / n
    under_positives = 1 - (among_all[:, ~positive] - stats.rankdata(scores[:, ~positive], axis=1)) / m
    return over_negatives.mean(axis=1), _covariance(over_negatives) / m + _covariance(under_positives) / n


def _covariance(components: Floats) -> Any:
    if components.shape[1] < 2:
        return np.full((len(components),) * 2, np.nan)
    return np.atleast_2d(np.cov(components))
