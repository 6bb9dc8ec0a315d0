"""Slice search on 1,000,000 rows and 50 columns, against a plain NumPy group-by of the same counts."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pytest_mlready.quality.discretise import discretise
from pytest_mlready.quality.slices import search

ROWS, ROUNDS, LIMIT = 1_000_000, 3, 3.0


def table(rows=ROWS):
    rng = np.random.default_rng(1)
    words = np.array([f"v{k}" for k in range(10_000)])
    columns = {f"number{i}": rng.normal(size=rows) for i in range(20)}
    columns |= {f"gain{i}": np.where(rng.random(rows) < 0.9, 0, rng.exponential(size=rows)) for i in range(5)}
    columns |= {f"count{i}": rng.integers(0, 1000, rows) for i in range(10)}
    columns |= {f"kind{i}": pl.Series(words[rng.integers(0, 10, rows)]) for i in range(13)}
    columns |= {f"city{i}": pl.Series(words[(10_000 * rng.random(rows) ** 3).astype(int)]) for i in range(2)}
    return pl.DataFrame(columns), (rng.random(rows) < 0.15).astype(float)


def plain_group_by(columns, loss):
    """What one would write: for each two columns, the rows and the losses of every cell."""
    for a, b in combinations(columns, 2):
        code = a.codes.astype(np.intp) * len(b.labels) + b.codes
        cells = len(a.labels) * len(b.labels)
        np.bincount(code, minlength=cells)
        np.bincount(code, weights=loss, minlength=cells)


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.slow
def test_the_search_costs_at_most_three_times_the_plain_counts(benchmark):
    frame, loss = table()
    columns, _ = discretise(frame, frame.columns)
    plain, ours = [], []
    for _ in range(ROUNDS - 1):  # interleaved, so that a busy minute hits both
        plain.append(seconds(lambda: plain_group_by(columns, loss)))
        ours.append(seconds(lambda: search(frame, loss)))
    plain.append(seconds(lambda: plain_group_by(columns, loss)))
    ours.append(seconds(lambda: benchmark.pedantic(search, (frame, loss), rounds=1)))
    ratio = statistics.median(ours) / statistics.median(plain)
    benchmark.extra_info |= {"plain_seconds": statistics.median(plain), "ratio": ratio, "limit": LIMIT}
    print(f"search {statistics.median(ours):.2f} s, plain counts {statistics.median(plain):.2f} s, ratio {ratio:.2f}")
    assert ratio <= LIMIT


def peak_growth(what):
    """Bytes that the peak of memory grows by in a fresh process, above the table itself."""
    out = subprocess.run([sys.executable, __file__, what], capture_output=True, text=True, check=True)
    return int(out.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_search_needs_little_more_memory_than_the_plain_counts(benchmark):
    search_peak = benchmark.pedantic(peak_growth, ("search",), rounds=1)
    plain_peak = peak_growth("plain")
    benchmark.extra_info |= {"search_bytes": search_peak, "plain_bytes": plain_peak}
    print(f"search {search_peak / 1e6:.0f} MB, plain counts {plain_peak / 1e6:.0f} MB, above the table")
    assert search_peak <= plain_peak + 3 * ROWS * 50  # three bytes a value


def memory(line):
    """Bytes, from a line of what Linux says of this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(text for text in status if text.startswith(line)).split()[1]) * 1024


if __name__ == "__main__":
    frame, loss = table()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    if sys.argv[1] == "search":
        search(frame, loss)
    else:
        plain_group_by(discretise(frame, frame.columns)[0], loss)
    print(memory("VmHWM") - before)
