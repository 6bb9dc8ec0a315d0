"""Reproduces on UCI Adult two test errors that its donors published, through the plugin's own measurement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pytest_mlready.quality.metrics import measure
from pytest_mlready.quality.predictions import predict
from pytest_mlready.values import Dataset

ADULT = Path(__file__).parents[2] / "example_project" / "data"
NUMBERS = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
TARGET = "income"


class Answers:
    """A model that has answered already."""

    source, sha256, kind, path, classes, feature_names, estimator = "answers", None, "function", None, None, None, None

    def __init__(self, labels):
        self.labels = labels

    def predict(self, X):
        return self.labels

    def predict_proba(self, X):
        return None

    decision_function = predict_proba


def known_rows(name):
    """Rows without unknown values."""
    frame = pl.read_parquet(ADULT / f"{name}.parquet")
    unknown = pl.any_horizontal((pl.col(c).cast(pl.String) == "?") | pl.col(c).is_null() for c in frame.columns)
    return frame.filter(~unknown)


@pytest.fixture(scope="module")
def adult():
    """Training and held-out inputs (min-max-scaled numbers, one-hot words), the training labels, the held-out frame."""
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

    train, heldout = known_rows("train"), known_rows("heldout")
    words = [c for c in train.columns if c not in {*NUMBERS, TARGET}]
    encode = make_column_transformer(
        (MinMaxScaler(), list(range(len(NUMBERS)))),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(range(len(NUMBERS), len(NUMBERS + words)))),
    )
    X, Z = (
        np.hstack([f[NUMBERS].to_numpy().astype(object), f[words].cast(pl.String).to_numpy()]) for f in (train, heldout)
    )
    return encode.fit_transform(X), encode.transform(Z), train[TARGET].cast(pl.String).to_numpy(), heldout


def error_of(labels, heldout):
    dataset = Dataset(frame=heldout, name="heldout", source="adult", sha256="adult", target=TARGET, features=("age",))
    return measure("error_rate", predict(Answers(labels), dataset))


def nearest(X, Z, *, block=1000):
    """Row of the nearest neighbour in X of each row of Z: one matrix product a block, memory bounded."""
    X32, Z32 = np.ascontiguousarray(X.T, np.float32), Z.astype(np.float32)
    lengths = (X32**2).sum(axis=0)
    return np.concatenate([(lengths - 2 * Z32[i : i + block] @ X32).argmin(axis=1) for i in range(0, len(Z), block)])


@pytest.mark.slow
def test_the_published_rows_are_all_there(adult):
    X, Z, _, heldout = adult
    assert (len(X), len(Z), len(heldout)) == (30_162, 15_060, 15_060)


@pytest.mark.slow
def test_the_error_of_one_nearest_neighbour_is_covered(adult):
    X, Z, y, heldout = adult
    found = error_of(y[nearest(X, Z)], heldout)
    assert found.n == 15_060
    assert found.lower <= 0.2142 <= found.upper
    assert found.value == pytest.approx(0.2142, abs=0.001)


@pytest.mark.slow
def test_the_error_of_a_tree_with_large_leaves_is_covered(adult):
    from sklearn.tree import DecisionTreeClassifier

    X, Z, y, heldout = adult
    tree = DecisionTreeClassifier(min_samples_leaf=100, random_state=0).fit(X, y)
    found = error_of(tree.predict(Z), heldout)
    assert found.lower <= 0.1446 <= found.upper
