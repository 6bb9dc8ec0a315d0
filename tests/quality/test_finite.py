from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from stand_ins import StandIn, rows, sound

from pytest_mlready.artifacts import models
from pytest_mlready.quality import feature_schema, finite, hostile, strategies

ROWS = rows()


def weights(**named):
    return list(named.items())


def test_finite_weights_pass_with_their_number():
    verdict = finite.judge_weights(weights(coef_=np.zeros((2, 3)), intercept_=np.zeros(1)))
    assert verdict.outcome == "passed"
    assert verdict.measurements[0].n == 7


def test_what_a_masked_array_hides_is_no_weight():
    hidden = np.ma.masked_invalid([1.0, np.nan, 2.0])
    assert finite.judge_weights(weights(table=hidden)).outcome == "passed"
    assert finite.judge_weights(weights(table=np.ma.array([1.0, np.nan], mask=[True, False]))).outcome == "failed"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_weight_that_is_not_finite_fails_with_its_place(value):
    coef = np.zeros(5)
    coef[3] = value
    verdict = finite.judge_weights(weights(coef_=coef))
    assert verdict.outcome == "failed"
    assert f"coef_[3] is {value}" in verdict.message


@pytest.mark.parametrize("name", ["nodes.num_threshold", "_Booster.threshold", "node 0 TreeEnsemble.nodes_values"])
def test_infinite_thresholds_are_in_order_and_nan_is_not(name):
    assert finite.judge_weights([(name, np.array([1.0, np.inf]))]).outcome == "passed"
    assert finite.judge_weights([(name, np.array([1.0, np.nan]))]).outcome == "failed"


def test_no_weights_are_inconclusive():
    assert finite.judge_weights([]).outcome == "inconclusive"
    assert finite.judge_weights([("empty", np.zeros(0))]).outcome == "inconclusive"


def test_finite_answers_pass_and_no_rows_are_inconclusive():
    model = StandIn(sound)
    assert finite.judge_answers(model, ROWS, what="held-out rows").outcome == "passed"
    assert finite.judge_answers(model, ROWS.clear(), what="held-out rows").outcome == "inconclusive"


@pytest.mark.parametrize(
    ("answer", "classes", "said"),
    [
        (lambda X: np.where(X["age"] == X["age"].max(), np.nan, 0.3), ("no", "yes"), "the probability"),
        (lambda X: np.full(X.height, 1.5), ("no", "yes"), "no number from 0 to 1"),
        (lambda X: np.where(X["age"] == X["age"].max(), np.inf, 0.3), None, "the label is not finite"),
        (lambda X: np.array([None] * X.height, dtype=object), None, "the label is not finite"),
    ],
)
def test_an_answer_that_is_not_finite_fails_with_its_row(answer, classes, said):
    verdict = finite.judge_answers(StandIn(answer, classes=classes), ROWS, what="held-out rows")
    assert verdict.outcome == "failed"
    assert said in verdict.message
    assert "age = " in verdict.message


def test_a_decision_value_that_is_not_finite_fails():
    model = StandIn(sound)
    model.decision_function = lambda X: np.full(X.height, np.nan)
    assert "the decision value" in finite.judge_answers(model, ROWS, what="rows").message


def edge(estimator, columns, *, promised=()):
    """How an estimator that was fitted on these columns fares on the edge set: inside, and beyond the contract."""
    frame = pl.DataFrame(columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(frame.drop("y").to_numpy(), frame["y"].to_numpy())
        model = models.wrap(estimator, source="test")
        schema = feature_schema.infer(frame.drop("y"))
        inside = [*strategies.boundaries(schema), *finite.small(schema)]
        outside = finite.beyond(schema, promised=promised)
        return (
            strategies.judge_inside(model, schema, inside),
            hostile.judge_outside(model, outside, reject_non_finite=True) if outside else None,
        )


RNG = np.random.default_rng(0)
A, B = RNG.normal(size=200), RNG.uniform(0, 10, 200)


def test_linear_and_logistic_models_are_stable_far_outside_of_what_they_saw():
    for estimator, y in ((LinearRegression(), A), (LogisticRegression(), (A > 0).astype(int))):
        inside, outside = edge(estimator, {"a": A, "b": B, "y": y})
        assert (inside.outcome, outside.outcome) == ("passed", "passed")


def test_an_exponential_that_overflows_fails_unless_the_contract_promises_its_range():
    columns = {"a": A, "y": np.exp(A)}
    inside, outside = edge(PoissonRegressor(), columns)
    assert (inside.outcome, outside.outcome) == ("passed", "failed")
    assert "in a" in outside.message
    assert edge(PoissonRegressor(), columns, promised=("a",))[1] is None


class Ratio(LinearRegression):
    def predict(self, X):
        with np.errstate(all="ignore"):
            return X[:, 1] / X[:, 0]


def test_a_division_by_zero_inside_the_contract_fails_with_the_column():
    inside, _ = edge(Ratio(), {"a": A, "b": B, "y": A})
    assert inside.outcome == "failed"
    assert "a = " in inside.message


def test_the_edge_set_has_zeros_and_the_smallest_numbers_where_the_contract_has_them():
    schema = feature_schema.infer(pl.DataFrame({"a": A, "b": B + 1, "n": RNG.integers(0, 9, 200)}))
    cells = [row["a"] for row in finite.small(schema)]
    assert {0.0, 5e-324, -5e-324, 1.4e-45} <= set(cells)
    assert {row["b"] for row in finite.small(schema)} == {schema["b"].typical}
    assert 0 in {row["n"] for row in finite.small(schema)}


def test_without_numbers_there_is_nothing_small_or_beyond():
    schema = feature_schema.infer(pl.DataFrame({"job": ["a", "b"] * 20}))
    assert finite.small(schema) == []
    assert finite.beyond(schema) == []


def test_columns_whose_bounds_are_stated_are_promised():
    contract = {"a": {"min": 0, "max": 3}, "b": {"max": 3}, "c": {"nullable": True}}
    assert finite.promised(contract) == ("a",)
