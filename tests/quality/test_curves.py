"""ROC and calibration curves against scikit-learn, and where there are none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, roc_auc_score, roc_curve

from pytest_mlready.quality import curves
from pytest_mlready.quality.intervals import wilson
from pytest_mlready.values import Predictions


def predictions(n=5000, *, weight=None):
    rng = np.random.default_rng(3)
    chance = rng.beta(1, 2, n).round(3)  # with ties
    truth = rng.random(n) < chance
    names = np.array(["no", "yes"])
    return Predictions(
        task="binary-classification", y=names[truth.astype(int)], labels=names[(chance > 0.5).astype(int)], positive="yes",
        classes=("no", "yes"), score=chance, proba=np.column_stack([1 - chance, chance]), weight=weight,
    )  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
def test_every_point_lies_on_the_curve_of_scikit_learn(weighted):
    weight = np.random.default_rng(1).random(5000) if weighted else None
    p = predictions(weight=weight)
    found = curves.roc(p)
    false, true, _ = roc_curve(p.y == "yes", p.score, sample_weight=weight, drop_intermediate=False)
    for x, y in zip(found["x"], found["y"], strict=True):
        assert np.hypot(false - x, true - y).min() < 1e-12


def test_a_hundred_points_keep_the_area_and_both_corners():
    p = predictions()
    found = curves.roc(p)
    assert len(found["x"]) <= 100
    assert auc(found["x"], found["y"]) == pytest.approx(roc_auc_score(p.y == "yes", p.score), abs=5e-4)
    assert (found["x"][0], found["y"][0], found["x"][-1], found["y"][-1]) == (0, 0, 1, 1)


def test_shares_in_bins_of_equal_size_are_those_of_scikit_learn_with_wilson_bounds():
    p = dataclasses.replace(predictions(), proba=None)
    chance = np.random.default_rng(4).permutation(np.linspace(0, 1, 5000))  # without ties: bins are the same
    p = dataclasses.replace(p, proba=np.column_stack([1 - chance, chance]))
    found = curves.calibration(p)
    share, mean = calibration_curve(p.y == "yes", chance, n_bins=10, strategy="quantile")
    assert found["x"] == pytest.approx(mean, abs=1e-3)
    assert found["y"] == pytest.approx(share, abs=5e-3)
    assert found["n"].sum() == 5000
    lower, upper = wilson(found["y"] * found["n"], found["n"])
    assert (list(found["lower"]), list(found["upper"])) == (pytest.approx(list(lower)), pytest.approx(list(upper)))


@pytest.mark.parametrize(
    "lack",
    [{"score": None, "proba": None}, {"positive": None}, {"y": np.array(["no"] * 5000)}, {"classes": ("a", "b"), "score": None},
     {"score": np.full(5000, np.nan), "proba": np.full((5000, 2), np.nan)}],
    ids=["no score", "no positive class", "one class", "unknown class", "not finite"],
)  # fmt: skip
def test_there_is_no_curve_without_what_it_shows(lack):
    p = dataclasses.replace(predictions(), **lack)
    assert (curves.roc(p), curves.calibration(p)) == (None, None)


def test_a_score_of_one_value_is_a_straight_line_and_few_rows_are_no_calibration():
    p = dataclasses.replace(predictions(), score=np.zeros(5000))
    assert list(curves.roc(p)["x"]) == list(curves.roc(p)["y"]) == [0, 1]
    assert curves.calibration(predictions(39)) is None
    assert curves.calibration(predictions(weight=np.ones(5000))) is None
