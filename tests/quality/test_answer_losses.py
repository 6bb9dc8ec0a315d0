from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss
from stand_ins import StandIn, rows, sound

from pytest_mlready.errors import DataError, Inconclusive, ModelError
from pytest_mlready.quality.answer_losses import kind_of, losses_of
from pytest_mlready.quality.predictions import predict
from pytest_mlready.values import Dataset, Predictions

ALL = np.arange(400)


def dataset(y, frame=None):
    frame = rows() if frame is None else frame
    table = frame.with_columns(outcome=np.asarray(y))
    return Dataset(frame=table, name="heldout", source="t", sha256="0", target="outcome", features=tuple(frame.columns))


def labels(seed=0):
    return np.where(np.random.default_rng(seed).random(400) < sound(rows()), "yes", "no")


def asked(model, y, kind=None, which=ALL, **more):
    data = dataset(y)
    known = predict(model, data, **more)
    return losses_of(model, known, data.X, kind=kind_of(known, kind))(data.X[which], which)


def test_two_classes_have_the_brier_score_of_scikit_learn():
    y = labels()
    theirs = brier_score_loss(y == "yes", sound(rows()))
    assert asked(StandIn(sound), y).mean() == pytest.approx(theirs)


def test_a_part_of_the_rows_has_the_losses_of_those_rows():
    y, part = labels(), np.array([7, 3, 399, 3])
    assert asked(StandIn(sound), y, which=part) == pytest.approx(asked(StandIn(sound), y)[part])


def test_rows_of_one_class_alone_are_asked_about_like_any():
    y = labels()
    part = np.flatnonzero(y == "yes")[:5]
    assert asked(StandIn(sound), y, which=part) == pytest.approx((1 - sound(rows())[part]) ** 2)


def test_classes_are_matched_by_name_and_not_by_position():
    turned = StandIn(lambda X: 1 - sound(X), classes=("yes", "no"))
    assert asked(turned, labels()) == pytest.approx(asked(StandIn(sound), labels()))


def test_a_model_that_names_no_classes_shows_them():
    silent = StandIn(sound)
    known = asked(silent, labels())
    silent.predict, silent.classes = lambda X: np.where(sound(X) > 0.5, "yes", "no"), None
    silent.predict_proba = lambda X: np.column_stack([1 - sound(X), sound(X)])
    assert asked(silent, labels()) == pytest.approx(known)


def test_numbers_that_stand_for_texts_are_translated():
    coded = StandIn(sound, classes=(0, 1))
    assert asked(coded, labels(), positive="yes") == pytest.approx(asked(StandIn(sound), labels()))


def test_without_probabilities_an_answer_is_right_or_wrong():
    hard = StandIn(sound)
    hard.predict_proba = lambda X: None
    y = labels()
    assert asked(hard, y).tolist() == ((sound(rows()) > 0.5) != (y == "yes")).astype(float).tolist()
    assert asked(StandIn(sound), y, "error").tolist() == asked(hard, y).tolist()


def test_values_have_the_squared_error_or_the_absolute_one_when_asked_for():
    y = np.random.default_rng(1).normal(size=400)
    model = StandIn(sound, classes=None)
    assert asked(model, y) == pytest.approx((y - sound(rows())) ** 2)
    assert asked(model, y, "absolute") == pytest.approx(np.abs(y - sound(rows())))


def test_texts_have_what_chrf_leaves():
    pytest.importorskip("sacrebleu")
    y = np.array([f"answer number {i}" for i in range(400)], dtype=object)
    model = StandIn(lambda X: y[: X.height], classes=None)
    found = asked(model, y, which=np.arange(5), task="text-generation")
    assert found == pytest.approx(np.zeros(5), abs=1e-6)


def test_a_ranking_has_no_loss_by_row():
    with pytest.raises(Inconclusive, match="no loss by row"):
        kind_of(Predictions(task="ranking", y=np.zeros(3), labels=np.zeros(3)))


def test_a_loss_that_does_not_suit_the_task_is_refused():
    with pytest.raises(DataError, match='"squared" or "absolute"'):
        asked(StandIn(sound, classes=None), np.random.default_rng(1).normal(size=400), "brier")


@pytest.mark.parametrize(
    ("answer", "said"),
    [(lambda X: np.full(X.height, np.nan), "NaN, infinity or nothing for 400"), (lambda X: np.zeros(3), "shape")],
)
def test_answers_that_cannot_be_used_on_shuffled_rows_are_named(answer, said):
    model, data = StandIn(sound, classes=None), dataset(np.random.default_rng(1).normal(size=400))
    known = predict(model, data)
    model.function = answer
    with pytest.raises(ModelError, match=said):
        losses_of(model, known, data.X, kind="squared")(data.X, ALL)
