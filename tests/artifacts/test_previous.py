from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import joblib
import pytest
from sklearn.dummy import DummyClassifier

from pytest_mlready.artifacts import previous
from pytest_mlready.artifacts.previous import Previous
from pytest_mlready.errors import DataError, ModelError

REGISTER = """
import sys
from pathlib import Path
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1], registry_uri=sys.argv[1])
client.create_registered_model("income")
for folder, digest in zip(sys.argv[2::2], sys.argv[3::2]):
    version = client.create_model_version("income", Path(folder).as_uri(), tags={"sha256": digest, "release": folder[-5:]})
client.set_registered_model_alias("income", "previous", "1")
"""


@pytest.mark.slow
def test_a_registered_version_comes_with_its_tags_and_a_replaced_file_shows(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    known = []
    for release in ("1.9.0", "2.0.0"):
        folder = tmp_path / "store" / release
        folder.mkdir(parents=True)
        (folder / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.joblib}}\n")
        joblib.dump(DummyClassifier(constant=release), folder / "model.joblib")
        known += [str(folder), hashlib.sha256((folder / "model.joblib").read_bytes()).hexdigest()]
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    subprocess.run([sys.executable, "-c", REGISTER, uri, *known], check=True, env=quiet, timeout=240)

    found = previous.fetch("models:/income@previous", tmp_path / "one", root=tmp_path)
    assert (found.version, found.tagged, found.sha256) == ("1.9.0", known[1], known[1])
    assert [v.outcome for v in judged(found, tmp_path)] == ["passed"]

    joblib.dump(DummyClassifier(constant="another"), tmp_path / "store" / "1.9.0" / "model.joblib")
    replaced = previous.fetch("models:/income/1", tmp_path / "two", root=tmp_path)
    (verdict,) = judged(replaced, tmp_path)
    assert verdict.outcome == "failed"
    assert "the registry's tag says" in verdict.message

    with pytest.raises(ModelError, match="look up the name, version or alias"):
        previous.fetch("models:/income@gone", tmp_path / "three", root=tmp_path)


def judged(found, root, *, digest=None, candidate=None):
    return previous.judge_bytes(found, root=root, digest=digest, candidate=candidate)


def test_the_digest_of_the_settings_stands_above_the_registrys(tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(b"model")
    digest = hashlib.sha256(b"model").hexdigest()
    found = Previous(source="models:/m/1", path=path, sha256=digest, tagged="0" * 64)
    assert [v.outcome for v in judged(found, tmp_path, digest=f"sha256:{digest.upper()}")] == ["passed"]
    assert [v.outcome for v in judged(found, tmp_path)] == ["failed"]


def test_a_tag_that_is_no_digest_is_an_error(tmp_path):
    found = Previous(source="models:/m/1", path=tmp_path / "m", sha256="a" * 64, tagged="latest")
    with pytest.raises(DataError, match='the registry\'s tag is "latest"'):
        judged(found, tmp_path)


class Doubles:
    def predict(self, X):
        return (X["x"] * 2).to_numpy()

    def predict_proba(self, X):
        return None


@pytest.mark.parametrize(
    ("request_", "answer", "outcome"),
    [
        ({"instances": [{"x": 1.0}, {"x": 2.0}]}, {"predictions": [2.0, 4.0]}, "passed"),
        ({"instances": [{"x": 1.0}, {"x": 2.0}]}, {"predictions": [2.0, 4.1]}, "failed"),
        ({"instances": [{"x": 1.0}]}, {"predictions": [2.0, 4.0]}, "failed"),
        ({"instances": [{"x": 1.0}]}, {"probabilities": [[0.1, 0.9]]}, "failed"),
        ({"instances": [{"x": 1.0}]}, {"score": 2.0}, "inconclusive"),
        ({"instances": []}, {"predictions": []}, "inconclusive"),
        ({"text": "x"}, {"predictions": ["y"]}, "inconclusive"),
    ],
)
def test_a_loaded_model_is_held_against_the_recorded_answer(request_, answer, outcome):
    assert previous.judge_answers(Doubles(), request_, answer).outcome == outcome
