"""Holds what a comparison of two models on the same rows found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from pytest_mlready.quality import paired_rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two models on the same rows.

    Attributes:
        metric: Its name.
        candidate, reference: The metric's value for each.
        difference: Positive when the candidate is better, whatever the direction of the metric; relative to
            `reference` where `relative` says so.
        lower, upper: Bounds of `difference`, each one-sided with `confidence` (both together cover 2 × confidence - 1).
            NaN when they cannot be formed; equal to `difference` at confidence 0.
        n: Rows that count for the metric (all rows; the positive ones for a recall).
        method: Of the bounds.
        confidence: One-sided.
        margin: By how much the candidate may be worse, in the unit of `difference`.
        relative: `difference`, its bounds and `margin` are shares of `reference`.
        p_mcnemar: Exact two-sided p-value of "both are right equally often"; None where it does not apply.
        mde: Smallest drop that these rows show with 80 % power; None when unknown.
        discordant: (only the candidate is right, only the reference is), for rates.
        identical: Both models gave the same answers on every row that counts.
        shortage: Why the rows do not suffice whatever the numbers say; empty when they do.
    """

    metric: str
    candidate: float
    reference: float
    difference: float
    lower: float
    upper: float
    n: int
    method: str
    confidence: float
    margin: float
    relative: bool = False
    p_mcnemar: float | None = None
    mde: float | None = None
    discordant: tuple[int, int] | None = None
    identical: bool = False
    shortage: str = ""

    def rows_needed(self, limit: float) -> int | None:
        """Rows that would decide against `limit` if the difference stays as it is; None when no number would."""
        gap = abs(self.difference - limit)
        half = self.difference - self.lower if self.difference > limit else self.upper - self.difference
        if not gap or not math.isfinite(half):
            return None
        return math.ceil(self.n * max(1.0, half / gap) ** 2)

    def p_below(self, limit: float) -> float:
        """One-sided p-value of "the true difference is at least `limit`": small when it lies confidently below.

        Tango's score test for rates; for the rest the normal test that belongs to the upper bound. NaN without bounds.
        """
        if self.discordant is not None:
            return paired_rates.p_worse(*self.discordant, self.n, margin=-limit)
        half = self.upper - self.difference
        if half == 0:
            return float(self.difference >= limit)
        return float(ndtr((self.difference - limit) / half * ndtri(self.confidence)))
