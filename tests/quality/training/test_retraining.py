from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_mlready.quality.metrics import resolve
from pytest_mlready.quality.training import agreement, retraining
from pytest_mlready.values import Predictions

N = 1000
RANDOM = np.random.default_rng(3)
Y = np.where(RANDOM.random(N) < 0.5, "yes", "no")
RIGHT = np.clip(np.where(Y == "yes", 0.7, 0.3) + RANDOM.normal(0, 0.15, N), 0.01, 0.99)


def classes(p):
    proba = np.column_stack([1 - p, p])
    labels = np.where(p > 0.5, "yes", "no")
    return Predictions(
        task="binary-classification", y=Y, labels=labels, classes=("no", "yes"), proba=proba, score=p, positive="yes"
    )


def numbers(values, y=None):
    y = np.linspace(1e6, 2e6, N) if y is None else y
    return Predictions(task="regression", y=y, labels=np.asarray(values, float))


def limits(task="binary-classification", *names, **margins):
    names = names or (("accuracy", "roc_auc") if task.startswith("binary") else ("rmse",))
    return retraining.Limits(tolerance=1e-6, metrics={n: resolve(n, task) for n in names}, margins=margins)


def grade(*runs, same_bytes=False, limit=None):
    return retraining.reproduced(runs, limit or limits(), same_bytes=same_bytes)


def test_equal_bytes_are_the_strongest_grade():
    found = grade(classes(RIGHT), classes(RIGHT), same_bytes=True)
    assert found.grade == retraining.BYTES
    assert retraining.judge(found, differences="").outcome == "passed"


def test_predictions_within_rounding_are_the_second_and_what_differs_is_noted():
    found = grade(classes(RIGHT), classes(RIGHT + 5e-7))
    verdict = retraining.judge(found, differences="the times of writing differ")
    assert (found.grade, verdict.outcome) == (retraining.ANSWERS, "passed")
    assert "the times of writing differ" in verdict.measurements[0].note


def test_metrics_within_half_their_margin_are_the_third():
    noisy = RIGHT.copy()
    noisy[:3] = 1 - noisy[:3]  # three rows of a thousand: 0.3 points, and half the margin is 0.5
    found = grade(classes(RIGHT), classes(noisy))
    assert found.grade == retraining.METRICS
    assert [m.name for m in retraining.judge(found, differences="").measurements] == [
        retraining.NAME,
        "spread of accuracy",
        "spread of roc_auc",
    ]


def test_a_metric_beyond_half_its_margin_fails():
    noisy = RIGHT.copy()
    noisy[:40] = 1 - noisy[:40]
    verdict = retraining.judge(grade(classes(RIGHT), classes(noisy)), differences="w.npy: 3 of 9 values differ")
    assert verdict.outcome == "failed"
    assert "different models: probabilities differ on 40 of 1,000 rows" in verdict.message
    assert "w.npy: 3 of 9 values differ" in verdict.message
    assert "accuracy by" in verdict.message


def test_a_wider_margin_of_the_settings_is_the_one_that_counts():
    noisy = RIGHT.copy()
    noisy[:40] = 1 - noisy[:40]
    runs = classes(RIGHT), classes(noisy)
    assert grade(*runs, limit=limits("binary-classification", "accuracy", accuracy=0.2)).grade == retraining.METRICS


def test_the_third_run_counts_as_much_as_the_second():
    assert grade(classes(RIGHT), classes(RIGHT), classes(1 - RIGHT)).grade == retraining.NONE


def test_a_metric_that_cannot_be_computed_is_inconclusive():
    bare = replace(classes(RIGHT), proba=None, score=None)
    other = replace(bare, labels=np.where(RIGHT > 0.4, "yes", "no"))
    verdict = retraining.judge(grade(bare, other, limit=limits("binary-classification", "roc_auc")), differences="")
    assert verdict.outcome == "inconclusive"
    assert "roc_auc cannot be computed" in verdict.message


def test_numbers_in_the_millions_are_not_held_to_their_sixth_decimal():
    values = np.linspace(1e6, 2e6, N) + 1000
    assert grade(numbers(values), numbers(values + 0.1), limit=limits("regression")).grade == retraining.ANSWERS
    assert grade(numbers(values), numbers(values + 3), limit=limits("regression")).grade == retraining.METRICS
    assert grade(numbers(values), numbers(values + 100), limit=limits("regression")).grade == retraining.NONE


def test_other_classes_are_another_model():
    renamed = replace(classes(RIGHT), classes=("no", "Yes"))
    assert agreement.compare(classes(RIGHT), renamed).reason.startswith("the classes differ")
    assert not agreement.compare(classes(RIGHT), renamed).holds


def control(run, other, reproduced=retraining.BYTES, kind="labels"):
    return retraining.judge_control(run, other, limits(), kind=kind, reproduced=reproduced)


def test_a_control_that_differs_passes():
    assert control(classes(RIGHT), classes(RANDOM.random(N))).outcome == "passed"


@pytest.mark.parametrize("kind", ["labels", "rows"])
def test_a_control_with_the_same_predictions_fails(kind):
    verdict = control(classes(RIGHT), classes(RIGHT + 1e-8), kind=kind)
    assert verdict.outcome == "failed"
    assert "does not come from the rows" in verdict.message


def test_a_control_that_metrics_cannot_tell_from_a_repetition_fails_where_only_metrics_are_equal():
    noisy = RIGHT.copy()
    noisy[:3] = 1 - noisy[:3]
    assert control(classes(RIGHT), classes(noisy), retraining.METRICS).outcome == "failed"
    assert control(classes(RIGHT), classes(RANDOM.random(N)), retraining.METRICS).outcome == "passed"


@pytest.mark.parametrize(("required", "outcome"), [(False, "passed"), (True, "failed")])
def test_another_model_than_the_candidate_is_recorded_and_fails_where_required(required, outcome):
    apart = agreement.compare(classes(RIGHT), classes(1 - RIGHT))
    verdict = retraining.judge_candidate(apart, same_bytes=False, differences="x.npy", required=required)
    assert verdict.outcome == outcome
    assert verdict.measurements[0].value == "no"
    assert verdict.measurements[0].note.endswith("x.npy")


def test_the_candidate_may_be_equal_in_its_bytes_or_its_predictions():
    apart = agreement.compare(classes(RIGHT), classes(RIGHT))
    for same, how in ((True, "byte for byte"), (False, "in its predictions")):
        verdict = retraining.judge_candidate(apart, same_bytes=same, differences="", required=True)
        assert (verdict.outcome, verdict.measurements[0].value) == ("passed", how)
