"""Runs that pytest-benchmark saved: which two are compared, when they can be, and what counts as slower."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality import saved_runs

MACHINE = {
    "node": "ci-1", "machine": "x86_64", "system": "Linux", "python_implementation": "CPython",
    "python_version": "3.11.4", "cpu": {"brand_raw": "Xeon", "count": 2},
}  # fmt: skip


def document(mean=0.01, *, commit="a", when="2026-11-01T10:00:00", data=True, rounds=200, name="test_it", **more):
    times = mean * np.exp(np.random.default_rng(len(commit)).normal(scale=0.05, size=rounds))
    stats = {"rounds": rounds, "mean": float(times.mean()), "stddev": float(times.std())}
    stats |= {"data": times.tolist()} if data else {}
    return {
        "datetime": when, "commit_info": {"id": commit, "dirty": False}, "machine_info": {**MACHINE, **more},
        "benchmarks": [{"fullname": name, "stats": stats}],
    }  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def made(*documents):
        runs = []
        for number, one in enumerate(documents):
            path = tmp_path / f"{number:04}.json"
            path.write_text(json.dumps(one))
            runs.append(saved_runs.read(path))
        return runs

    return made


def newer(mean, **more):
    return document(mean, **{"commit": "b", "when": "2026-11-20T10:00:00", **more})


def outcomes(read, old, new):
    return [verdict.outcome for verdict in saved_runs.judge(*saved_runs.pair(read(old, new)))]


@pytest.mark.parametrize("data", [True, False])
@pytest.mark.parametrize(
    ("mean", "ended"), [(0.01, "passed"), (0.008, "passed"), (0.013, "failed"), (0.011, "inconclusive")]
)
def test_the_newest_run_is_held_against_the_one_before(read, data, mean, ended):
    assert outcomes(read, document(data=data), newer(mean, data=data)) == [ended]


def test_the_run_before_is_of_another_commit(read):
    runs = read(document(0.01), newer(0.02, when="2026-11-19T10:00:00"), newer(0.02))
    newest, previous = saved_runs.pair(runs)
    assert (newest.name, previous.name) == ("0002.json", "0000.json")


def test_one_commit_alone_is_inconclusive(read):
    with pytest.raises(Inconclusive, match="only saved run of its commit"):
        saved_runs.pair(read(document(), document(when="2026-11-02T10:00:00")))
    with pytest.raises(Inconclusive, match="no saved run"):
        saved_runs.pair([])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"node": "ci-2"}, "node ci-1 and ci-2"),
        ({"python_version": "3.12.1"}, "python_version 3.11 and 3.12"),
        ({"cpu": {"brand_raw": "Xeon", "count": 8}}, "cpu Xeon × 2 and Xeon × 8"),
    ],
)
def test_another_machine_is_inconclusive_and_named(read, change, said):
    with pytest.raises(Inconclusive, match=said):
        saved_runs.pair(read(document(), newer(0.01, **change)))


def test_a_patch_release_of_python_is_the_same_machine(read):
    assert outcomes(read, document(), newer(0.01, python_version="3.11.9")) == ["passed"]


def test_a_benchmark_that_is_gone_is_inconclusive(read):
    assert outcomes(read, document(), newer(0.01, name="test_other")) == ["inconclusive"]


def test_few_rounds_are_inconclusive(read):
    assert outcomes(read, document(rounds=5), newer(0.01, rounds=5)) == ["inconclusive"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps({**document(), "benchmarks": [{"fullname": "x"}]})])
def test_another_file_is_an_error(tmp_path, text):
    (tmp_path / "0001.json").write_text(text)
    with pytest.raises(DataError, match="no saved run of pytest-benchmark"):
        saved_runs.read(tmp_path / "0001.json")


@pytest.mark.slow
def test_a_run_that_pytest_benchmark_really_saved_is_read(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(benchmark): benchmark(sum, range(100))\n")
    words = ["-q", "-p", "no:randomly", "--benchmark-save=one", "--benchmark-save-data", "--benchmark-max-time=0.1"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *words, "test_it.py"], cwd=tmp_path, check=True, capture_output=True
    )
    (path,) = (tmp_path / ".benchmarks").rglob("*.json")
    run = saved_runs.read(path)
    assert run.timings["test_it.py::test_it"].data
    assert all(run.machine.values())
