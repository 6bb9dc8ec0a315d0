"""How many mismatching examples are too many, and when a log can tell at all."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pytest_mlready.drift import skew_verdicts
from pytest_mlready.drift.skew import Compared


def judged(k, n, confidence=0.95):
    return skew_verdicts.judge_rows("features", np.arange(n) < k, (), limit=0.001, confidence=confidence)


@pytest.mark.parametrize(
    ("k", "n", "outcome"),
    [
        (0, 3000, "passed"),
        (0, 2900, "inconclusive"),
        (1, 3000, "inconclusive"),
        (4, 3000, "failed"),
        (1, 5000, "passed"),
    ],
)
def test_none_in_three_thousand_is_what_it_takes(k, n, outcome):
    assert judged(k, n).outcome == outcome


def test_the_bound_is_the_exact_one():
    upper = judged(1, 4000).measurements[0].interval[1]
    assert upper == pytest.approx(stats.beta.ppf(0.95, 2, 3999))


def test_without_confidence_the_rate_alone_is_compared():
    assert judged(1, 3000, confidence=0).outcome == "passed"
    assert judged(0, 0).outcome != "passed"


def test_too_few_examples_say_what_was_left_out():
    (verdict,) = skew_verdicts.judge_number(12, 3000, ["88 of other models"])
    assert verdict.outcome == "inconclusive"
    assert "12 different examples of this model count (88 of other models); 3,000 are needed" in verdict.message
    assert skew_verdicts.judge_number(3000, 3000, []) == []


def columns(trained=(), served=(), features=("a",), model=None):
    compared = Compared(n=1, features=features, differences=(), only_trained=trained, only_served=served)
    return [v.outcome for v in skew_verdicts.judge_columns(compared, model)]


def test_features_of_one_side_are_judged_by_what_the_model_takes():
    assert columns(served=("b",)) == ["failed"]
    assert columns(served=("b",), model=("a", "b")) == ["failed"]
    assert columns(served=("request_id",), model=("a",)) == []
    assert columns(trained=("b",)) == ["inconclusive"]
    assert columns(trained=("b",), model=("a",)) == []
    assert columns(features=()) == ["inconclusive"]


def test_planted_skew_must_be_found_and_there_must_be_some():
    assert skew_verdicts.judge_trials([("unit", True), ("shift", True)]).outcome == "passed"
    assert skew_verdicts.judge_trials([("unit", True), ("shift", False)]).outcome == "inconclusive"
    assert skew_verdicts.judge_trials([]).outcome == "inconclusive"
