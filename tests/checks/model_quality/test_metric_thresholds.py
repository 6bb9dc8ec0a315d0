"""Runs the check on a healthy model, a spoilt one and too few rows, with a stand-in for the project."""

from types import SimpleNamespace

import numpy as np
import pytest

from pytest_mlready.checks.model_quality.metric_thresholds import ITEM, test_metrics_meet_their_limits
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.settings import Metric
from pytest_mlready.values import Predictions, seed_of

check = test_metrics_meet_their_limits
del test_metrics_meet_their_limits  # a team that imports it collects it; here it is called


def predictions(n=2000, *, spoilt=False):
    rng = np.random.default_rng(0)
    truth = rng.random(n) < 0.3
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + 3 * (truth - 0.5))))
    score = rng.permutation(score) if spoilt else score
    names = np.array(["no", "yes"])
    return Predictions(
        task="binary-classification", y=names[truth.astype(int)], labels=names[(score > 0.5).astype(int)], positive="yes",
        classes=("no", "yes"), score=score, proba=np.column_stack([1 - score, score]), sha256="x",
    )  # fmt: skip


def run(found, *, confidence=None, root=None, **limits):
    evidence = Evidence()
    metrics = {name: Metric(**limit) for name, limit in limits.items()}
    mlready = SimpleNamespace(
        settings=SimpleNamespace(metrics=metrics), options=lambda _: {"confidence": confidence}, confidence=0.95,
        seed=lambda text: seed_of("data", "model", text), progress=lambda _: None, root=root,
    )  # fmt: skip
    request = SimpleNamespace(getfixturevalue={"mlready_predictions": found}.__getitem__)
    check(mlready, evidence, request)
    return evidence.notes


LIMITS = {"roc_auc": {"min": 0.9}, "accuracy": {"min": 0.85}, "f1": {"min": 0.75}, "log_loss": {"max": 0.5}}


def test_a_good_model_meets_its_limits_with_confidence():
    notes = run(predictions(), **LIMITS)
    assert [e["name"] for e in notes.evidence] == list(LIMITS)
    assert all(e["interval"][0] < e["value"] < e["interval"][1] for e in notes.evidence)
    assert [row["name"] for row in notes.plots[0]["data"]["rows"]] == list(LIMITS)
    assert notes.grade == "replayed"


def test_a_binary_classifier_gets_pictures_of_its_curves_with_a_hundred_points_at_most():
    plots = {plot["title"]: plot["data"] for plot in run(predictions(), roc_auc={"min": 0.9}).plots}
    assert list(plots) == ["Metrics and their limits", "ROC curve", "Calibration"]
    assert 50 < len(plots["ROC curve"]["x"]) <= 100
    assert len(plots["Calibration"]["y"]) == 10


def test_scores_given_to_the_wrong_rows_fail_and_every_metric_is_named():
    with pytest.raises(Failed) as failure:
        run(predictions(spoilt=True), **LIMITS)
    assert all(f"{name} is" in str(failure.value) for name in LIMITS)


def test_too_few_rows_are_inconclusive_and_say_how_many_would_decide():
    with pytest.raises(Inconclusive, match=r"accuracy is .* about [\d,]+ rows would decide"):
        run(predictions(150), accuracy={"min": 0.92})


def test_one_failure_outweighs_what_is_undecided():
    with pytest.raises(Failed, match="log_loss"):
        run(predictions(150), accuracy={"min": 0.92}, log_loss={"max": 0.01})


def test_a_metric_without_a_limit_is_not_judged():
    with pytest.raises(Unverified, match=r"no metric has a limit.*roc_auc = \{ min = 0.90 \}"):
        run(predictions(), accuracy={"subgroup_min": 0.7}, f1={"margin": 0.01})


def test_without_confidence_the_point_estimate_decides():
    notes = run(predictions(150), accuracy={"min": 0.92}, confidence=0.0)
    assert notes.evidence[0]["note"] == "point estimate"


def test_a_function_beside_the_settings_is_a_metric(tmp_path):
    (tmp_path / "our_costs.py").write_text(
        "def cost(y_true, y_pred):\n    return float(((y_true == 'yes') & (y_pred == 'no')).mean())\n"
    )
    notes = run(predictions(), root=tmp_path, cost={"max": 0.1, "function": "our_costs:cost"})
    assert notes.evidence[0]["interval"][1] < 0.1
    with pytest.raises(ReadinessError, match="cots"):
        run(predictions(), root=tmp_path, cost={"max": 0.1, "function": "our_costs:cots"})


def test_a_misspelt_metric_is_an_error_with_the_nearest_name():
    with pytest.raises(ReadinessError, match='did you mean "accuracy"'):
        run(predictions(), acuracy={"min": 0.8})


def test_the_same_inputs_give_the_same_bounds():
    assert run(predictions(), **LIMITS).evidence == run(predictions(), **LIMITS).evidence


def test_the_item_is_about_this_very_model():
    assert ITEM.id == "model_quality.metric_thresholds"
    assert ITEM.about_model
