from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pytest_mlready.errors import ModelError
from pytest_mlready.quality.training import afresh

X = pl.DataFrame({"x": [1.0, 2.0]})
MODEL = """
import numpy as np
class Model:
    def __init__(self, factor): self.factor = factor
    def predict(self, X): return np.array(["a", "b"])
    def predict_proba(self, X): return X["x"].to_numpy()[:, None] * self.factor
def load(factor): return Model(factor)
def hashed(_):
    model = Model(1)
    model.predict = lambda X: np.array([hash("text") % 1000] * X.height)
    return model
def broken(_): raise RuntimeError("no such weights")
def slow(_):
    import time; time.sleep(60)
def leaves(_):
    import os; os._exit(3)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "some_model_afresh.py").write_text(MODEL)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def ask(folder, name="load", **more):
    return afresh.ask(f"some_model_afresh:{name}", [0.25], X, folder=folder, **more)


def test_another_process_answers(folder):
    answer = ask(folder)
    assert answer.labels.tolist() == ["a", "b"]
    assert answer.proba.tolist() == [[0.25], [0.5]]


def test_texts_are_hashed_with_another_seed_there(folder, monkeypatch):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    first = ask(folder, "hashed").labels
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    assert not np.array_equal(first, ask(folder, "hashed").labels)


@pytest.mark.parametrize(("name", "said"), [("broken", "no such weights"), ("leaves", "it wrote nothing")])
def test_a_process_that_ends_without_an_answer_is_told(folder, name, said):
    with pytest.raises(ModelError, match=said):
        ask(folder, name)


def test_a_process_that_does_not_end_is_ended(folder):
    with pytest.raises(ModelError, match="within 2 s"):
        ask(folder, "slow", time_limit=2.0)
