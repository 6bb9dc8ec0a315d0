"""Bounds the gap between two groups in a share or a mean, and says how surely it is beyond a limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import ndtr, ndtri

from pytest_mlready.quality.intervals import wilson

if TYPE_CHECKING:
    from pytest_mlready.quality.intervals import Interval

Bounds = Callable[[float], tuple[float, float]]

FAR = 8.0  # standard errors beyond which a p-value is no longer told apart from 0
STEPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """An estimate whose bounds are known at every confidence.

    Attributes:
        estimate: Difference of two shares or means, a mean, or the logarithm of a ratio.
        bounds: Takes a standard normal quantile z, returns the lower and the upper bound at it.
        method: For the reader.
    """

    estimate: float
    bounds: Bounds
    method: str


def newcombe(k: int, n: int, k0: int, n0: int) -> Gap:
    """The difference k/n - k0/n0 of two independent shares by Wilson's intervals of each.

    Newcombe 1998, Statistics in Medicine 17:873, method 10; n and n0 are above 0.
    """
    p, p0 = k / n, k0 / n0

    def bounds(z: float) -> tuple[float, float]:
        confidence = float(ndtr(z))
        low, high = (float(b) for b in wilson(k, n, confidence=confidence, sides=1))
        low0, high0 = (float(b) for b in wilson(k0, n0, confidence=confidence, sides=1))
        gap = p - p0
        return gap - math.hypot(p - low, high0 - p0), gap + math.hypot(high - p, p0 - low0)

    return Gap(estimate=p - p0, bounds=bounds, method="Newcombe")


def katz(k: int, n: int, k0: int, n0: int) -> Gap:
    """The logarithm of the ratio (k/n) / (k0/n0), normal on that scale.

    Katz et al. 1978, Biometrics 34:469; with a count of 0, half a success more on either side, as Walter 1975 has it.
    """
    more = 0.0 if k and k0 else 0.5
    a, b, m, m0 = k + more, k0 + more, n + more, n0 + more
    log_ratio = math.log(a / m) - math.log(b / m0)
    error = math.sqrt(max(1 / a - 1 / m + 1 / b - 1 / m0, 0.0))
    return Gap(estimate=log_ratio, bounds=lambda z: (log_ratio - z * error, log_ratio + z * error), method="Katz")


def normal(estimate: float, error: float) -> Gap:
    """A mean, or a difference of two, from its standard error: for so many rows that skewness no longer shows."""
    return Gap(estimate=estimate, bounds=lambda z: (estimate - z * error, estimate + z * error), method="normal")


def scaled(interval: Interval, confidence: float) -> Gap:
    """A gap from one-sided bounds that were formed at one confidence: both distances grow with z."""
    z0 = float(ndtri(confidence))
    down, up = (interval.estimate - interval.lower) / z0, (interval.upper - interval.estimate) / z0
    return Gap(
        estimate=interval.estimate,
        bounds=lambda z: (interval.estimate - z * down, interval.estimate + z * up),
        method=interval.method,
    )


def p_beyond(gap: Gap, limit: float) -> float:
    """One-sided p-value of "the true gap is at most `limit` either way": the confidence at which a bound reaches it.

    The two sides cannot both be violated, so the nearer one is tested at the full level. 1.0 for a gap within.
    """
    if abs(gap.estimate) <= limit:
        return 1.0
    low, high = 0.0, FAR
    for _ in range(STEPS):
        middle = (low + high) / 2
        lower, upper = gap.bounds(middle)
        low, high = (middle, high) if lower > limit or upper < -limit else (low, middle)
    return float(ndtr(-low))


def detectable(gap: Gap, *, z: float, z_power: float) -> float:
    """The smallest true gap that such a sample tells from none: (z + z_power) standard errors.

    The standard error is read from the bounds at z, so it is on the scale of `estimate`.
    """
    if z <= 0:
        return 0.0
    lower, upper = gap.bounds(z)
    return (z + z_power) * (upper - lower) / 2 / z
