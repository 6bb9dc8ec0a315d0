"""States which shift the decision sees at a given size, for a feature that is normal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

from pytest_mlready.drift import two_sample

if TYPE_CHECKING:
    from pytest_mlready.drift.findings import Bands

MOST = 10.0  # standard deviations beyond which nothing is looked for


def smallest_shift(reference: float, current: float, bands: Bands, *, power: float = 0.9) -> float:
    """The shift of a normal feature's mean, in standard deviations, that alarms with this probability.

    The index of a shifted sample is taken as (1/n + 1/m) times a non-central chi-square, of which the non-centrality is
    the index of the shifted distribution over that factor. Significance is not asked for again: from about 100 rows on,
    what is relevant is real.

    Args:
        reference: Rows of the reference (or what dependent ones are worth).
        current: Likewise of the current window.
        bands: The limits.
        power: Probability of the alarm.
    """
    scale = 1 / reference + 1 / current
    limit = two_sample.independent(bands.bins, reference, current).quantile(bands.confidence) + bands.fail
    low, high = 0.0, MOST
    for _ in range(40):
        middle = (low + high) / 2
        index = scale * stats.ncx2.ppf(1 - power, bands.bins - 1, population_psi(middle, bands.bins) / scale)
        low, high = (low, middle) if index >= limit else (middle, high)
    return high


def population_psi(shift: float, bins: int) -> float:
    """Population stability index of a standard normal shifted by so many standard deviations, over its own quantiles.

    0.095 for a third of a standard deviation (10 bins), 0.24 for a half: about the shift squared.
    """
    edges = special.ndtri(np.arange(bins + 1) / bins)
    moved = np.maximum(np.diff(special.ndtr(edges - shift)), np.finfo(float).tiny)
    return float(((1 / bins - moved) * np.log(1 / bins / moved)).sum())


def rows_needed(bands: Bands, cells: int, reference: int) -> float:
    """Rows of the current window from which so many cells tell a warning from chance; infinite where none do."""
    spare = bands.warn / float(special.chdtri(max(cells - 1, 1), 1 - bands.confidence)) - 1 / reference
    return 1 / spare if spare > 0 else float("inf")
