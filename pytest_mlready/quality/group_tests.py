"""Designs and corrects a family of one-sided tests, one for each group of rows."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

POWER = 0.99  # with 20 groups and a floor of .85 it asks for about 200 rows a group
EXACT_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How sure the family of tests is to be.

    Attributes:
        tests: Tests in the family.
        confidence: Of the family as a whole, and of each bound by itself; 0 compares point estimates.
        power: With which a group must show a drop to count as large enough.
        seed: Of the bootstrap.
    """

    tests: int = 1
    confidence: float = 0.95
    power: float = POWER
    seed: int = 0

    @property
    def z(self) -> float:
        """Of one bound."""
        return float(ndtri(self.confidence))

    @property
    def alpha(self) -> float:
        """Level of the hardest test in the family."""
        return (1 - self.confidence) / max(1, self.tests)

    @property
    def z_adjusted(self) -> float:
        """Of the hardest test in the family."""
        return -float(ndtri(self.alpha))

    @property
    def z_power(self) -> float:
        return float(ndtri(self.power))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One metric on one group.

    Attributes:
        group, columns: Name and columns of the group.
        metric: Its name.
        n: Rows that count for the metric; `rows` of the whole group.
        value, lower, upper: Estimate and one-sided bounds (of this group alone); None when they cannot be formed.
        limit: What it was held against; `side` 1 for a floor, -1 for a ceiling.
        p: One-sided p-value of "the group meets the limit"; `adjusted` after Holm; None when it cannot be tested.
        needed: Rows that a group like this needs to show the drop; None when unknown.
        reason: Why it cannot be judged, in words.
    """

    group: str
    columns: tuple[str, ...]
    metric: str
    n: int
    rows: int
    value: float | None
    lower: float | None
    upper: float | None
    limit: float
    side: int
    p: float | None
    adjusted: float | None = None
    needed: int | None = None
    reason: str = ""

    @property
    def adequate(self) -> bool:
        """Large enough to show the drop that was asked for."""
        return not self.reason and self.needed is not None and self.n >= self.needed


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's adjusted p-values, shape as given; agrees with statsmodels' multipletests(method="holm")."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def adjust(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Fills in `adjusted`, over all findings that could be tested."""
    tested = np.array([f.p for f in found if f.p is not None], dtype=float)
    values = iter(holm(tested).tolist())
    return tuple(f if f.p is None else replace(f, adjusted=next(values)) for f in found)


@functools.cache
def rows_to_show(limit: float, drop: float, design: Design, *, side: int = 1) -> int:
    """Rows of a group from which on a true rate `drop` beyond its limit is found with the power of the design.

    By the exact binomial test at the Bonferroni level, the hardest step of Holm's: a floor of 0.85, a drop of 0.15, 20
    tests and power 0.99 ask for about 200 rows; power 0.8 for about 100. Beyond 20,000 rows by normal approximation.
    """
    limit, true = (min(max(rate, 0.0), 1.0) for rate in (limit, limit - side * drop))
    if side < 0:
        limit, true = 1 - limit, 1 - true
    if limit <= true:
        return 1
    spread = design.z_adjusted * math.sqrt(limit * (1 - limit)) + design.z_power * math.sqrt(true * (1 - true))
    about = max(1, math.ceil((spread / (limit - true)) ** 2))
    if about > EXACT_ROWS:
        return about
    n = np.arange(1, 2 * about + 50)
    critical = stats.binom.ppf(design.alpha, n, limit) - 1  # the most successes that reject
    short = np.flatnonzero(stats.binom.cdf(critical, n, true) < design.power)
    return int(n[short[-1]]) + 1 if len(short) else 1


def rows_at_error(n: int, error: float, drop: float, design: Design) -> int:
    """The same from a standard error measured on `n` rows, which falls with the square root of the rows."""
    if drop <= 0:
        return n + 1
    return max(1, math.ceil(n * ((design.z_adjusted + design.z_power) * error / drop) ** 2))
