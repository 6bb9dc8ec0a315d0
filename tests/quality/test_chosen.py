from __future__ import annotations

import numpy as np
import pytest

from pytest_mlready.errors import ReadinessError
from pytest_mlready.quality.chosen import metrics_for, of_skill, usual
from pytest_mlready.settings import Metric
from pytest_mlready.values import Predictions

Y = np.array([0, 1] * 10)
BINARY = Predictions(task="binary-classification", y=Y, labels=Y, classes=(0, 1), positive=1, score=Y.astype(float))


def names(configured, p=BINARY):
    return list(metrics_for({n: Metric(**more) for n, more in configured.items()}, p, load=lambda _: max))


def test_the_configured_metrics_are_taken():
    assert names({"f1": {}, "recall": {"min": 0.5}}) == ["f1", "recall"]


def test_without_any_the_usual_ones_of_the_task_are_taken():
    assert names({}) == ["accuracy", "roc_auc"]
    assert list(usual(Predictions(task="binary-classification", y=Y, labels=Y))) == ["accuracy"]
    assert list(usual(Predictions(task="regression", y=Y, labels=Y))) == ["rmse"]
    assert list(usual(Predictions(task="text-generation", y=Y, labels=Y))) == ["chrf"]


def test_a_maximum_is_left_out_as_it_has_no_bound():
    numbers = Predictions(task="regression", y=Y, labels=Y)
    assert names({"max_error": {"max": 3}, "mae": {}}, numbers) == ["mae"]


def test_a_function_is_loaded_and_its_limit_tells_its_direction():
    def direction(**more):
        table = Metric(function="own:cost", **more)
        return metrics_for({"cost": table}, BINARY, load=lambda _: max)["cost"].greater_is_better

    assert direction(min=1.0)
    assert not direction(max=1.0)
    assert direction(max=1.0, greater_is_better=True)


def test_metrics_that_need_no_skill_give_way_to_the_usual_ones():
    metrics = metrics_for({n: Metric() for n in ("recall", "tpr", "f1")}, BINARY, load=lambda _: max)
    assert list(of_skill(metrics, BINARY)) == ["f1"]
    assert list(of_skill({"recall": metrics["recall"]}, BINARY)) == ["accuracy", "roc_auc"]


def test_an_unknown_metric_is_an_error_with_the_nearest_name():
    with pytest.raises(ReadinessError, match='did you mean "accuracy"'):
        names({"acuracy": {}})


def test_a_limit_for_subgroups_tells_the_direction_too_and_without_any_more_is_better():
    def direction(**more):
        table = Metric(function="own:score", **more)
        return metrics_for({"score": table}, BINARY, load=lambda _: max)["score"].greater_is_better

    assert direction(subgroup_min=0.5)
    assert direction(margin=0.02)
    assert not direction(subgroup_max=0.5)
