"""Bounds a mean whose rows are skewed, and tests many of them at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_VARIANCE = 0.25  # share of the variance that a correction leaves at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far an estimate may be off.

    Attributes:
        estimate: The mean.
        error: Its standard error.
        skew: Skewness of the units, divided by the root of their number.
    """

    estimate: float
    error: float
    skew: float

    def upper(self, confidence: float) -> float:
        """One-sided upper bound; the estimate itself at confidence 0."""
        return self.estimate - self.error * self._turned(-_z(confidence))

    def lower(self, confidence: float) -> float:
        """One-sided lower bound; the estimate itself at confidence 0."""
        return self.estimate - self.error * self._turned(_z(confidence))

    def p_below(self, limit: float) -> float:
        """The p-value against "the mean is at least the limit"; at most 1 - confidence just where upper is below it."""
        if self.error == 0:
            return float(self.estimate > limit)
        t = (self.estimate - limit) / self.error
        return float(ndtr(t + self.skew * t**2 / 3 + self.skew**2 * t**3 / 27 + self.skew / 6))

    def _turned(self, z: float) -> float:
        """The quantile of Student's statistic that stands for a normal one, given the skewness.

        Hall 1992, Journal of the Royal Statistical Society B 54:221: a cubic that takes the skewness out and can be
        solved, so that no resampling is needed.
        """
        if z == 0 or abs(self.skew) < 1e-9:
            return z
        return float(3 / self.skew * (np.cbrt(1 + self.skew * (z - self.skew / 6)) - 1))


def spread(estimate: float, units: NDArray[np.float64], *, excess: float = 0.0) -> Spread:
    """How far a mean may be off, from what each independent unit contributes.

    Args:
        estimate: The mean.
        units: Influence of each unit (a row, a cluster) on it, shape (c,): their mean stands for the error.
        excess: Variance of the mean that the units have by their construction alone, and the mean has not.
    """
    centred = units - units.mean()
    variance = float(centred @ centred) / max(len(units) - 1, 1)
    if variance == 0:
        return Spread(estimate=estimate, error=0.0, skew=0.0)
    of_mean = variance / len(units)
    skew = float((centred**3).mean()) / variance**1.5 / math.sqrt(len(units))
    return Spread(estimate=estimate, error=math.sqrt(max(of_mean - excess, LEAST_VARIANCE * of_mean)), skew=skew)


def holm(p: Sequence[float], alpha: float) -> tuple[list[bool], float]:
    """Which of many hypotheses are rejected, and the level at which the last of them were tested.

    Holm 1979, Scandinavian Journal of Statistics 6:65: the chance of even one wrong rejection is at most `alpha`.
    """
    rejected = [False] * len(p)
    while True:
        level = alpha / max(len(p) - sum(rejected), 1)
        now = [value <= level for value in p]
        if now == rejected:
            return rejected, level
        rejected = now


def _z(confidence: float) -> float:
    return float(ndtri(confidence)) if confidence > 0 else 0.0
