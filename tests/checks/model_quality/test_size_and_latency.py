from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.checks.model_quality import size_and_latency as check
from pytest_mlready.errors import Failed, Inconclusive, MissingExtra, NotApplicable, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality.footprint import Footprint
from pytest_mlready.values import Dataset

OPTIONS = {o.name: o.default for o in check.ITEM.options}
LATENCY = {"p50": None, "p95": None, "p99": None, "batch": 1, "calls": 300}
LIMITS = {"max_size": None, "max_load_time": None, "max_memory": None, "latency": None}


class Model:
    source, sha256, kind, path, classes, estimator = "test", None, "function", None, None, None
    feature_names, frame = ("x",), "polars"

    def predict(self, X):
        return np.zeros(X.height)

    def predict_proba(self, X):
        return None


class Slow(Model):
    def predict(self, X):
        import time

        time.sleep(0.01)
        return super().predict(X)


def project(tmp_path, **limits):
    latency = SimpleNamespace(**{**LATENCY, **limits.pop("latency", {})})
    model = SimpleNamespace(**{**LIMITS, "latency": latency, "frame": None, "trust": (), "trusted_types": (), **limits})
    return SimpleNamespace(
        root=tmp_path, confidence=0.95, settings=SimpleNamespace(model=model),
        seed=lambda _: 7, progress=lambda _: None, options=lambda _: OPTIONS,
    )  # fmt: skip


def heldout(n=50):
    frame = pl.DataFrame({"x": np.arange(n, dtype=float)})
    return Dataset(frame=frame, name="heldout", source="t", sha256="0", features=("x",))


class Request:
    """Holds two measured processes, so that no test waits for real ones."""

    def __init__(self, seconds=(0.5, 0.6), added=(90e6, 100e6), model=None, hooks=()):
        self.model = model or Model()
        found = [
            Footprint(seconds=s, before=50, loaded=60, peak=None if a is None else 50 + int(a))
            for s, a in zip(seconds, added, strict=True)
        ]
        self.config = SimpleNamespace(
            stash={check.FOOTPRINTS: found},
            hook=SimpleNamespace(pytest_mlready_load_model=SimpleNamespace(get_hookimpls=lambda: hooks)),
        )

    def getfixturevalue(self, name):
        return self.model


@pytest.fixture
def artifact(tmp_path):
    model = Model()
    model.path = str(tmp_path / "model.bin")
    (tmp_path / "model.bin").write_bytes(b"x" * 5_000)
    return model


def test_an_artifact_within_its_limit_passes(tmp_path, artifact):
    evidence = Evidence()
    check.test_artifact_size(project(tmp_path, max_size=5_000), evidence, artifact)
    assert evidence.notes.evidence[0]["value"] == 5_000


def test_an_oversized_artifact_fails(tmp_path, artifact):
    with pytest.raises(Failed, match="5 kB exceeds max_size = 4 kB"):
        check.test_artifact_size(project(tmp_path, max_size=4_000), Evidence(), artifact)


def test_a_size_without_a_limit_is_reported_and_unverified(tmp_path, artifact):
    evidence = Evidence()
    with pytest.raises(Unverified, match=r'max_size = "0\.0063 MB"'):
        check.test_artifact_size(project(tmp_path), evidence, artifact)
    assert evidence.notes.evidence[0]["value"] == 5_000


def test_a_model_without_an_artifact_has_no_size(tmp_path):
    with pytest.raises(NotApplicable, match="no artifact"):
        check.test_artifact_size(project(tmp_path, max_size=1), Evidence(), Model())


@pytest.mark.parametrize(("limit", "ending"), [(0.7, None), (0.58, Inconclusive), (0.4, Failed), (None, Unverified)])
def test_load_time_has_four_endings(tmp_path, limit, ending):
    mlready = project(tmp_path, max_load_time=limit)
    if ending is None:
        check.test_load_time(mlready, Evidence(), Request())
        return
    with pytest.raises(ending):
        check.test_load_time(mlready, Evidence(), Request())


@pytest.mark.parametrize(("limit", "ending"), [(200e6, None), (97e6, Inconclusive), (60e6, Failed), (None, Unverified)])
def test_peak_memory_has_four_endings(tmp_path, limit, ending):
    mlready = project(tmp_path, max_memory=limit)
    if ending is None:
        check.test_peak_memory(mlready, Evidence(), Request())
        return
    with pytest.raises(ending):
        check.test_peak_memory(mlready, Evidence(), Request())


def test_a_system_that_does_not_tell_memory_is_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match="VmHWM"):
        check.test_peak_memory(project(tmp_path, max_memory=1e9), Evidence(), Request(added=(None, None)))


