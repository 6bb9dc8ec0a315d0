from __future__ import annotations

import numpy as np
import pytest
from comparison_stub import Case, forest, table

from pytest_mlready.checks.model_quality import baseline_comparison as check
from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, Unverified
from pytest_mlready.quality.baselines import linear
from pytest_mlready.values import Predictions

BINARY = "binary-classification"


@pytest.fixture(scope="module")
def train():
    return table(4000, seed=1, name="train")


@pytest.fixture(scope="module")
def heldout():
    return table(6000, seed=2)


@pytest.fixture(scope="module")
def candidate(train):
    return forest(train, seed=1)


@pytest.fixture(scope="module")
def production(train):
    return forest(train, seed=2)


def coin(X, proba):
    """Answers by chance."""
    p = np.random.default_rng(3).random(len(X))
    return np.column_stack([1 - p, p])


def half_coin(X, proba):
    """Answers every third row by chance: a column lost on the way to the model."""
    return np.where((np.arange(len(X)) % 3 == 0)[:, None], coin(X, proba), proba)


# ---- against production


def test_a_retrained_equal_model_passes(heldout, candidate, production):
    noted = Case(check, heldout=heldout, candidate=candidate, production=production,
                 settings={"metrics": {"roc_auc": {}}}).run(check.test_not_worse_than_production)  # fmt: skip
    assert abs(noted["roc_auc: gain over the production model"]) < 0.01


def test_a_model_that_lost_a_column_fails_with_both_figures(train, heldout, production):
    case = Case(check, heldout=heldout, candidate=forest(train, spoil=half_coin), production=production)
    message = case.ends(check.test_not_worse_than_production, Failed)
    assert "is worse than the production model by more than 0.01" in message
    assert "exact McNemar p=" in message
    assert message.count("roc_auc") == 1


def test_few_rows_are_inconclusive_and_say_how_many_decide(candidate, production):
    case = Case(check, heldout=table(150, seed=5), candidate=candidate, production=production)
    assert "rows would decide" in case.ends(check.test_not_worse_than_production, Inconclusive)


def test_a_margin_comes_from_the_metric_then_from_the_item(train, heldout, production):
    spoilt = forest(train, spoil=half_coin)
    generous = {"metrics": {"accuracy": {"margin": 0.5}}}
    case = Case(check, heldout=heldout, candidate=spoilt, production=production, settings=generous)
    assert case.run(check.test_not_worse_than_production)
    none_set = {"metrics": {"accuracy": {}}}
    case = Case(
        check, heldout=heldout, candidate=spoilt, production=production, settings=none_set, options={"margin": 0.5}
    )
    assert case.run(check.test_not_worse_than_production)


def test_without_a_live_model_it_is_unverified_with_the_line_to_paste(heldout, candidate):
    message = Case(check, heldout=heldout, candidate=candidate).ends(check.test_not_worse_than_production, Unverified)
    assert "[tool.mlready.model] production =" in message


def test_a_first_release_is_not_applicable_with_its_reason(heldout, candidate):
    settings = {"model": {"first_release": "the pilot starts in March"}}
    case = Case(check, heldout=heldout, candidate=candidate, settings=settings)
    assert "the pilot starts in March" in case.ends(check.test_not_worse_than_production, NotApplicable)


def test_a_regression_is_compared_by_relative_error():
    train, heldout = (table(3000, seed=s, task="regression") for s in (1, 2))
    good, bad = forest(train), forest(train, spoil=lambda X, y: y + 0.5)
    equal = Case(check, heldout=heldout, candidate=good, production=forest(train, seed=4), options={"margin": 0.02})
    equal.run(check.test_not_worse_than_production)
    worse = Case(check, heldout=heldout, candidate=bad, production=good)
    assert "by more than 1 %" in worse.ends(check.test_not_worse_than_production, Failed)


# ---- against a dummy


def test_a_model_with_skill_beats_the_dummies(train, heldout, candidate):
    noted = Case(check, heldout=heldout, candidate=candidate, train=train).run(check.test_better_than_a_dummy)
    assert any("most frequent class" in name or "random guess" in name for name in noted)


def test_a_model_without_skill_fails(train, heldout):
    case = Case(check, heldout=heldout, candidate=forest(train, spoil=coin), train=train)
    assert "is not better than the dummy model" in case.ends(check.test_better_than_a_dummy, Failed)


def test_a_constant_model_fails_as_it_answers_like_the_dummy(train, heldout):
    constant = forest(train, spoil=lambda X, proba: np.tile([0.3, 0.7], (len(X), 1)))
    case = Case(check, heldout=heldout, candidate=constant, train=train)
    message = case.ends(check.test_better_than_a_dummy, Failed)
    assert "accuracy" in message
    assert "roc_auc" in message


