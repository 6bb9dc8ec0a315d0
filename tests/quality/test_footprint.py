from __future__ import annotations

import sys

import numpy as np
import pytest
from stand_ins import rows

from pytest_mlready.errors import ModelError
from pytest_mlready.quality import footprint

HEAVY = """
import time
class Heavy:
    def predict(self, X):
        self.scratch = bytearray(60_000_000)
        return [0] * len(X)
    predict_proba = predict
def load(megabytes, seconds):
    time.sleep(seconds)
    model = Heavy()
    model.weights = bytearray(megabytes * 1_000_000)
    return model
def crash():
    raise SystemExit("weights.bin is truncated")
"""


@pytest.fixture
def heavy(tmp_path, monkeypatch):
    (tmp_path / "heavy_model.py").write_text(HEAVY)
    monkeypatch.syspath_prepend(tmp_path)
    return "heavy_model:load"


def test_load_time_and_peak_are_measured_in_fresh_processes(heavy):
    found = footprint.measure(heavy, [50, 0.2], rows=rows(5), repeats=2)
    assert len(found) == 2
    for one in found:
        assert 0.2 <= one.seconds < 5
        assert one.loaded - one.before == pytest.approx(50e6, abs=10e6)
        assert one.added > 110e6


@pytest.mark.skipif(sys.platform != "linux", reason="the inherited peak is Linux's")
def test_a_large_test_process_does_not_hide_a_small_model(heavy):
    ballast = np.ones(40_000_000)  # 320 MB in this process
    one = footprint.measure(heavy, [50, 0.0], repeats=1)[0]
    assert one.before < 100e6 < ballast.nbytes
    assert one.added == pytest.approx(50e6, abs=10e6)


def test_a_process_that_ends_without_a_result_tells_its_last_line(heavy):
    with pytest.raises(ModelError, match=r"status 1: weights\.bin is truncated"):
        footprint.measure("heavy_model:crash", [], repeats=1)


def test_a_model_that_does_not_load_in_time_is_an_error(heavy):
    with pytest.raises(ModelError, match=r"within 0\.5 s"):
        footprint.measure(heavy, [1, 30], repeats=1, time_limit=0.5)


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path):
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "a.bin").write_bytes(b"x" * 1000)
    (tmp_path / "model" / "deep" / "b.bin").write_bytes(b"x" * 500)
    (tmp_path / "model" / "link").symlink_to(tmp_path / "model" / "a.bin")
    assert footprint.artifact_bytes(tmp_path / "model") == 1500
    assert footprint.artifact_bytes(tmp_path / "model" / "a.bin") == 1000
    with pytest.raises(ModelError, match="not there"):
        footprint.artifact_bytes(tmp_path / "nothing")
