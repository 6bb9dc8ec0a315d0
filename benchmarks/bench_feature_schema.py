"""A JSON Schema held against 1,000,000 rows of 50 columns, against reading them from their parquet file."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pytest_mlready.features.schema import json_rows

ROWS, ROUNDS = 1_000_000, 5
LIMIT = 3.0  # of the time that reading the file takes
WORDS = ("alpha", "beta", "gamma", "delta")
COLUMN = 8 * ROWS  # bytes of one column of numbers


def rows():
    rng = np.random.default_rng(1)
    columns = {f"number{i}": rng.normal(size=ROWS) for i in range(30)}
    columns |= {f"count{i}": rng.integers(0, 1000, ROWS) for i in range(10)}
    columns |= {f"kind{i}": pl.Series(np.array(WORDS)[rng.integers(0, 4, ROWS)]) for i in range(10)}
    return pl.DataFrame(columns)


def document(frame):
    """Type, range or categories, and no null, for every column."""
    kinds = {
        "number": {"type": "number", "minimum": -9, "maximum": 9},
        "count": {"type": "integer", "minimum": 0, "maximum": 999},
        "kind": {"type": "string", "enum": list(WORDS)},
    }
    properties = {name: kinds[name.rstrip("0123456789")] for name in frame.columns}
    return {"type": "object", "properties": properties, "required": frame.columns, "additionalProperties": False}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    rows().write_parquet(path)
    return path


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.slow
def test_validating_costs_at_most_three_times_what_reading_the_file_does(benchmark, file):
    frame = pl.read_parquet(file)
    schema = json_rows.read(document(frame))
    assert schema.check(frame).broken == 0
    damaged = frame.with_columns(count3=pl.when(pl.int_range(pl.len()) == 7).then(1000).otherwise("count3"))
    assert [breach.rows for breach in schema.check(damaged).breaches] == [1]
    reading, checking = [], []
    for _ in range(ROUNDS):  # interleaved, so that a busy minute hits both
        reading.append(seconds(lambda: pl.read_parquet(file)))
        checking.append(seconds(lambda: schema.check(frame)))
    ratio = statistics.median(checking) / statistics.median(reading)
    benchmark.pedantic(schema.check, (frame,), rounds=3)
    benchmark.extra_info |= {"reading_seconds": statistics.median(reading), "ratio": ratio, "limit": LIMIT}
    print(f"check {statistics.median(checking):.2f} s, reading {statistics.median(reading):.2f} s, ratio {ratio:.2f}")
    assert ratio <= LIMIT


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_validating_needs_one_bit_for_a_row_and_rule_and_a_few_columns(benchmark):
    run = [sys.executable, __file__]
    out = benchmark.pedantic(subprocess.run, (run,), {"capture_output": True, "text": True, "check": True}, rounds=1)
    grown, rules, threads = (int(number) for number in out.stdout.split())
    bits, columns = rules * ROWS // 8, 4 * threads * COLUMN
    benchmark.extra_info |= {"grown_bytes": grown, "bit_bytes": bits, "column_bytes": columns}
    print(
        f"{grown / 1e6:.0f} MB beyond the rows; {bits / 1e6:.0f} MB of bits, {columns / 1e6:.0f} MB of columns allowed"
    )
    assert grown <= bits + columns


def memory(line):
    """Bytes, from a line of what Linux says of this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(text for text in status if text.startswith(line)).split()[1]) * 1024


if __name__ == "__main__":
    table = rows()
    whole = json_rows.read(document(table))
    whole.check(table[:1000])  # what is imported and cached is no matter of the rows
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    whole.check(table)
    print(memory("VmHWM") - before, len(whole.rules), pl.thread_pool_size())