def test_too_few_rows_cannot_tell_a_model_from_a_dummy(train, candidate):
    case = Case(check, heldout=table(40, seed=9), candidate=candidate, train=train)
    assert "rarer class" in case.ends(check.test_better_than_a_dummy, Inconclusive)


def test_metrics_that_a_constant_answer_maxes_out_are_left_aside(train, heldout, candidate):
    settings = {"metrics": {"recall": {}, "fpr": {}, "sensitivity": {}}}
    noted = Case(check, heldout=heldout, candidate=candidate, train=train, settings=settings).run(
        check.test_better_than_a_dummy
    )
    assert {"accuracy", "roc_auc"} <= set(noted)
    assert "recall" not in noted


def test_a_regression_must_beat_the_mean():
    train, heldout = (table(2000, seed=s, task="regression") for s in (1, 2))
    assert Case(check, heldout=heldout, candidate=forest(train), train=train).run(check.test_better_than_a_dummy)
    lost = forest(train, spoil=lambda X, y: np.random.default_rng(0).permutation(y))
    Case(check, heldout=heldout, candidate=lost, train=train).ends(check.test_better_than_a_dummy, Failed)


# ---- against a linear model


def test_a_forest_on_an_interaction_is_not_beaten_by_a_linear_model(train, heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate, train=train)
    noted = case.run(check.test_linear_model_is_not_confidently_better)
    assert any("gain over the linear model on 4,000 training rows" in name for name in noted)


def test_the_linear_model_itself_passes_against_itself(train, heldout):
    case = Case(check, heldout=heldout, candidate=linear(train, task=BINARY, seed=7), train=train)
    assert case.run(check.test_linear_model_is_not_confidently_better)


def test_a_model_that_a_linear_one_beats_fails(train, heldout):
    case = Case(check, heldout=heldout, candidate=forest(train, spoil=coin), train=train)
    message = case.ends(check.test_linear_model_is_not_confidently_better, Failed)
    assert "is worse than the linear model on 4,000 training rows" in message
    assert "simpler" in message


def test_few_rows_cannot_compare_with_a_linear_model(train, candidate):
    case = Case(check, heldout=table(40, seed=9), candidate=candidate, train=train)
    case.ends(check.test_linear_model_is_not_confidently_better, Inconclusive)


def test_the_rows_of_the_linear_model_are_bounded_by_its_option(train, heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate, train=train, options={"linear_rows": 500})
    noted = case.run(check.test_linear_model_is_not_confidently_better)
    assert any("500 training rows" in name for name in noted)


def test_generated_text_is_compared_with_production_alone(heldout, candidate):
    case = Case(check, heldout=heldout, candidate=candidate)
    texts = np.array(["ein Haus", "ein Baum"] * 100)
    case.predictions = Predictions(task="text-generation", y=texts, labels=texts)
    case.request.fixtures["mlready_production_predictions"] = case.predictions
    assert case.run(check.test_not_worse_than_production)
    for test in (check.test_better_than_a_dummy, check.test_linear_model_is_not_confidently_better):
        case.ends(test, NotApplicable)


def test_a_translation_that_got_worse_fails(heldout, candidate):
    rng = np.random.default_rng(0)
    words = [
        "the",
        "house",
        "stands",
        "on",
        "a",
        "hill",
        "near",
        "wood",
        "and",
        "water",
        "with",
        "many",
        "open",
        "windows",
    ]
    y = np.array([" ".join(rng.choice(words, 8)) for _ in range(200)])
    worse = np.array([" ".join(rng.permutation(t.split())[:5]) for t in y])
    case = Case(check, heldout=heldout, candidate=candidate)
    case.predictions = Predictions(task="text-generation", y=y, labels=worse)
    case.request.fixtures["mlready_production_predictions"] = Predictions(task="text-generation", y=y, labels=y)
    assert "chrf" in case.ends(check.test_not_worse_than_production, Failed)


def test_a_live_model_without_probabilities_leaves_the_area_open(heldout, candidate, production):
    case = Case(
        check, heldout=heldout, candidate=candidate, production=production, settings={"metrics": {"roc_auc": {}}}
    )
    live = case.request.fixtures["mlready_production_predictions"]
    case.request.fixtures["mlready_production_predictions"] = Predictions(
        task=BINARY, y=live.y, labels=live.labels, classes=live.classes, positive=live.positive
    )
    message = case.ends(check.test_not_worse_than_production, Inconclusive)
    assert "One of the two models gives no probabilities" in message
