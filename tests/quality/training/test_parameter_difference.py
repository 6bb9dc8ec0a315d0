from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pytest_mlready.quality.training.parameter_difference import differences


class Holder:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("weight",)

    def __init__(self, weight):
        self.weight = weight


def fitted(shift=0.0):
    X = np.random.default_rng(0).normal(size=(40, 2))
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X + shift, X[:, 0] > 0)


def test_equal_models_have_no_difference():
    assert differences(fitted(), fitted()) == []


def test_parameters_of_a_pipeline_are_named():
    said = differences(fitted(), fitted(shift=1.0), most=1)
    assert said == ["steps[0][1].mean_: 2 of 2 values differ, by up to 1"]


def test_other_types_lengths_and_keys_are_told():
    a = Holder(kind=1, layers=[1, 2], extra=0, table={"x": "left"})
    b = Holder(kind="1", layers=[1], table={"x": "right"})
    assert differences(a, b) == [
        "kind is a int and a str",
        "layers has 2 and 1 entries",
        "extra is only in the first",
        "table['x'] is 'left' and 'right'",
    ]


def test_no_more_than_asked_for_are_told():
    assert len(differences(Holder(**{f"p{i}": i for i in range(9)}), Holder(**{f"p{i}": -1 for i in range(9)}))) == 5


def test_attributes_in_slots_and_numbers_of_numpy_are_looked_into():
    assert differences(Slotted(np.float64(1)), Slotted(np.float64(2))) == ["weight is '1.0' and '2.0'"]
    assert differences(Slotted(np.float64("nan")), Slotted(np.float64("nan"))) == []


def test_models_that_hold_themselves_come_to_an_end():
    a, b = Holder(x=1), Holder(x=2)
    a.me, b.me = a, b
    assert differences(a, b) == ["x is '1' and '2'"]
