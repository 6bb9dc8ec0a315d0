from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest

from pytest_mlready.artifacts import models
from pytest_mlready.errors import MissingExtra, ModelError

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
