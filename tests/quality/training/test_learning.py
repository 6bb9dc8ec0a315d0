from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss, mean_squared_error

from pytest_mlready.quality.training import learning
from pytest_mlready.values import Predictions

Y = np.array(["no", "yes"] * 50)


def classes(p_yes, y=Y):
    p = np.broadcast_to(np.asarray(p_yes, float), y.shape)
    labels = np.where(p > 0.5, "yes", "no")
    return Predictions(
        task="binary-classification", y=y, labels=labels, classes=("no", "yes"), proba=np.column_stack([1 - p, p])
    )


def numbers(values, y):
    return Predictions(task="regression", y=np.asarray(y, float), labels=np.asarray(values, float))


def surer(by):
    return classes(np.where(Y == "yes", 0.5 + by, 0.5 - by))


def test_the_loss_of_probabilities_is_scikit_learns_log_loss():
    p = np.random.default_rng(0).uniform(0.01, 0.99, len(Y))
    assert learning.loss(classes(p)) == ("log loss", pytest.approx(log_loss(Y == "yes", p)))


def test_the_loss_of_numbers_is_the_mean_squared_error_and_of_labels_their_share_of_errors():
    y, given = np.arange(9.0), np.arange(9.0) ** 1.1
    assert learning.loss(numbers(given, y))[1] == pytest.approx(mean_squared_error(y, given))
    labels = Predictions(task="binary-classification", y=Y, labels=np.full(len(Y), "no"), classes=("no", "yes"))
    assert learning.loss(labels) == ("share of wrong labels", 0.5)
    texts = Predictions(task="text-generation", y=np.array(["a", "b"], object), labels=np.array(["a", "c"], object))
    assert learning.loss(texts) == ("share of wrong answers", 0.5)


def test_a_probability_of_zero_has_a_finite_loss():
    assert math.isfinite(learning.loss(classes(np.where(Y == "yes", 0.0, 1.0)))[1])


def fall(first, later, least=0.01):
    return learning.judge_fall(first, later, steps=10, least=least)


def test_a_loss_that_falls_passes_with_both_numbers():
    verdict = fall(surer(0.05), surer(0.3))
    assert verdict.outcome == "passed"
    assert verdict.measurements[0].value > verdict.measurements[1].value


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (surer(-0.2), "rises: 0.597837 after 1 step"),
        (surer(0.05), "stays: 0.597837"),
        (surer(0.0501), "hardly falls: 0.597837"),
    ],
)
def test_a_loss_that_does_not_fall_fails_and_says_what_to_look_for(later, said):
    verdict = fall(surer(0.05), later)
    assert verdict.outcome == "failed"
    assert said in verdict.message
    assert "Look for" in verdict.message


def test_a_loss_that_is_not_finite_fails():
    y = np.arange(4.0)
    verdict = learning.judge_fall(numbers(y, y), numbers([1e200] * 4, y), steps=10, least=0.01)
    assert verdict.outcome == "failed"


def test_a_model_that_has_nothing_left_to_learn_is_inconclusive():
    assert fall(surer(0.4999), surer(0.4999)).outcome == "inconclusive"


def few(wrong=0):
    y = np.array(["no", "yes"] * 8)
    p = np.where(y == "yes", 0.9, 0.1)
    p[:wrong] = 1 - p[:wrong]
    return classes(p, y)


INPUTS = pl.DataFrame({"x": range(16)})


def test_rows_learnt_by_heart_pass():
    assert learning.judge_overfit(few(), INPUTS, limit=0.05).outcome == "passed"


def test_a_single_wrong_row_of_sixteen_fails():
    verdict = learning.judge_overfit(few(wrong=1), INPUTS, limit=0.05)
    assert verdict.outcome == "failed"
    assert "cannot_overfit" in verdict.message


def test_rows_that_inputs_cannot_tell_apart_are_left_out():
    twins = INPUTS.with_columns(x=pl.Series([0, 0, *range(2, 16)]))  # "no" and "yes" with the same input
    verdict = learning.judge_overfit(few(wrong=1), twins, limit=0.05)
    assert verdict.outcome == "passed"
    assert "2 rows left out" in verdict.measurements[0].note


def test_rows_that_are_all_alike_are_inconclusive():
    verdict = learning.judge_overfit(few(), INPUTS.with_columns(x=pl.lit(1)), limit=0.05)
    assert verdict.outcome == "inconclusive"
    assert "overfit_rows" in verdict.message


def test_numbers_may_leave_a_share_of_their_variance():
    y = np.arange(16.0)
    assert learning.judge_overfit(numbers(y + 0.1, y), INPUTS, limit=0.05).outcome == "passed"
    assert learning.judge_overfit(numbers(np.full(16, 7.5), y), INPUTS, limit=0.05).outcome == "failed"
