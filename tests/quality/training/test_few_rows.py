from __future__ import annotations

import polars as pl
import pytest

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality.training import few_rows
from pytest_mlready.values import Dataset


def dataset(frame, target="y"):
    features = tuple(name for name in frame.columns if name != "y")
    return Dataset(frame=frame, name="train", source="t", sha256="0", target=target, features=features)


def imbalanced(n=1000):
    return dataset(pl.DataFrame({"x": range(n), "y": ["rare" if i % 50 == 0 else "usual" for i in range(n)]}))


def test_classes_come_in_turn_however_rare_one_is():
    found = few_rows.few(imbalanced(), 16, classes=True, seed=1)
    assert found["y"].value_counts().sort("y").rows() == [("rare", 8), ("usual", 8)]


def test_rows_differ_in_their_features():
    doubled = pl.concat([imbalanced(40).frame] * 30)
    assert few_rows.few(dataset(doubled), 16, classes=True, seed=1)["x"].n_unique() == 16


def test_with_many_classes_each_has_a_row():
    frame = pl.DataFrame({"x": range(60), "y": [i % 20 for i in range(60)]})
    assert few_rows.few(dataset(frame), 16, classes=True, seed=1)["y"].n_unique() == 20


def test_numbers_are_spread_from_end_to_end():
    frame = pl.DataFrame({"x": range(100), "y": [float(i) for i in range(100)]})
    found = few_rows.few(dataset(frame), 5, classes=False, seed=1)["y"].to_list()
    assert found == [0.0, 25.0, 50.0, 74.0, 99.0]


def test_rows_without_an_outcome_are_no_choice():
    frame = pl.DataFrame({"x": [1, 2, 3], "y": ["a", None, "b"]})
    assert few_rows.few(dataset(frame), 16, classes=True, seed=1).height == 2


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (pl.DataFrame({"x": [1, 1], "y": ["a", "b"]}), Inconclusive),
        (pl.DataFrame({"x": [1, 2], "y": ["a", "a"]}), Inconclusive),
        (pl.DataFrame({"x": [], "y": []}, schema={"x": pl.Int64, "y": pl.String}), Inconclusive),
    ],
)
def test_too_little_to_learn_by_heart_is_inconclusive(frame, error):
    with pytest.raises(error, match="too few distinct rows"):
        few_rows.few(dataset(frame), 16, classes=True, seed=1)


def test_one_row_no_target_and_no_repetition_are_errors():
    with pytest.raises(DataError, match="overfit_rows = 1"):
        few_rows.few(imbalanced(), 1, classes=True, seed=1)
    with pytest.raises(DataError, match="no target"):
        few_rows.few(dataset(imbalanced().frame, target=None), 16, classes=True, seed=1)
    with pytest.raises(DataError, match="overfit_repeats = 0"):
        few_rows.repeated(imbalanced().frame, 0)


def test_repeated_rows_are_the_same_rows():
    assert few_rows.repeated(imbalanced(3).frame, 4)["x"].to_list() == [0, 1, 2] * 4
