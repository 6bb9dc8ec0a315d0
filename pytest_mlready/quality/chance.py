"""Tells how many rows two sets may share by chance: the set of all rows, split at random, shares some too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW_GROUPS = 1000  # up to here the null distribution is drawn, beyond it is normal with the exact mean and variance
DRAWS = 999
MOST_BLOCKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Held-out rows with a twin in train, against what a random split of the same rows gives.

    Attributes:
        shared: Held-out rows with a twin in train.
        heldout: All held-out rows.
        expected: Mean of `shared` when the rows of both sets are dealt out at random.
        upper: Its upper quantile at the confidence asked for.
        p: Probability of at least `shared` under such a deal.
        detectable: Least number of held-out rows which, copied into train, would have been noticed; infinite when the
            duplicates inside the data would hide any number of them.
    """

    shared: int
    heldout: int
    expected: float
    upper: float
    p: float
    detectable: float


def overlap(  # noqa: PLR0913 - counts of two sets
    train: NDArray[np.intp],
    heldout: NDArray[np.intp],
    *,
    train_rows: int,
    heldout_rows: int,
    confidence: float = 0.95,
    seed: int = 0,
) -> Overlap:
    """Judges shared rows by an exact test of "the split was random", given all duplicates in both sets together.

    When held-out rows were drawn at random from the rows there are, a group of t equal rows falls to the held-out set
    as a random sample does. Rows that were copied into train stand across the split more often than that, while
    duplicates that lie in the data by nature fall on either side. So data of few distinct rows, where nearly every
    row has twins, raise no alarm, and in data without duplicates a handful of shared rows does.

    Args:
        train: Rows in train of each group of equal rows, shape (g,); groups of a single row may be left out.
        heldout: Rows in the held-out set of the same groups, shape (g,).
        train_rows: All rows of train.
        heldout_rows: All held-out rows.
        confidence: 1 - confidence is the rate of false alarms.
        seed: Of the 999 deals (more above a confidence of 0.99) that are drawn for up to 1,000 groups; beyond, the
            normal distribution with the exact mean and variance takes their place.

    Source: a permutation test (Fisher 1935) whose null distribution is multivariate hypergeometric.
    """
    sizes = np.asarray(train + heldout)
    several = sizes > 1
    train, heldout, sizes = train[several], heldout[several], sizes[several]
    shared = int(heldout[train > 0].sum())
    mean, sd = _moments(sizes, train_rows, heldout_rows)
    if len(sizes) <= FEW_GROUPS:
        draws = _deals(sizes, train_rows, heldout_rows, seed, _blocks(confidence))
        p = float((1 + (draws >= shared).sum()) / (1 + len(draws)))
        upper = float(np.quantile(draws, confidence, method="inverted_cdf"))
    else:
        p, upper = _normal(shared, mean, sd, confidence)
    each = max(1, round(train_rows / max(1, train_rows - int(np.maximum(train - 1, 0).sum()))))
    slack = upper - min(mean, shared)  # duplicates made inside train alone leave `shared` far below the mean
    detectable = _detectable(slack, each, shared, train_rows, heldout_rows)
    return Overlap(shared=shared, heldout=heldout_rows, expected=mean, upper=upper, p=p, detectable=detectable)


def _within(most: int, train_rows: int, heldout_rows: int) -> NDArray[np.float64]:
    """Probability that all of t rows fall to the held-out set, for t = 0 .. most."""
    t = np.arange(most)
    left = np.maximum(heldout_rows - t, 0) / np.maximum(train_rows + heldout_rows - t, 1)
    return np.concatenate([[1.0], np.cumprod(left)])


def _moments(sizes: NDArray[np.intp], train_rows: int, heldout_rows: int) -> tuple[float, float]:
    """Mean and standard deviation of the shared rows: held-out rows less those whose whole group is held out."""
    if not len(sizes):
        return 0.0, 0.0
    single = train_rows + heldout_rows - int(sizes.sum())
    t, count = np.unique(sizes, return_counts=True)
    t, count = np.append(t, 1), np.append(count, single).astype(float)
    within = _within(2 * int(t.max()), train_rows, heldout_rows)
    q = within[t]
    mean = heldout_rows - float((count * t * q).sum())
    covariance = np.outer(t, t) * (within[t[:, None] + t[None, :]] - np.outer(q, q))
    pairs = np.outer(count, count) - np.diag(count)
    variance = float((count * t * t * q * (1 - q)).sum() + (pairs * covariance).sum())
    return max(0.0, mean), math.sqrt(max(0.0, variance))


def _blocks(confidence: float) -> int:
    """How many times 999 deals it takes for p to fall well below 1 - confidence: 1 up to a confidence of 0.99."""
    return min(MOST_BLOCKS, math.ceil(10 / max(1 - confidence, 1e-9) / (DRAWS + 1)))


def _deals(sizes: NDArray[np.intp], train_rows: int, heldout_rows: int, seed: int, blocks: int = 1) -> NDArray[np.intp]:
    """Shared rows of random deals, shape (999 × blocks,)."""
    if not len(sizes):
        return np.zeros(DRAWS, np.intp)
    single = train_rows + heldout_rows - int(sizes.sum())
    sizes = np.sort(sizes)  # groups come in no order, and one seed must give one result
    colours = np.append(sizes, single)
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(blocks):
        drawn = generator.multivariate_hypergeometric(colours, heldout_rows, size=DRAWS, method="marginals")[:, :-1]
        found.append(np.where(drawn < sizes, drawn, 0).sum(axis=1))
    return np.concatenate(found)


def _normal(shared: int, mean: float, sd: float, confidence: float) -> tuple[float, float]:
    from scipy.stats import norm

    if sd == 0:
        return float(shared <= round(mean)), mean
    return float(norm.sf((shared - 0.5 - mean) / sd)), float(mean + norm.ppf(confidence) * sd)


def _detectable(slack: float, each: int, shared: int, train_rows: int, heldout_rows: int) -> float:
    """Least number of copied rows that reach the upper quantile, when a row of train stands there `each` times."""
    rows = train_rows + heldout_rows
    size = each + 1
    chance = heldout_rows / rows
    usual = size * (chance - float(_within(size, train_rows, heldout_rows)[size]))
    fresh = 1 - shared / heldout_rows  # a copy of a row that has a twin anyway adds nothing
    if usual >= 1 or fresh <= 0:
        return math.inf
    gain, spread = 1 - usual, max(usual * (1 - usual), 0.0)
    root = math.sqrt(spread * 2.7 + 4 * gain * (slack + 1))  # c·gain = slack + 1 + 1.645·√(c·spread), solved for √c
    return math.ceil(((math.sqrt(spread * 2.7) + root) / (2 * gain)) ** 2) / fresh
