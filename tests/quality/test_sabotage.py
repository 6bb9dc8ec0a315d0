"""Spoilt models really are bad, keep their type and their original, and say where they cannot be made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from pytest_mlready.quality import sabotage

RNG = np.random.default_rng(3)
X = pd.DataFrame(RNG.normal(size=(600, 4)), columns=list("abcd"))
SIGNAL = X["a"] + X["b"] - 0.5 * X["c"]
Y = np.where(SIGNAL > 0, "yes", "no")
CLASSIFIERS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "search": GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2),
    "svc": SVC(),
    "bayes": GaussianNB(),
    "network": MLPClassifier((8,), max_iter=60, random_state=0, solver="lbfgs"),
    "tree": DecisionTreeClassifier(max_depth=6, random_state=0),
    "forest": RandomForestClassifier(20, max_depth=6, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=20, random_state=0),
    "histogram": HistGradientBoostingClassifier(max_iter=20, early_stopping=False),
}
REGRESSORS = {
    "ridge": Ridge(),
    "forest": RandomForestRegressor(20, max_depth=6, random_state=0),
    "histogram": HistGradientBoostingRegressor(max_iter=20, early_stopping=False),
}


def right(model, labels=Y):
    return float((model.predict(X) == labels).mean())


def error(model):
    return float(np.sqrt(np.mean((model.predict(X) - SIGNAL) ** 2)))


@pytest.fixture(scope="module", params=CLASSIFIERS.values(), ids=CLASSIFIERS.keys())
def classifier(request):
    return request.param.fit(X, Y)


@pytest.fixture(scope="module", params=REGRESSORS.values(), ids=REGRESSORS.keys())
def regressor(request):
    return request.param.fit(X, SIGNAL)


def test_noise_on_what_a_classifier_learnt_makes_it_bad_and_leaves_the_original_alone(classifier):
    before = right(classifier)
    spoilt = sabotage.noised(classifier, strength=10.0, seed=1)
    assert right(spoilt) < before - 0.1
    assert right(classifier) == before
    assert type(spoilt) is type(classifier)


def test_noise_on_a_regressor_makes_it_bad(regressor):
    assert error(sabotage.noised(regressor, strength=3.0, seed=1)) > 1.5 * error(regressor)


def test_the_same_seed_gives_the_same_noise():
    model = CLASSIFIERS["logistic"].fit(X, Y)
    one, other = (sabotage.noised(model, strength=1.0, seed=4) for _ in range(2))
    assert np.array_equal(one[-1].coef_, other[-1].coef_)


def test_shares_of_a_noised_tree_stay_probabilities():
    shares = sabotage.noised(CLASSIFIERS["tree"].fit(X, Y), strength=3.0, seed=1).predict_proba(X)
    assert shares.min() >= 0
    assert np.allclose(shares.sum(axis=1), 1)


def test_a_constant_model_knows_all_classes_and_answers_the_most_frequent(classifier):
    answers = np.array(["no"] * 5 + ["yes"] * 2)
    spoilt = sabotage.constant(classifier, answers)
    assert set(spoilt.predict(X)) == {"no"}
    assert list(spoilt.classes_) == ["no", "yes"]


def test_a_constant_model_keeps_the_names_of_its_columns():
    spoilt = sabotage.constant(CLASSIFIERS["forest"].fit(X, Y), Y)
    assert list(spoilt.feature_names_in_) == list("abcd")


def test_a_constant_regressor_answers_the_mean(regressor):
    spoilt = sabotage.constant(regressor, np.array([1.0, 3.0]))
    assert set(spoilt.predict(X)) == {2.0}


def test_classes_in_the_wrong_order_turn_every_answer_round(classifier):
    spoilt = sabotage.misordered(classifier)
    assert list(spoilt.classes_) == ["yes", "no"]
    assert list(classifier.classes_) == ["no", "yes"]
    if not isinstance(classifier, MLPClassifier):  # its labels come from an encoder of its own; its columns turn round
        assert np.array_equal(spoilt.predict(X) == "yes", classifier.predict(X) == "no")


def test_a_model_without_weights_cannot_be_noised():
    with pytest.raises(sabotage.NotMadeError, match="no coefficients and no leaf values"):
        sabotage.noised(KNeighborsClassifier().fit(X, Y), strength=1.0, seed=0)


def test_a_regressor_has_no_class_order():
    with pytest.raises(sabotage.NotMadeError, match="does not keep its classes"):
        sabotage.misordered(Ridge().fit(X, SIGNAL))


@pytest.fixture(scope="module", params=["gbtree", "gblinear"])
def xgboost(request):
    library = pytest.importorskip("xgboost")
    data = library.DMatrix(X, label=(Y == "yes").astype(int))
    made = {"objective": "binary:logistic", "booster": request.param, "nthread": 1}
    return library, library.train(made, data, 20), data


@pytest.fixture(scope="module")
def lightgbm():
    library = pytest.importorskip("lightgbm")
    data = library.Dataset(X, label=(Y == "yes").astype(int))
    return library.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 20)


def test_xgboost_is_noised_and_made_constant(xgboost):
    _, booster, data = xgboost
    truth, before = Y == "yes", booster.predict(data)
    noised = sabotage.noised(booster, strength=10.0, seed=1).predict(data)
    assert ((noised > 0.5) == truth).mean() < ((before > 0.5) == truth).mean() - 0.1
    assert np.ptp(sabotage.constant(booster, Y).predict(data)) < 1e-6
    assert np.array_equal(booster.predict(data), before)


def test_lightgbm_is_noised_and_made_constant(lightgbm):
    truth = Y == "yes"
    noised = sabotage.noised(lightgbm, strength=10.0, seed=1).predict(X)
    assert ((noised > 0.5) == truth).mean() < ((lightgbm.predict(X) > 0.5) == truth).mean() - 0.1
    assert np.ptp(sabotage.constant(lightgbm, Y).predict(X)) < 1e-6


def test_their_classifiers_are_noised_inside():
    library = pytest.importorskip("xgboost")
    model = library.XGBClassifier(n_estimators=20, n_jobs=1).fit(X, (Y == "yes").astype(int))
    spoilt = sabotage.noised(model, strength=10.0, seed=1)
    assert right(spoilt, Y == "yes") < right(model, Y == "yes") - 0.1


def test_a_classifier_that_computes_its_classes_has_no_order_to_change():
    library = pytest.importorskip("xgboost")
    model = library.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, (Y == "yes").astype(int))
    with pytest.raises(sabotage.NotMadeError, match="XGBClassifier does not keep its classes"):
        sabotage.misordered(model)
