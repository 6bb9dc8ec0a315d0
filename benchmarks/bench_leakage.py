"""Shared rows of 1,000,000 train and 200,000 held-out rows of 50 columns, against Polars' own hash and verification."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pytest_mlready.quality import leakage
from pytest_mlready.values import Dataset

TRAIN, HELDOUT, SHARED, ROUNDS, LIMIT = 1_000_000, 200_000, 500, 5, 2.0


def tables():
    rng = np.random.default_rng(1)
    rows = TRAIN + HELDOUT
    words = np.array(["alpha", "beta", "gamma", "delta"])
    columns = {f"number{i}": rng.normal(size=rows) for i in range(30)}
    columns |= {f"count{i}": rng.integers(0, 1000, rows) for i in range(10)}
    columns |= {f"kind{i}": pl.Series(words[rng.integers(0, 4, rows)]) for i in range(10)}
    both = pl.DataFrame(columns)
    train, heldout = both[:TRAIN], both[TRAIN:]
    return pl.concat([train[: TRAIN - SHARED], heldout[:SHARED]]).rechunk(), heldout.rechunk()


def datasets(train, heldout):
    names = tuple(train.columns)
    return tuple(
        Dataset(frame=f, name=n, source=n, sha256="", features=names)
        for f, n in ((train, "train"), (heldout, "heldout"))
    )  # fmt: skip


def polars_alone(train, heldout):
    """Hash every row, keep those whose hash occurs twice, in train or across, and group them by their values."""
    hashes = pl.concat([train.hash_rows(), heldout.hash_rows()])
    several = hashes.is_duplicated()
    candidates = pl.concat([train.filter(several[:TRAIN]), heldout.filter(several[TRAIN:])])
    return candidates.group_by(train.columns).len().filter(pl.col("len") > 1).height


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.slow
def test_the_verdict_costs_at_most_twice_what_polars_needs_for_the_same_rows(benchmark):
    train, heldout = tables()
    sets = datasets(train, heldout)
    verdict = leakage.exact_overlap(*sets)
    assert verdict.outcome == "failed"
    assert verdict.measurements[0].value == SHARED == polars_alone(train, heldout)
    plain, ours = [], []
    for _ in range(ROUNDS):  # interleaved, so that a busy minute hits both
        plain.append(seconds(lambda: polars_alone(train, heldout)))
        ours.append(seconds(lambda: leakage.exact_overlap(*sets)))
    ratio = statistics.median(ours) / statistics.median(plain)
    benchmark.pedantic(leakage.exact_overlap, sets, rounds=3)
    benchmark.extra_info |= {"polars_seconds": statistics.median(plain), "ratio": ratio, "limit": LIMIT}
    print(f"verdict {statistics.median(ours):.2f} s, Polars {statistics.median(plain):.2f} s, ratio {ratio:.2f}")
    assert ratio <= LIMIT


def peak_growth(what):
    """Bytes that the peak of memory grows by in a fresh process, above the tables themselves."""
    out = subprocess.run([sys.executable, __file__, what], capture_output=True, text=True, check=True)
    return int(out.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_verdict_needs_little_more_memory_than_polars_does(benchmark):
    ours = benchmark.pedantic(peak_growth, ("ours",), rounds=1)
    plain = peak_growth("polars")
    benchmark.extra_info |= {"verdict_bytes": ours, "polars_bytes": plain}
    print(f"verdict {ours / 1e6:.0f} MB, Polars {plain / 1e6:.0f} MB, above the tables")
    assert ours <= plain + 100 * (TRAIN + HELDOUT)  # a hundred bytes a row, of fifty columns


def memory(line):
    """Bytes, from a line of what Linux says of this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(text for text in status if text.startswith(line)).split()[1]) * 1024


if __name__ == "__main__":
    train, heldout = tables()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    if sys.argv[1] == "ours":
        leakage.exact_overlap(*datasets(train, heldout))
    else:
        polars_alone(train, heldout)
    print(memory("VmHWM") - before)
