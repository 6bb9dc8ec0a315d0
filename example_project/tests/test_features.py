"""What training relies on in the features: eight columns, numbers as floats, and one word for what is unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from features import UNKNOWN, make
from train import CATEGORIES, NUMBERS

ROW = {
    "age": 39, "education-num": 13, "capital-gain": 2174, "capital-loss": 0, "hours-per-week": 40,
    "workclass": "State-gov", "marital-status": "Never-married", "occupation": "Adm-clerical",
    "sex": "Male", "fnlwgt": 77516,
}  # fmt: skip


def features(**changed):
    return make(pd.DataFrame([{**ROW, **changed}]))


def test_only_the_inputs_of_the_model_are_features():
    assert list(features().columns) == NUMBERS + CATEGORIES


def test_numbers_are_floats_of_the_same_value():
    made = features()
    assert made[NUMBERS].dtypes.unique().tolist() == [np.dtype(float)]
    assert made[NUMBERS].iloc[0].tolist() == [39.0, 13.0, 2174.0, 0.0, 40.0]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_not_known_stays_unknown_and_is_no_zero(name):
    assert np.isnan(features(**{name: None})[name].iloc[0])


@pytest.mark.parametrize("name", CATEGORIES)
def test_a_word_that_is_not_known_is_written_as_the_census_does(name):
    assert features(**{name: None})[name].iloc[0] == UNKNOWN
    assert features(**{name: UNKNOWN})[name].iloc[0] == UNKNOWN


def test_rows_keep_their_order_and_their_index():
    rows = pd.DataFrame([{**ROW, "age": age} for age in (30, 20, 40)], index=[7, 5, 9])
    assert make(rows)["age"].to_dict() == {7: 30.0, 5: 20.0, 9: 40.0}


def test_a_column_that_was_lost_is_an_error_and_no_column_of_nothing():
    with pytest.raises(KeyError, match="age"):
        make(pd.DataFrame([ROW]).drop(columns="age"))
