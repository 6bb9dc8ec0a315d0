from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from pytest_mlready.errors import Inconclusive
from pytest_mlready.quality.answers import Answer, ask
from pytest_mlready.quality.training import independence

X = pl.DataFrame({"x": np.linspace(-2, 2, 40)})


class Model:
    """Logistic in x; a subclass spoils it."""

    def score(self, x):
        return 1 / (1 + np.exp(-x))

    def predict(self, frame):
        return np.where(self.score(frame["x"].to_numpy()) > 0.5, "yes", "no")

    def predict_proba(self, frame):
        p = self.score(frame["x"].to_numpy())
        return np.column_stack([1 - p, p])


class Standardised(Model):
    def score(self, x):
        return super().score((x - x.mean()) / (x.std() + 1e-9))


class RankedLabels(Model):
    def predict(self, frame):
        x = frame["x"].to_numpy()
        return np.where(x >= np.median(x), "yes", "no")


class Remembering(Model):
    calls = itertools.count()

    def score(self, x):
        return super().score(x + 0.01 * next(self.calls))


class Dropout(Model):
    random = np.random.default_rng(0)

    def score(self, x):
        return super().score(x * (self.random.random(len(x)) > 0.1))


class BatchesOnly(Model):
    def predict(self, frame):
        if frame.height == 1:
            raise ValueError("expected 2 rows")
        return super().predict(frame)


class SinglePrecision(Model):
    def score(self, x):
        return super().score(x + 1e-7 * len(x) / 40)


class Broken(Model):
    def predict(self, frame):
        raise KeyError("x1")


@pytest.mark.parametrize("model", [Model(), SinglePrecision()], ids=["exact", "rounding"])
def test_a_model_that_looks_at_one_row_at_a_time_passes(model):
    (verdict,) = independence.judge(model, X)
    assert verdict.outcome == "passed"
    assert verdict.measurements[0].n == 19


@pytest.mark.parametrize("model", [Standardised(), RankedLabels(), Remembering(), Dropout(), BatchesOnly(), Broken()])
def test_a_model_that_does_not_fails(model):
    (verdict,) = independence.judge(model, X)
    assert verdict.outcome == "failed"


def test_the_row_and_both_answers_are_named():
    (verdict,) = independence.judge(Standardised(), X)
    assert "row 0 alone" in verdict.message or "a batch of half the rows" in verdict.message
    assert "instead of" in verdict.message


def test_what_a_single_row_raises_is_told():
    (verdict,) = independence.judge(BatchesOnly(), X)
    assert "row 0 alone: the model raises ValueError: expected 2 rows" in verdict.message


def test_one_row_cannot_tell():
    with pytest.raises(Inconclusive, match="takes 2"):
        independence.judge(Model(), X.head(1))


def test_labels_may_turn_where_two_probabilities_are_equal():
    tie = Answer(n=1, labels=np.array(["yes"]), proba=np.array([[0.5, 0.5]]))
    other = Answer(n=1, labels=np.array(["no"]), proba=np.array([[0.5, 0.5]]))
    assert independence.restored(tie, {"again": other})[0].outcome == "passed"


def test_a_restored_model_that_answers_otherwise_fails_and_says_where():
    expected = ask(Model(), X)
    places = {"loaded a second time": ask(Model(), X), "loaded in a fresh process": ask(Standardised(), X)}
    (verdict,) = independence.restored(expected, places)
    assert verdict.outcome == "failed"
    assert "loaded in a fresh process" in verdict.message
    assert "second time" not in verdict.message


def test_probabilities_that_are_lost_fail():
    expected = ask(Model(), X)
    bare = Answer(n=expected.n, labels=expected.labels)
    assert "another shape" in independence.restored(expected, {"again": bare})[0].message
