"""Plain `pytest` on an empty folder, with the plugin installed and not asked for, against pytest without it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

import pytest

ROUNDS = 31
OTHERS = (
    "hypothesispytest",
    "anyio",
    "benchmark",
    "xdist",
    "xdist.looponfail",
    "randomly",
    "rerunfailures",
    "faker",
    "cacheprovider",
)
QUIET = [word for name in OTHERS for word in ("-p", f"no:{name}")]


def seconds(folder, *words: str) -> float:
    # As installed: a package manager compiles to bytecode once, which PYTHONDONTWRITEBYTECODE would redo on every run.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "pytest", "-q", *QUIET, *words]
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=False, env=environment)
    return time.perf_counter() - started


def test_a_plain_run_costs_at_most_a_twentieth_more(benchmark, tmp_path):
    """Interleaved in turning order, so that a busy machine slows both alike; medians."""
    pairs = []

    def one() -> None:
        without_first = len(pairs) % 2
        if without_first:
            bare = seconds(tmp_path, "-p", "no:mlready")
        ours = seconds(tmp_path)
        pairs.append((ours, bare if without_first else seconds(tmp_path, "-p", "no:mlready")))

    one()
    pairs.clear()
    benchmark.pedantic(one, rounds=ROUNDS)
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    benchmark.extra_info |= {"with plugin, s": ours, "bare, s": bare, "ratio": ours / bare}
    assert ours / bare <= 1.05


@pytest.mark.parametrize("words", [("--mlready", "--collect-only")], ids=["collect"])
def test_collecting_the_checks_is_reported_beside_a_bare_run(benchmark, tmp_path, words):
    """No ratio is asked for here: the target is a second on a quiet machine, which the numbers show."""
    benchmark.pedantic(seconds, args=(tmp_path, *words), rounds=5, warmup_rounds=1)
    benchmark.extra_info |= {"bare, s": statistics.median(seconds(tmp_path, "-p", "no:mlready") for _ in range(5))}
