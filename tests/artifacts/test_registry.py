from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import store_stub

from pytest_mlready.artifacts import models
from pytest_mlready.artifacts import registry as registries
from pytest_mlready.artifacts.loaders import mlflow
from pytest_mlready.errors import DataError, Inconclusive, MissingExtra, ModelError

ENV = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}
REGISTER = """
import joblib, mlflow, mlflow.sklearn
pipeline = joblib.load("pipeline.joblib")
mlflow.create_experiment("income", artifact_location="store")
mlflow.set_experiment("income")
with mlflow.start_run():
    for form in ("pickle", "cloudpickle"):
        mlflow.sklearn.log_model(
            pipeline, name=form, serialization_format=form, registered_model_name="income", pip_requirements=[]
        )
mlflow.MlflowClient().set_registered_model_alias("income", "champion", "1")
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory, pipeline):
    """A registry in SQLite with one model in two versions and an alias; made once, since its tables take seconds."""
    folder = tmp_path_factory.mktemp("registry")
    joblib.dump(pipeline, folder / "pipeline.joblib")
    done = subprocess.run(
        [sys.executable, "-c", REGISTER], cwd=folder, env=ENV, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("source", ["models:/income@champion", "models:/income/2"])
def test_a_registered_model_answers_like_the_estimator(registry, source, pipeline, people, table, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    model = models.load(source, root=registry)
    assert (model.predict(people) == pipeline.predict(table)).all()
    assert np.array_equal(model.predict_proba(people), pipeline.predict_proba(table))
    assert (model.kind, model.source, len(model.sha256)) == ("mlflow", source, 64)
    path = Path(model.path)
    assert path.is_file()
    del model
    assert not path.exists()


@pytest.mark.slow
def test_an_unknown_alias_is_a_clear_error(registry, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ModelError, match="models:/income@nobody cannot be fetched from sqlite"):
        models.load("models:/income@nobody", root=registry)


def test_without_a_server_or_without_mlflow_nothing_is_created(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ModelError, match="no tracking server is named"):
        models.load("models:/income@champion", root=tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr("pytest_mlready.artifacts.loaders.mlflow.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[registry\]"):
        models.load("models:/income@champion", root=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_registry_holds_the_artifact_or_says_what_it_holds(registry, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    before = {p.name for p in registry.iterdir()}
    folder, local = mlflow.fetch("models:/income@champion", root=registry)
    try:
        artifact = tmp_path / "model.pkl"
        artifact.write_bytes(local.read_bytes())
    finally:
        shutil.rmtree(folder)
    found = registries.verify("models:/income@champion", [artifact], root=registry)
    assert (found.outcome, "models:/income@champion (version 1) holds the same bytes" in found.message) == (
        "passed",
        True,
    )
    artifact.write_bytes(artifact.read_bytes() + b" ")
    found = registries.verify("models:/income@champion", [artifact], root=registry)
    assert (found.outcome, "(version 1) does not hold model.pkl" in found.message) == ("failed", True)
    assert {p.name for p in registry.iterdir()} == before


@pytest.mark.slow
def test_a_registry_behind_a_server_is_asked_without_leaving_this_machine(tmp_path, monkeypatch):
    artifact = tmp_path / "model.skops"
    artifact.write_bytes(b"weights")
    files = {"MLmodel": b"flavors: {}\n", "model.skops": b"weights"}
    with store_stub.serving(store_stub.mlflow_server(files)) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        found = registries.verify("models:/income@champion", [artifact], root=tmp_path)
        assert (found.outcome, "(version 7)" in found.message) == ("passed", True)
        artifact.write_bytes(b"older weights")
        found = registries.verify("models:/income@champion", [artifact], root=tmp_path)
        assert (found.outcome, "it holds MLmodel" in found.message) == ("failed", True)
        with pytest.raises(ModelError, match="models:/income@nobody cannot be fetched"):
            registries.verify("models:/income@nobody", [artifact], root=tmp_path)


@pytest.mark.slow
def test_a_server_that_denies_or_does_not_answer_is_told_apart(tmp_path, monkeypatch):
    (tmp_path / "model.skops").write_bytes(b"weights")
    with store_stub.serving(store_stub.mlflow_server({}, token="good")) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(ModelError, match="401"):
            registries.verify("models:/income@champion", [tmp_path / "model.skops"], root=tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Inconclusive, match="does not answer"):
        registries.verify("models:/income@champion", [tmp_path / "model.skops"], root=tmp_path)


def test_what_is_no_name_in_a_registry_is_an_error(tmp_path):
    with pytest.raises(DataError, match="an MLflow name"):
        registries.verify("income@champion", [tmp_path], root=tmp_path)
