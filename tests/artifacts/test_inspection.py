from __future__ import annotations

import gzip
import hashlib
import pickle
import sys
import zipfile

import artifact_payloads
import joblib
import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator

from pytest_mlready.artifacts import inspection
from pytest_mlready.errors import MissingExtra


class Own(BaseEstimator):
    """A type that no list knows."""


def judged(*paths, **options):
    return inspection.judge([inspection.inspect(path, **options) for path in paths])


@pytest.fixture
def target(tmp_path):
    return tmp_path / "executed"


def test_a_fitted_pipeline_passes_and_the_pass_is_worded_as_what_it_is(tmp_path, pipeline):
    joblib.dump(pipeline, tmp_path / "model.joblib", compress=3)
    found = judged(tmp_path / "model.joblib")
    assert found.outcome == "passed"
    assert "all on the list of what a model may name" in found.message
    assert "no proof that loading them is harmless" in found.message
    assert any(inspection.ADVICE in m.note for m in found.measurements)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.bin", "model.pt"])
def test_a_dangerous_pickle_fails_with_the_global_and_is_not_executed(tmp_path, target, name):
    (tmp_path / name).write_bytes(pickle.dumps(artifact_payloads.touch(target)))
    found = judged(tmp_path / name)
    assert found.outcome == "failed"
    assert "posix.system" in found.message
    assert not target.exists()


@pytest.mark.parametrize("layer", ["gzip", "zlib", "bz2", "xz", "zip", "PyTorch", "pickle in zip in gzip"])
def test_a_dangerous_pickle_is_found_in_every_layer_under_any_name(tmp_path, target, layer):
    data = artifact_payloads.wrapped(pickle.dumps(artifact_payloads.touch(target)))[layer]
    (tmp_path / "weights.bin").write_bytes(data)
    found = judged(tmp_path / "weights.bin")
    assert (found.outcome, "posix.system" in found.message) == ("failed", True)
    assert not target.exists()


def test_a_type_of_the_teams_own_needs_a_word_and_then_passes(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Own()))
    assert judged(path).outcome == "failed"
    assert "trusted_types" in judged(path).message
    assert judged(path, trusted_types=(f"{__name__}.Own",)).outcome == "passed"


def test_bytes_accepted_by_their_digest_pass_and_are_listed(tmp_path, target):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(artifact_payloads.touch(target)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found = judged(path, trust=(f"sha256:{digest.upper()}",))
    assert found.outcome == "passed"
    listed = {m.name: m for m in found.measurements}["accepted by `trust`: model.pkl"]
    assert (listed.value, "posix.system" in listed.note) == (digest, True)
    path.write_bytes(path.read_bytes() + b"\x80\x04N.")
    assert judged(path, trust=(digest,)).outcome == "failed"


@pytest.mark.parametrize("cut", [1, 20])
def test_a_pickle_that_cannot_be_walked_to_its_end_is_not_called_safe(tmp_path, cut):
    data = pickle.dumps({"weights": [1.0, 2.0, 3.0]})
    (tmp_path / "model.pkl").write_bytes(data[:-cut])
    found = judged(tmp_path / "model.pkl")
    assert (found.outcome, "not the same as safe" in found.message) == ("inconclusive", True)


def test_a_skops_file_is_judged_by_its_types_without_loading(tmp_path, pipeline):
    skops.io.dump(pipeline, tmp_path / "good.skops")
    skops.io.dump(Own(), tmp_path / "own.skops")
    assert judged(tmp_path / "good.skops").outcome == "passed"
    found = judged(tmp_path / "own.skops")
    assert (found.outcome, f"{__name__}.Own is a type that nobody vouched for" in found.message) == ("failed", True)
    assert judged(tmp_path / "own.skops", trusted_types=(f"{__name__}.Own",)).outcome == "passed"


def test_a_damaged_skops_file_is_inconclusive(tmp_path):
    (tmp_path / "model.skops").write_bytes(b"PK\x03\x04 and no more")
    assert judged(tmp_path / "model.skops").outcome == "inconclusive"


def test_without_skops_the_install_line_is_given(tmp_path, monkeypatch):
    (tmp_path / "model.skops").write_bytes(b"PK")
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[artifacts\]"):
        inspection.inspect(tmp_path / "model.skops")


def test_formats_without_code_and_compressed_tables_raise_no_alarm(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07\x12\x04skl2")
    (tmp_path / "train.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    (tmp_path / "config.json").write_text("{}")
    np.savez(tmp_path / "arrays.npz", a=np.arange(3))
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    found = judged(*inspection.files([tmp_path]))
    assert found.outcome == "passed", found.message
    assert "none of 5 files is a pickle" in found.message


def test_an_array_of_objects_inside_numpy_files_is_a_pickle(tmp_path, target):
    array = np.array([artifact_payloads.touch(target)], dtype=object)
    np.savez(tmp_path / "arrays.npz", a=array)
    found = judged(tmp_path / "arrays.npz")
    assert (found.outcome, "posix.system" in found.message) == ("failed", True)
    assert not target.exists()


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "saved_model.pb"])
def test_other_formats_that_hold_code_are_not_called_safe(tmp_path, name):
    (tmp_path / name).write_bytes(b"content")
    found = judged(tmp_path / name)
    assert (found.outcome, "can hold code" in found.message) == ("inconclusive", True)
    digest = hashlib.sha256(b"content").hexdigest()
    assert judged(tmp_path / name, trust=(digest,)).outcome == "passed"


def test_nothing_to_look_into_is_never_green(tmp_path):
    assert inspection.files([tmp_path]) == ()
    assert inspection.judge([]).outcome == "inconclusive"


def test_a_file_that_cannot_be_read_is_inconclusive(tmp_path):
    found = judged(tmp_path / "gone.pkl")
    assert (found.outcome, "cannot be read" in found.message) == ("inconclusive", True)


def test_a_link_to_a_folder_elsewhere_is_not_called_safe(tmp_path, target):
    (tmp_path / "model").mkdir()
    (tmp_path / "blobs").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "model" / "weights").symlink_to(tmp_path / "blobs")
    (tmp_path / "model" / "itself").symlink_to(tmp_path / "model")
    files = inspection.files([tmp_path / "model"])
    verdict = inspection.judge([*map(inspection.inspect, files), *inspection.unfollowed([tmp_path / "model"])])
    assert (verdict.outcome, verdict.message.count("is a link to a folder elsewhere")) == ("inconclusive", 1)
