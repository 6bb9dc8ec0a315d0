from __future__ import annotations

import numpy as np
import pytest

from pytest_mlready.quality.answers import Answer
from pytest_mlready.quality.training import answer_form

N = 300
RANDOM = np.random.default_rng(5)
Y = np.array(["a", "b", "c"])[np.arange(N) % 3]
CLASSES = ("a", "b", "c")


def probabilities(y=Y):
    raw = RANDOM.random((N, 3)) + 0.8 * (y[:, None] == np.array(CLASSES))
    return raw / raw.sum(axis=1, keepdims=True)


PROBA = probabilities()
LABELS = np.array(CLASSES)[PROBA.argmax(axis=1)]


def judge(labels=LABELS, proba=PROBA, y=Y, classes=CLASSES, classification=True, **more):
    return answer_form.judge(
        Answer(n=len(y), labels=labels, proba=proba, **more), y, classes, classification=classification
    )


def test_well_formed_answers_pass_with_their_shapes():
    verdict = judge()
    assert verdict.outcome == "passed"
    assert [m.value for m in verdict.measurements] == ["(300,)", "<U1", "(300, 3)"]


def test_labels_alone_and_numbers_pass():
    assert judge(proba=None).outcome == "passed"
    y = RANDOM.random(N)
    assert judge(labels=y + 1, proba=None, y=y, classes=None, classification=False).outcome == "passed"


def test_whole_numbers_and_the_texts_of_them_are_the_same_classes():
    y = np.arange(N) % 2
    p = np.clip(y + RANDOM.normal(0, 0.3, N), 0.01, 0.99)
    proba = np.column_stack([1 - p, p])
    for labels, classes in (((p > 0.5).astype(float), (0.0, 1.0)), ((p > 0.5).astype(int).astype(str), ("0", "1"))):
        assert judge(labels=labels, proba=proba, y=y, classes=classes).outcome == "passed"


def test_a_tuned_threshold_is_no_mistake():
    y = np.where(np.arange(N) % 10 == 0, "yes", "no")
    p = np.clip(np.where(y == "yes", 0.3, 0.05) + RANDOM.normal(0, 0.02, N), 0, 1)
    labels, proba = np.where(p > 0.2, "yes", "no"), np.column_stack([1 - p, p])
    assert judge(labels=labels, proba=proba, y=y, classes=("no", "yes")).outcome == "passed"


def swapped(*order):
    return PROBA[:, list(order)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"proba": swapped(1, 2, 0)}, 'column 0, that of "a"'),
        ({"proba": swapped(1, 0, 2)}, "columns stand in another order"),
        ({"proba": PROBA[:, :2], "classes": None}, "shape (300, 2); expected (300, 3)"),
        ({"proba": PROBA * 0.9}, "add up to 0.9; expected 1"),
        ({"labels": np.full(N, "d")}, 'hold "d"'),
        ({"classes": ("a", "b", "x")}, "the classes are a, b, x"),
        ({"labels": np.column_stack([LABELS, LABELS])}, "shape (300, 2)"),
        ({"labels": LABELS[:9]}, "answers with shape (9,)"),
        ({"proba": np.full((N, 3), np.nan)}, "nan"),
        ({"labels": np.array(CLASSES)[(PROBA.argmax(axis=1) + 1) % 3]}, "no predicted label"),
        ({"labels": None, "error": ValueError("boom")}, "raises ValueError: boom"),
    ],
)
def test_each_mistake_fails_and_is_named(given, said):
    verdict = judge(**given)
    assert verdict.outcome == "failed"
    assert said in verdict.message


def test_texts_where_numbers_are_expected_fail():
    y = RANDOM.random(N)
    verdict = judge(labels=y.astype(str), proba=None, y=y, classes=None, classification=False)
    assert "expected numbers" in verdict.message


def test_a_class_with_few_rows_or_a_constant_model_is_no_mistake():
    y = np.array(["a"] * (N - 3) + ["b"] * 3)
    proba = np.column_stack([np.linspace(0.2, 0.9, N), 1 - np.linspace(0.2, 0.9, N)])
    assert judge(labels=np.full(N, "a"), proba=proba, y=y, classes=("a", "b")).outcome == "passed"
    flat = np.full((N, 3), 1 / 3)
    assert judge(labels=np.full(N, "a"), proba=flat).outcome == "passed"
