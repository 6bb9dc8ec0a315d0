"""The built-in drift verdict on two windows of 1,000,000 rows and 50 columns, against reading them and Evidently."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pytest_mlready.drift.builtin import Builtin
from pytest_mlready.drift.windows import Windows

ROWS, ROUNDS = 1_000_000, 5
LIMIT = 3.0  # of the time that reading the same columns takes
BLOCKS = 3  # column blocks that may be in memory beyond the frames; a block is one column of both windows
EVIDENTLY_ROWS, EVIDENTLY_COLUMNS = 100_000, 10  # more would take minutes


def window(seed, rows=ROWS):
    rng = np.random.default_rng(seed)
    words = np.array(["alpha", "beta", "gamma", "delta"])
    columns = {f"number{i}": rng.normal(size=rows) for i in range(30)}
    columns |= {f"count{i}": rng.integers(0, 1000, rows) for i in range(10)}
    columns |= {f"kind{i}": pl.Series(words[rng.integers(0, 4, rows)]) for i in range(10)}
    return pl.DataFrame(columns)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows")
    paths = [folder / f"{name}.parquet" for name in ("reference", "current")]
    for seed, path in enumerate(paths):
        window(seed).write_parquet(path)
    return paths


def read(files):
    return [pl.read_parquet(path) for path in files]


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.slow
def test_the_verdict_costs_at_most_three_times_what_reading_the_columns_does(benchmark, files):
    windows = Windows(**dict(zip(("reference", "current"), read(files), strict=True)))
    detect = Builtin()
    assert not detect(windows).alarmed
    reading, judging = [], []
    for _ in range(ROUNDS):  # interleaved, so that a busy minute hits both
        reading.append(seconds(lambda: read(files)))
        judging.append(seconds(lambda: detect(windows)))
    ratio = statistics.median(judging) / statistics.median(reading)
    benchmark.pedantic(detect, (windows,), rounds=3)
    benchmark.extra_info |= {"reading_seconds": statistics.median(reading), "ratio": ratio, "limit": LIMIT}
    print(f"verdict {statistics.median(judging):.2f} s, reading {statistics.median(reading):.2f} s, ratio {ratio:.2f}")
    assert ratio <= LIMIT


@pytest.mark.slow
def test_the_verdict_is_faster_than_evidently_with_one_method_a_column(benchmark):
    from pytest_mlready.drift.evidently_detector import Evidently

    names = [f"number{i}" for i in range(EVIDENTLY_COLUMNS)]
    frames = [window(seed, EVIDENTLY_ROWS).select(names) for seed in (1, 2)]
    windows = Windows(reference=frames[0], current=frames[1])
    detect, theirs = Builtin(), Evidently(most=EVIDENTLY_ROWS)
    theirs(windows)  # the import, which takes seconds, does not count
    ours = benchmark.pedantic(lambda: seconds(lambda: detect(windows)), rounds=ROUNDS)
    evidently = seconds(lambda: theirs(windows))
    benchmark.extra_info |= {"evidently_seconds": evidently, "ratio": evidently / ours}
    print(f"verdict {ours:.3f} s, Evidently's PSI {evidently:.2f} s, {evidently / ours:.0f} times as long")
    assert ours < evidently


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_verdict_needs_little_memory_beyond_the_frames(benchmark):
    run = [sys.executable, __file__]
    out = benchmark.pedantic(subprocess.run, (run,), {"capture_output": True, "text": True, "check": True}, rounds=1)
    grown, block = (int(number) for number in out.stdout.split())
    benchmark.extra_info |= {"grown_bytes": grown, "block_bytes": block}
    print(f"{grown / 1e6:.0f} MB beyond the frames; the columns compared at one time hold {block / 1e6:.0f} MB")
    assert grown <= BLOCKS * block


def memory(line):
    """Bytes, from a line of what Linux says of this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(text for text in status if text.startswith(line)).split()[1]) * 1024


if __name__ == "__main__":
    from pytest_mlready.drift import builtin

    both = Windows(reference=window(1), current=window(2))
    small = Windows(reference=both.reference[:1000], current=both.current[:1000])
    Builtin()(small)  # what is imported and cached is no matter of the rows
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    Builtin()(both)
    print(memory("VmHWM") - before, builtin.threads(2 * ROWS) * 2 * ROWS * 8)
