"""Holds alignment by class name, and every bad answer against the error that it must become."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from pytest_mlready.errors import DataError, Inconclusive, ModelError
from pytest_mlready.quality.metrics import measure
from pytest_mlready.quality.predictions import infer_task, predict
from pytest_mlready.values import Dataset

N = 200
X = np.random.default_rng(0).normal(size=N)
P = 1 / (1 + np.exp(-2 * X))
TRUE = np.random.default_rng(1).random(N) < P
HIGH = np.where(TRUE, "high", "low")


def dataset(y=HIGH, **more):
    frame = pl.DataFrame({"x": X[: len(y)], "y": y, **more.pop("columns", {})})
    return Dataset(
        frame=frame, name="heldout", source="heldout.parquet", sha256="d", target="y", features=("x",), **more
    )


@dataclass
class Fake:
    """A model that answers as told."""

    labels: Any
    proba: Any = None
    decision: Any = None
    classes: Any = None
    source: str = "model.skops"
    sha256: str = "m"
    estimator: Any = None

    def _give(self, answer):
        if isinstance(answer, Exception):
            raise answer
        return answer

    def predict(self, X):
        return self._give(self.labels)

    def predict_proba(self, X):
        return self._give(self.proba)

    def decision_function(self, X):
        return self._give(self.decision)


def two(first, second):
    """A model whose columns are (first, second), of which "high"-like is the second."""
    return Fake(np.where(P > 0.5, second, first), np.column_stack([1 - P, P]), classes=(first, second))


def test_probabilities_follow_the_names_and_not_the_positions():
    swapped = Fake(np.where(P > 0.5, "high", "low"), np.column_stack([1 - P, P]), classes=("low", "high"))
    found = predict(swapped, dataset(), positive="high")
    assert found.classes == ("high", "low")
    np.testing.assert_array_equal(found.proba[:, 0], P)
    np.testing.assert_array_equal(found.score, P)
    assert measure("roc_auc", found).value > 0.8


def test_the_positive_class_decides_the_direction_of_the_score():
    model = two("low", "high")
    high, low = (predict(model, dataset(), positive=c) for c in ("high", "low"))
    assert measure("roc_auc", high).value == pytest.approx(measure("roc_auc", low).value)
    np.testing.assert_allclose(high.score, 1 - low.score)


@pytest.mark.parametrize(("positive", "turned"), [("low", False), ("high", True)])
def test_decision_values_stand_in_for_probabilities_and_are_turned_where_needed(positive, turned):
    model = Fake(np.where(P > 0.5, "high", "low"), decision=-X, classes=("high", "low"))
    found = predict(model, dataset(), positive=positive)
    np.testing.assert_array_equal(found.score, X if turned else -X)
    assert found.proba is None


def test_a_real_classifier_is_aligned():
    estimator = LogisticRegression().fit(X[:, None], HIGH)
    model = Fake(estimator.predict(X[:, None]), estimator.predict_proba(X[:, None]), classes=tuple(estimator.classes_))
    found = predict(model, dataset(), positive="high")
    assert (found.proba.argmax(axis=1) == 0).tolist() == (found.labels == "high").tolist()


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (TRUE.astype(int), ("0", "1")),
        (TRUE.astype(int).astype(str), (0, 1)),
        (TRUE.astype(int), (0.0, 1.0)),
        (TRUE, (0, 1)),
        (TRUE.astype(float), (0, 1)),
        (TRUE, ("False", "True")),
    ],
)
def test_labels_that_read_alike_are_alike(y, classes):
    found = predict(two(*classes), dataset(y))
    assert found.positive == max(y.tolist())
    assert found.labels.dtype.kind == found.y.dtype.kind
    assert measure("accuracy", found).value == np.mean((P > 0.5) == TRUE)
    np.testing.assert_array_equal(found.score, P)


@pytest.mark.parametrize("classes", [(0, 1), (-1, 1), (False, True)])
def test_numbers_against_words_need_the_positive_class(classes):
    with pytest.raises(ModelError, match=r"which is which cannot be told.*positive = "):
        predict(two(*classes), dataset())
    found = predict(two(*classes), dataset(), positive="high")
    assert measure("accuracy", found).value == np.mean((P > 0.5) == TRUE)
    np.testing.assert_array_equal(found.score, P)


def test_a_model_without_class_names_shows_them_by_its_labels():
    model = replace(two("zebra", "ant"), classes=None)
    found = predict(model, dataset(np.where(TRUE, "ant", "zebra")), positive="ant")
    assert found.classes == ("ant", "zebra")
    np.testing.assert_array_equal(found.score, P)


def test_a_model_without_class_names_whose_labels_do_not_tell_is_refused():
    model = Fake(np.where(P > 0.8, "high", "low"), np.column_stack([1 - P, P]))
    with pytest.raises(ModelError, match="names no classes"):
        predict(model, dataset())


def test_a_model_without_class_names_may_never_predict_one():
    found = predict(Fake(np.full(N, "low")), dataset(), positive="high")
    assert found.classes == ("high", "low")
    assert found.score is None


def test_a_class_that_only_the_model_knows_keeps_its_column():
    proba = np.column_stack([1 - P, P * 0.5, P * 0.5])
    model = Fake(np.where(P > 0.5, "high", "low"), proba, classes=("low", "high", "odd"))
    found = predict(model, dataset())
    assert found.task == "multiclass-classification"
    assert found.classes == ("high", "low", "odd")
    np.testing.assert_array_equal(found.proba[:, 2], P * 0.5)


@pytest.mark.parametrize(
    ("y", "positive"),
    [(TRUE, True), (TRUE.astype(int), 1), (np.where(TRUE, "no", "yes"), "yes"), (np.where(TRUE, "ant", "bee"), "bee")],
)
def test_without_a_stated_positive_class_the_rule_decides(y, positive):
    names = np.unique(y).tolist()
    assert predict(two(*names), dataset(y)).positive == positive


def test_a_positive_class_that_is_none_is_answered_with_the_nearest():
    with pytest.raises(DataError, match='positive = "hihg" is not a class of the data; did you mean "high"'):
        predict(two("low", "high"), dataset(), positive="hihg")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Fake(ValueError("columns are\nmissing: age")), "predict of model.skops raised ValueError: columns are"),
        (Fake(np.full(N - 1, "low")), r"predict of model.skops answered with shape \(199,\)"),
        (Fake(np.full((N, 3), 0.1)), r"shape \(200, 3\)"),
        (Fake(np.r_[[None], np.full(N - 1, "low")]), "gave NaN, infinity or nothing for 1 of 200 rows"),
        (replace(two("low", "high"), labels=np.full(N, "medium")), 'unknown class "medium"'),
        (Fake(np.full(N, "medium")), 'unknown class "medium"'),
        (replace(two("low", "high"), proba=np.full((N, 2), np.nan)), "NaN or infinity for 200 of 200 rows"),
        (replace(two("low", "high"), proba=np.full((N, 2), 0.9)), "probabilities that add up to 1"),
        (replace(two("low", "high"), proba=np.column_stack([P, -P])), "probabilities that add up to 1"),
        (replace(two("low", "high"), proba=np.full((N, 3), 1 / 3)), "3 columns and the model 2 classes"),
        (replace(two("low", "high"), proba=np.full((N - 1, 2), 0.5)), r"answered with shape \(199, 2\)"),
        (
            replace(two("low", "high"), proba=RuntimeError("out of memory")),
            "predict_proba of model.skops raised RuntimeError",
        ),
        (
            replace(two("low", "high"), proba=None, decision=np.full(N, np.nan)),
            "decision_function of model.skops gave NaN",
        ),
    ],
)
def test_an_answer_that_no_metric_can_use_is_an_error_of_the_model(model, message):
    with pytest.raises(ModelError, match=message):
        predict(model, dataset())


def test_labels_that_the_model_never_learnt_are_named_and_counted():
    y = HIGH.copy().astype("U6")
    y[:7] = "medium"
    with pytest.raises(DataError, match=r'the target holds "medium" \(7 rows\), which the model never learnt'):
        predict(two("low", "high"), dataset(y))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dataset(HIGH[:0]), "the heldout data have no rows"),
        (dataset(np.full(N, "low")), "every row of the target is low"),
        (dataset([None, *HIGH[1:]]), "1 of 200 heldout rows have no target"),
        (dataset(np.r_[np.nan, TRUE[1:]]), "1 of 200 heldout rows have no target"),
    ],
)
def test_data_that_decide_nothing_are_inconclusive(data, message):
    with pytest.raises(Inconclusive, match=message):
        predict(two("low", "high"), data)


def test_a_missing_target_column_is_answered_with_the_nearest():
    with pytest.raises(DataError, match='no column yy; did you mean "y"'):
        predict(two("low", "high"), replace(dataset(), target="yy"))
    with pytest.raises(DataError, match="have no target column"):
        predict(two("low", "high"), replace(dataset(), target=None))


def test_a_regression_takes_numbers_and_refuses_words():
    found = predict(Fake(X + 0.1), dataset(X))
    assert found.task == "regression"
    assert measure("mae", found).value == pytest.approx(0.1)
    with pytest.raises(DataError, match="the target y holds"):
        predict(Fake(X), dataset(), task="regression")
    with pytest.raises(Inconclusive, match="has the target 3"):
        predict(Fake(X), dataset(np.full(N, 3.0)), task="regression")


def test_a_column_of_predictions_is_flattened():
    assert predict(Fake(X[:, None]), dataset(X)).labels.shape == (N,)


def test_texts_stay_texts():
    y = [f"sentence number {i}" for i in range(N)]
    found = predict(Fake(np.array(y, object)), dataset(y))
    assert found.task == "text-generation"
    assert measure("exact_match", found).value == 1


def test_role_columns_come_along():
    columns = {"who": [f"u{i % 50}" for i in range(N)], "w": np.ones(N), "query": np.arange(N) // 10}
    data = dataset(X, columns=columns, cluster="who", weight="w", group="query")
    found = predict(Fake(X), data, task="ranking")
    assert (found.cluster[0], found.weight[0], found.extra["group"][10]) == ("u0", 1.0, 1)
    np.testing.assert_array_equal(found.score, X)


@pytest.mark.parametrize("weight", [[-1.0] * N, [0.0] * N, [float("nan")] * N, ["a"] * N])
def test_weights_that_weigh_nothing_are_refused(weight):
    with pytest.raises(DataError, match="the weight column w"):
        predict(Fake(X), dataset(X, columns={"w": weight}, weight="w"))


def test_a_row_without_its_cluster_is_refused():
    with pytest.raises(DataError, match="cluster column who has missing values"):
        predict(Fake(X), dataset(X, columns={"who": [None, *["u"] * (N - 1)]}, cluster="who"))


def test_the_digest_follows_from_data_and_model():
    digests = {predict(Fake(X, sha256=m), replace(dataset(X), sha256=d)).sha256 for m in "ab" for d in "cd"}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (TRUE, "binary-classification"),
        (HIGH.astype(object), "binary-classification"),
        (np.arange(100) % 5, "multiclass-classification"),
        (np.arange(100), "regression"),
        (np.linspace(0, 1, 100), "regression"),
        (np.array(["a", "b", "c"] * 50), "multiclass-classification"),
        (np.array([f"a text, number {i}" for i in range(100)], object), "text-generation"),
    ],
)
def test_the_task_follows_from_the_target(y, task):
    assert infer_task(y) == task


def test_the_models_classes_decide_the_task():
    assert infer_task(np.arange(100), Fake(None, classes=("a", "b"))) == "binary-classification"
    assert infer_task(TRUE, Fake(None, classes=("a", "b", "c"))) == "multiclass-classification"


def test_probabilities_that_single_precision_rounds_beyond_one_are_taken():
    model = two("low", "high")
    model.proba = model.proba.copy()
    model.proba[0] = (1.000004, -0.000004)
    assert predict(model, dataset()).proba[0].max() == 1.0
