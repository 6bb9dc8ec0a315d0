"""Bounds Spearman's rank correlation of a few pairs, and tests it against chance by permutation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

EXACT = 12  # pairs up to which every permutation is counted; 12! are 479 million
DRAWN = 20_000  # permutations drawn beyond that


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Spearman's correlation of n pairs.

    Attributes:
        rho: The estimate, by mid-ranks; NaN where a side is constant.
        lower, upper: One-sided bounds, each at the asked confidence.
        p: One-sided p-value of "independent" against "they rise together".
        n: Number of pairs.
        method: How p was computed.
    """

    rho: float
    lower: float
    upper: float
    p: float
    n: int
    method: str


def spearman(x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95, seed: int = 0) -> Correlation:
    """Spearman's correlation with bounds on Fisher's scale and a permutation test.

    The bounds use the variance (1 + rho²/2) / (n - 3) of Bonett and Wright 2000, Psychometrika 65:23. A correlation of
    exactly 1 or -1 has no finite place on that scale and is bounded as if one pair of neighbours had changed places.

    Args:
        x: One side of the pairs, shape (n,), finite, n at least 4.
        y: The other side, shape (n,).
        confidence: Of each bound by itself.
        seed: Of the permutations, where there are too many to count.
    """
    a, b = _doubled_ranks(x), _doubled_ranks(y)
    n = len(a)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return Correlation(rho=math.nan, lower=math.nan, upper=math.nan, p=math.nan, n=n, method="none")
    rho = float(np.corrcoef(a, b)[0, 1])
    lower, upper = _bounds(rho, n, confidence)
    exact = n <= EXACT
    p = _exact(a, b) if exact else _drawn(a, b, seed)
    method = "exact permutation test" if exact else f"{DRAWN:,} permutations"
    return Correlation(rho=rho, lower=lower, upper=upper, p=p, n=n, method=method)


def pairs_needed(rho: float, *, confidence: float = 0.95) -> int | None:
    """Pairs from which on the lower bound is above 0, if the correlation stays what it is; None for 0 and below."""
    if not rho > 0:
        return None
    rho = min(rho, 0.999)
    z = float(ndtri(confidence))
    return 3 + math.ceil(z**2 * (1 + rho**2 / 2) / math.atanh(rho) ** 2)


def _doubled_ranks(values: ArrayLike) -> NDArray[np.int64]:
    """Twice the mid-ranks: whole numbers also with ties."""
    return np.asarray(np.rint(2 * rankdata(values)), dtype=np.int64)


def _bounds(rho: float, n: int, confidence: float) -> tuple[float, float]:
    edge = 1 - 12 / (n * (n**2 - 1))
    near = max(-edge, min(edge, rho))
    half = float(ndtri(confidence)) * math.sqrt((1 + near**2 / 2) / (n - 3))
    return min(rho, math.tanh(math.atanh(near) - half)), max(rho, math.tanh(math.atanh(near) + half))


def _exact(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Share of all n! pairings whose sum of rank products is at least the observed one.

    Counted over subsets rather than permutations: pairings of the first k of `a` with a subset of k of `b` extend to
    those of k + 1 by one element, so 2^n tables of sums replace n! sums.
    """
    n, total = len(a), int((np.sort(a) * np.sort(b)).sum())
    tables: dict[int, Any] = {0: np.ones(1, dtype=np.int64)}
    for value in a:
        wider: dict[int, Any] = {}
        for used, counts in tables.items():
            for j in range(n):
                if not used >> j & 1:
                    _add(wider, used | 1 << j, counts, int(value * b[j]), total)
        tables = wider
    (counts,) = tables.values()
    return float(counts[int((a * b).sum()) :].sum() / counts.sum())


def _add(tables: dict[int, Any], used: int, counts: NDArray[np.int64], by: int, total: int) -> None:
    """Adds the counts, moved up by `by`, to the table of a subset; no sum exceeds `total`."""
    table = tables.setdefault(used, np.zeros(total + 1, dtype=np.int64))
    table[by : by + len(counts)] += counts[: total + 1 - by]


def _drawn(a: NDArray[np.int64], b: NDArray[np.int64], seed: int) -> float:
    """The same from drawn permutations, the observed one among them (Phipson and Smyth 2010), so that p is never 0."""
    rng = np.random.default_rng(seed)
    seen = int((a * b).sum())
    size = max(1, 2_000_000 // len(a))
    reached = 0
    for start in range(0, DRAWN, size):
        block = rng.permuted(np.tile(b, (min(size, DRAWN - start), 1)), axis=1)
        reached += int((block @ a >= seen).sum())
    return (reached + 1) / (DRAWN + 1)
