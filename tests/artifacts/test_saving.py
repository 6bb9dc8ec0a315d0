"""A model that is written again is one that loads again, in every format that can be written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from pytest_mlready.artifacts import models, saving

X = pd.DataFrame({"a": np.linspace(-1, 1, 60), "b": np.tile([0.0, 1.0], 30)})
Y = (X["a"] > 0).astype(int)


def loaded(path):
    return models.load(str(path), root=path.parent)


@pytest.mark.parametrize("suffix", [".skops", ".joblib", ".pkl", ".pickle"])
def test_an_estimator_comes_back_as_it_was(tmp_path, suffix):
    model = LogisticRegression().fit(X, Y)
    found = loaded(saving.save(model, tmp_path / "new" / f"model{suffix}"))
    assert np.array_equal(found.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("suffix", [".ubj", ".json"])
def test_an_xgboost_booster_comes_back_as_it_was(tmp_path, suffix):
    xgboost = pytest.importorskip("xgboost")
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(X, label=Y), 5)
    found = loaded(saving.save(booster, tmp_path / f"model{suffix}"))
    assert np.allclose(found.predict_proba(X)[:, 1], booster.predict(xgboost.DMatrix(X)))


def test_a_lightgbm_booster_comes_back_as_it_was(tmp_path):
    lightgbm = pytest.importorskip("lightgbm")
    made = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    booster = lightgbm.train(made, lightgbm.Dataset(X, label=Y), 5)
    found = loaded(saving.save(booster, tmp_path / "model.txt"))
    assert np.allclose(found.predict_proba(X)[:, -1], booster.predict(X))


def test_other_formats_are_refused(tmp_path):
    assert not saving.can_save("model.onnx")
    with pytest.raises(ValueError, match=r"\.onnx"):
        saving.save(object(), tmp_path / "model.onnx")
