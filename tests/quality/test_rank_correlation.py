from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.quality import rank_correlation
from pytest_mlready.quality.rank_correlation import pairs_needed, spearman


def pairs(n, seed, slope=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, slope * x + rng.normal(size=n)


@pytest.mark.parametrize("n", [4, 8, 12, 13, 60])
@pytest.mark.parametrize("digits", [0, 9], ids=["ties", "no ties"])
def test_the_estimate_is_scipys(n, digits):
    x, y = (np.round(v, digits) for v in pairs(n, seed=n))
    assert spearman(x, y).rho == pytest.approx(stats.spearmanr(x, y).statistic)


@pytest.mark.parametrize("digits", [0, 9], ids=["ties", "no ties"])
def test_the_exact_p_value_is_that_of_scipys_permutation_test(digits):
    x, y = (np.round(v, digits) for v in pairs(7, seed=3))
    theirs = stats.permutation_test(
        (x,), lambda x: stats.spearmanr(x, y).statistic, permutation_type="pairings", alternative="greater",
        n_resamples=np.inf,
    )  # fmt: skip
    assert spearman(x, y).p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_the_exact_p_value_is_the_share_of_all_orders():
    y = [3, 1, 2, 5, 4]
    seen = sum(a * b for a, b in zip(range(1, 6), y, strict=True))
    reached = [sum(a * b for a, b in zip(range(1, 6), o, strict=True)) >= seen for o in itertools.permutations(y)]
    assert spearman(range(5), y).p == pytest.approx(np.mean(reached))


def test_drawn_permutations_agree_with_scipys_large_sample_test():
    x, y = pairs(40, seed=1, slope=0.3)
    ours, theirs = spearman(x, y), stats.spearmanr(x, y, alternative="greater")
    assert ours.method == "20,000 permutations"
    assert ours.p == pytest.approx(theirs.pvalue, abs=0.01)


def test_the_same_pairs_give_the_same_p_value():
    x, y = pairs(30, seed=1)
    assert spearman(x, y) == spearman(x, y)


def test_drawn_permutations_never_say_impossible():
    assert spearman(range(30), range(30)).p == pytest.approx(1 / (rank_correlation.DRAWN + 1))


def test_a_constant_side_has_no_correlation():
    found = spearman([1, 2, 3, 4], [5, 5, 5, 5])
    assert all(math.isnan(v) for v in (found.rho, found.lower, found.upper, found.p))


def test_a_perfect_order_of_few_pairs_is_not_taken_for_certain():
    up, down = spearman(range(8), range(8)), spearman(range(8), range(8)[::-1])
    assert (up.rho, up.upper) == (1.0, 1.0)
    assert 0.7 < up.lower < 0.95
    assert (down.rho, down.lower) == (-1.0, -1.0)


@pytest.mark.parametrize(("n", "rho"), [(8, 0.0), (20, 0.0), (8, 0.5), (20, 0.5)])
def test_the_lower_bound_covers(n, rho):
    rng = np.random.default_rng(7)
    r = 2 * math.sin(math.pi * rho / 6)  # of two normals whose Spearman correlation is rho
    draws = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=(600, n))
    ranks = [(stats.rankdata(d[:, 0]), stats.rankdata(d[:, 1])) for d in draws]
    lower = [rank_correlation._bounds(np.corrcoef(a, b)[0, 1], n, 0.95)[0] for a, b in ranks]
    assert np.mean(np.array(lower) <= rho) >= 0.935


def test_pairs_needed_bring_the_bound_above_zero():
    for rho in (0.3, 0.5, 0.8):
        n = pairs_needed(rho)
        assert rank_correlation._bounds(rho, n, 0.95)[0] > 0 >= rank_correlation._bounds(rho, n - 1, 0.95)[0]
    assert pairs_needed(0.0) is None