def test_a_service_and_a_hook_are_told_apart(tmp_path):
    service = Model()
    service.kind = "http"
    with pytest.raises(NotApplicable, match="is a service"):
        check.test_load_time(project(tmp_path), Evidence(), Request(model=service))
    with pytest.raises(Inconclusive, match="a hook loads the model"):
        check.test_load_time(project(tmp_path), Evidence(), Request(hooks=("one",)))


def test_a_fast_model_passes_through_the_benchmark_fixture(tmp_path, request):
    evidence = Evidence()
    limits = {"p50": 0.5, "p95": 0.5, "p99": 0.5}
    check.test_latency(project(tmp_path, latency=limits), evidence, Model(), heldout(), request)
    named = {e["name"]: e for e in evidence.notes.evidence}
    assert named["latency p99"]["n"] == 300
    assert named["latency p99"]["interval"][1] >= named["latency p99"]["value"]


def test_a_slow_model_fails(tmp_path, request):
    mlready = project(tmp_path, latency={"p50": 0.005, "calls": 40})
    with pytest.raises(Failed, match=r"latency p50 .* exceeds 5 ms"):
        check.test_latency(mlready, Evidence(), Slow(), heldout(), request)


def test_too_few_calls_are_inconclusive(tmp_path, request):
    mlready = project(tmp_path, latency={"p99": 0.5, "calls": 100})
    with pytest.raises(Inconclusive, match="at least 299 calls"):
        check.test_latency(mlready, Evidence(), Model(), heldout(), request)


def test_a_method_that_the_model_lacks_is_not_timed(tmp_path, request):
    mlready = project(tmp_path, latency={"p99": 0.5})
    mlready.options = lambda _: {**OPTIONS, "method": "predict_proba"}
    with pytest.raises(Inconclusive, match="no predict_proba to time"):
        check.test_latency(mlready, Evidence(), Model(), heldout(), request)


def test_latency_without_limits_is_reported_and_unverified(tmp_path, request):
    with pytest.raises(Unverified, match=r'300 calls of 1 rows take p50 .* latency = \{ p99 = "'):
        check.test_latency(project(tmp_path), Evidence(), Model(), heldout(), request)


def test_a_missing_plugin_gives_the_install_line(tmp_path):
    class Bare:
        def getfixturevalue(self, name):
            raise pytest.FixtureLookupError(name, SimpleNamespace(_get_fixturestack=list, node=None))

    with pytest.raises(MissingExtra, match=r"pytest-mlready\[latency\]"):
        check.test_latency(project(tmp_path, latency={"p99": 1}), Evidence(), Model(), heldout(), Bare())


PROJECT = """
import sys
sys.path.insert(0, {here!r})
import test_size_and_latency as stand_ins

def test_it(tmp_path, request):
    mlready = stand_ins.project(tmp_path, latency={{"p99": 0.5}})
    stand_ins.check.test_latency(mlready, stand_ins.Evidence(), stand_ins.Model(), stand_ins.heldout(), request)
"""


@pytest.fixture
def suite(pytester):
    pytester.makepyfile(test_suite=PROJECT.format(here=str(Path(__file__).parent)))
    return pytester


def outcomes(suite, *arguments):
    result = suite.runpytest_subprocess(
        "-p", "no:cacheprovider", "-rs", "-o", "markers=slow", "test_suite.py", *arguments
    )
    return result, result.parseoutcomes()


@pytest.mark.slow
def test_the_benchmark_table_and_its_json_show_the_percentiles(suite):
    result, counted = outcomes(suite, "-W", "error", "--benchmark-json=out.json")
    assert counted == {"passed": 1}
    result.stdout.fnmatch_lines(["*benchmark: 1 tests*"])
    written = json.loads((suite.path / "out.json").read_text())["benchmarks"][0]
    assert set(written["extra_info"]) == {"p50", "p95", "p99"}
    assert written["stats"]["rounds"] == 300


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--benchmark-disable",), ("-n", "1")])
def test_where_nothing_is_timed_the_check_is_inconclusive(suite, arguments):
    result, counted = outcomes(suite, *arguments)
    assert counted == {"skipped": 1}
    result.stdout.fnmatch_lines(["*does not measure in this run (xdist, or --benchmark-disable)*"])


@pytest.mark.slow
def test_without_the_plugin_the_check_is_inconclusive(suite):
    result, counted = outcomes(suite, "-p", "no:benchmark")
    assert counted == {"skipped": 1}
    result.stdout.fnmatch_lines(["*pytest-benchmark, which is not installed*"])
