from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from drift_projects import dataset, project, rows, windows

from pytest_mlready.checks.monitoring import prediction_drift as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ModelError
from pytest_mlready.evidence import Evidence


class Churn:
    """Says yes to the old, more or less."""

    source, sha256, kind, path, estimator = "test", None, "function", None, None
    classes, feature_names = ("no", "yes"), ("age", "visits")

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-(X["age"].to_numpy() - 45) / 8))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return np.where(self.predict_proba(X)[:, 1] > 0.5, "yes", "no")


class Silent(Churn):
    """Answers nothing where visits are many."""

    classes = None

    def predict_proba(self, X):
        return None

    def predict(self, X):
        return np.where(X["visits"].to_numpy() > 50, np.nan, X["age"].to_numpy())


class Crashes(Churn):
    def predict(self, X):
        raise ValueError("no scaler")


def request(model):
    asked = []

    def getfixturevalue(name):
        asked.append(name)
        return model

    return SimpleNamespace(getfixturevalue=getfixturevalue, config=SimpleNamespace(stash={}), asked=asked)


@pytest.fixture
def judge(tmp_path, tmp_path_factory):
    def run(both, model=None, evidence=None, **options):
        mlready = project(tmp_path, positive="yes", prediction_drift=options)
        asking = request(model or Churn())
        check.test_current_window(mlready, evidence or Evidence(), *both, asking, tmp_path_factory)
        return asking

    return run


def test_the_candidates_answers_are_compared_and_pass(judge):
    evidence = Evidence()
    asking = judge(windows(), evidence=evidence)
    assert {"drift of prediction", "drift of score"} <= {e["name"] for e in evidence.notes.evidence}
    assert asking.asked == ["mlready_model", "mlready_model"]


@pytest.mark.parametrize("age", [pl.col("age") + 12, pl.col("age") * 12, pl.lit(40.0)])
def test_broken_inputs_show_in_the_answers(judge, age):
    with pytest.raises(Failed, match='"score" median'):
        judge(windows(age=age))


def test_missing_answers_fail(judge):
    many = pl.when(pl.int_range(pl.len()) % 4 == 0).then(100).otherwise(pl.col("visits"))
    with pytest.raises(Failed, match="missing 0 % → 25 %"):
        judge(windows(visits=many), Silent())


def test_a_model_that_cannot_answer_is_an_error(judge):
    with pytest.raises(ModelError, match="no scaler"):
        judge(windows(), Crashes())


def test_few_answers_are_inconclusive(judge):
    with pytest.raises(Inconclusive, match="cannot be judged"):
        judge(windows(current=80))


def test_an_empty_window_is_inconclusive(judge):
    reference, current = windows()
    with pytest.raises(Inconclusive, match="has no rows"):
        judge((reference, dataset("current", current.frame.clear())))


def logged(seed, approve, n=1500):
    rng = np.random.default_rng(seed)
    score = np.clip(rng.beta(2, 5, n) + approve, 0, 1)
    return rows(seed, n).with_columns(
        answer=pl.Series(np.where(score > 0.5, "approve", "reject")), score=pl.Series(score)
    )


def of_log(approve):
    return dataset("reference", logged(1, 0.0)), dataset("current", logged(2, approve))


def test_logged_answers_are_compared_without_a_model(judge):
    assert judge(of_log(0.0), prediction="answer", score="score").asked == []


def test_a_jump_in_approvals_fails(judge):
    with pytest.raises(Failed, match=r'"answer"|"score"'):
        judge(of_log(0.3), prediction="answer", score="score")


def test_a_column_that_was_not_logged_is_an_error(judge):
    with pytest.raises(DataError, match='no column "answers"; did you mean "answer"'):
        judge(of_log(0.0), prediction="answers")


def test_the_detector_of_predictions_is_tested_too(tmp_path):
    evidence, mlready = Evidence(), project(tmp_path, positive="yes")
    asking = request(Churn())
    check.test_detector_does_not_cry_wolf(mlready, evidence, *windows(), asking)
    check.test_detector_sees_planted_faults(mlready, evidence, *windows(), asking)
    assert asking.asked == ["mlready_model", "mlready_model"]  # asked once for both windows
    assert {"false alarms", "power: a number shifted by 0.75 sd"} <= {e["name"] for e in evidence.notes.evidence}


def test_a_detector_that_sleeps_fails(tmp_path):
    (tmp_path / "sleeping_detector.py").write_text("def drifted(reference, current):\n    return {}\n")
    mlready = project(tmp_path, prediction_drift={"detector": "sleeping_detector:drifted"})
    with pytest.raises(Failed, match="The detector sees it in 0 of 40"):
        check.test_detector_sees_planted_faults(mlready, Evidence(), *windows(), request(Churn()))
