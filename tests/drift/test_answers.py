from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pytest_mlready.drift import answers
from pytest_mlready.errors import DataError
from pytest_mlready.values import Dataset


def test_two_classes_have_a_label_and_the_positive_ones_score():
    table = answers.table(np.array(["no", "yes"]), np.array([[0.9, 0.1], [0.2, 0.8]]), ("no", "yes"), "no")
    assert table.to_dict(as_series=False) == {"prediction": ["no", "yes"], "score": [0.9, 0.2]}


def test_several_classes_have_a_probability_each():
    table = answers.table(np.array([0, 2]), np.eye(3)[[0, 2]], (0, 1, 2))
    assert table.columns == ["prediction", "probability of 0", "probability of 1", "probability of 2"]
    assert table["prediction"].to_list() == ["0", "2"]


def test_values_stay_numbers():
    assert answers.table(np.array([1.5, np.nan]), None, None)["prediction"].dtype == pl.Float64


def test_a_missing_label_is_missing():
    labels = np.array(["a", None, float("nan")], dtype=object)
    assert answers.table(labels, None, ("a", "b"))["prediction"].to_list() == ["a", None, None]


def test_logged_answers_must_be_there():
    window = Dataset(frame=pl.DataFrame({"prediction": ["a"]}), name="current", source="c", sha256="0")
    assert answers.logged(window, ["prediction"]).columns == ["prediction"]
    with pytest.raises(DataError, match='no column "predictions"; did you mean "prediction"'):
        answers.logged(window, ["predictions"])
