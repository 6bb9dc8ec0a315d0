from __future__ import annotations

import numpy as np
import pytest

from pytest_mlready.quality import explanation, recomposition
from pytest_mlready.quality.answers import Answer

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(5, 3))
NAMES = ("age", "job", "hours-per-week")
WEIGHTS = np.array([1.0, -2.0, 0.5])
RAW = X @ WEIGHTS - 0.3
P = 1 / (1 + np.exp(-RAW))
ASKED = recomposition.Asked(
    answer=Answer(n=5, labels=np.where(P > 0.5, "yes", "no"), proba=np.column_stack([1 - P, P])),
    classes=("no", "yes"),
    positive="yes",
)


def read(rows, names=NAMES, baseline=-0.3, link="logit", **more):
    return [
        explanation.read(
            {"baseline": baseline, "contributions": dict(zip(names, row, strict=True)), "link": link, **more},
            ("no", "yes"),
        )
        for row in rows.tolist()
    ]


GOOD = read(X * WEIGHTS)


def sums(explanations, asked=ASKED):
    return recomposition.judge_sums(explanations, asked, tolerance=1e-6)


def content(explanations, inputs=3):
    return recomposition.judge_content(explanations, inputs=inputs)


def test_parts_that_recompose_pass():
    verdict = sums(GOOD)
    assert verdict.outcome == "passed"
    assert verdict.measurements[0].value == 5


def test_the_explanation_may_be_about_the_other_class():
    assert sums(read(-X * WEIGHTS, baseline=0.3, **{"class": "no"})).outcome == "passed"


@pytest.mark.parametrize(
    ("explanations", "said"),
    [
        (read(X * WEIGHTS, baseline=-0.2), "by the parts (link logit)"),
        (read(X * WEIGHTS, link="identity"), "by the parts (link identity)"),
        (read(-X * WEIGHTS, baseline=0.3), "5 of 5 explanations"),
        (read(X * WEIGHTS * np.array([1, 1, 0])), "by the model"),
        (read(X * WEIGHTS, **{"class": "maybe"}), "about the class 'maybe'"),
        ([*GOOD[:4], "explain raised KeyError"], "example 5: explain raised KeyError"),
    ],
)
def test_parts_that_do_not_fail(explanations, said):
    verdict = sums(explanations)
    assert verdict.outcome == "failed"
    assert said in verdict.message


def test_numbers_recompose_to_the_value_and_classes_to_each_probability():
    value = recomposition.Asked(answer=Answer(n=5, labels=RAW), classes=None, positive=None)
    assert sums(read(X * WEIGHTS, link="identity"), value).outcome == "passed"
    both = [
        explanation.read({"baseline": [0.0, -0.3], "contributions": {"age": [0.0, float(r + 0.3)]}, "link": "softmax"}, ("no", "yes"))
        for r in RAW
    ]  # fmt: skip
    assert sums(both).outcome == "passed"


def test_labels_alone_have_nothing_to_add_up_to():
    bare = recomposition.Asked(answer=Answer(n=5, labels=P > 0.5), classes=(False, True), positive=True)
    assert "no probabilities" in sums(GOOD, bare).message


def test_contributions_that_vary_by_themselves_pass():
    assert content(GOOD).outcome == "passed"


@pytest.mark.parametrize(
    "rows",
    [
        np.column_stack([RAW, np.zeros(5), np.zeros(5)]),
        np.column_stack([RAW / 3] * 3),
        np.column_stack([0.7 * RAW, 0.2 * RAW, 0.1 * RAW]),
        np.column_stack([RAW, np.ones(5), np.full(5, -1.0)]),
        np.tile([1.0, 2.0, 3.0], (5, 1)),
    ],
    ids=["one is all", "shared evenly", "shared by fixed parts", "one and constants", "none varies"],
)
def test_parts_that_only_share_out_one_number_fail(rows):
    verdict = content(read(rows))
    assert verdict.outcome == "failed"
    assert "explain nothing" in verdict.message


def test_a_model_with_one_input_has_one_contribution():
    assert content(read(X[:, :1], names=("age",)), inputs=1).outcome == "passed"
    assert content(read(X[:, :1], names=("age",)), inputs=None).outcome == "failed"


def names(explanations, stages=()):
    return recomposition.judge_names(explanations, inputs=["age", "job", "hours-per-week"], stages=stages)


@pytest.mark.parametrize("name", ["age", "numbers__age", "AGE", "age x hours-per-week", "job=Sales"])
def test_names_hold_those_of_inputs(name):
    assert names(read(X[:, :1], names=(name,))).outcome == "passed"


@pytest.mark.parametrize("name", ["f0", "language", "usage", "tree 3", "agenda"])
def test_names_that_hold_none_fail_until_they_are_declared(name):
    explanations = read(X[:, :1], names=(name,))
    assert f"({name})" in names(explanations).message
    assert names(explanations, stages=(name,)).outcome == "passed"


def test_stages_may_be_patterns():
    assert names(read(X, names=("tree 1", "tree 2", "age")), stages=("tree *",)).outcome == "passed"


def test_examples_are_spread_over_the_scores():
    scores = RANDOM.permutation(101).astype(float)
    assert scores[recomposition.spread(scores, 5)].tolist() == [0, 25, 50, 75, 100]
    assert len(recomposition.spread(scores[:2], 5)) == 2
