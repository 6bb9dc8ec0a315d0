"""Compares the weighted BCa bootstrap with scipy's and with a plain loop on the same data: ratios, not seconds.

Run with `pytest benchmarks/test_bootstrap.py`. The ratios and peak memories are printed and stored as `extra_info`.
"""

from __future__ import annotations

import time
import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.quality import bootstrap
from pytest_mlready.quality.bootstrap import bca
from pytest_mlready.quality.metrics import resolve
from pytest_mlready.values import Predictions

pytest.importorskip("pytest_benchmark")
RESAMPLES = 1000


def predictions(n):
    rng = np.random.default_rng(0)
    truth = rng.random(n) < 0.24
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + 2 * truth - 1.5)))
    names = np.array(["<=50K", ">50K"])
    return Predictions(
        task="binary-classification", y=names[truth.astype(int)], labels=names[(score > 0.5).astype(int)],
        classes=("<=50K", ">50K"), proba=np.column_stack([1 - score, score]), score=score, positive=">50K", sha256="x",
    )  # fmt: skip


def f1(truth, told):
    return 2 * (truth & told).sum() / (truth.sum() + told.sum())


def plain_loop(p, resamples):
    """What one would write by hand: draw rows, index, compute; percentiles without any correction."""
    rng = np.random.default_rng(0)
    truth, told = p.y == p.positive, p.labels == p.positive
    drawn = (rng.integers(0, len(p), len(p)) for _ in range(resamples))
    return np.quantile([f1(truth[rows], told[rows]) for rows in drawn], [0.025, 0.975])


def seconds(call, rounds=3):
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def peak(call):
    """Peak of traced memory in bytes."""
    tracemalloc.start()
    call()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


@pytest.mark.parametrize("n", [1_000, 16_000, 100_000])
def test_bca_against_a_plain_loop(benchmark, n):
    p = predictions(n)
    statistic = resolve("f1", p.task).statistic(p)
    ours = lambda: bca(statistic, n, strata=p.y, resamples=RESAMPLES)  # noqa: E731
    benchmark.pedantic(ours, rounds=2, warmup_rounds=1)
    ratio = seconds(ours, rounds=2) / seconds(lambda: plain_loop(p, RESAMPLES), rounds=2)
    benchmark.extra_info.update(rows=n, ratio_to_plain_loop=round(ratio, 2))
    print(f"\n{n:,} rows: BCa with acceleration takes {ratio:.2f} x a plain percentile loop")
    assert ratio < 3


def test_bca_against_scipy(benchmark):
    n, resamples = 2_000, 99
    p = predictions(n)
    truth, told = p.y == p.positive, p.labels == p.positive
    statistic = resolve("f1", p.task).statistic(p)
    ours = lambda: bca(statistic, n, resamples=resamples)  # noqa: E731

    def scipys():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stats.bootstrap(
                (truth, told), f1, paired=True, vectorized=False, n_resamples=resamples, method="BCa", rng=0
            )

    benchmark.pedantic(ours, rounds=3, warmup_rounds=1)
    ratio = seconds(ours) / seconds(scipys, rounds=1)
    benchmark.extra_info.update(rows=n, ratio_to_scipy=round(ratio, 3))
    print(f"\n{n:,} rows: {ratio:.3f} x scipy's BCa")
    assert ratio < 0.5


@pytest.mark.parametrize("n", [16_000, 1_000_000])
def test_peak_memory_stays_within_a_few_blocks(benchmark, n):
    p = predictions(n)
    statistic = resolve("log_loss", p.task).statistic(p)
    call = lambda: bca(statistic, n, resamples=20)  # noqa: E731
    benchmark.pedantic(call, rounds=1)
    found = peak(call)
    block = max(bootstrap.BLOCK_BYTES, 8 * n)
    benchmark.extra_info.update(rows=n, peak_mb=round(found / 2**20, 1), blocks=round(found / block, 1))
    print(f"\n{n:,} rows: peak {found / 2**20:.0f} MB, {found / block:.1f} blocks of weights")
    assert found < 6 * block
