"""Spoils a fitted model on purpose: a constant answer, noise on what it learnt, its classes in the wrong order."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.quality import sabotage_boosters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Change = Callable[[NDArray[Any]], NDArray[Any]]

# Where scikit-learn's estimators keep what they learnt as plain arrays.
LEARNT = ("coef_", "coefs_", "dual_coef_", "_dual_coef_", "feature_log_prob_", "theta_")
INNER = ("best_estimator_", "regressor_")  # of a search, of a regressor with a transformed target
MOST_PARTS = 200_000  # objects that are looked into


class NotMadeError(Exception):
    """This model cannot be spoilt in this way; the message says why."""


def constant(estimator: Any, answers: NDArray[Any]) -> Any:
    """A copy whose last step gives one answer to everything: the most frequent class, or the mean.

    Args:
        estimator: A fitted scikit-learn estimator, or a booster of XGBoost or LightGBM.
        answers: Its own answers on some rows, shape (n,).

    Raises:
        NotMadeError: It is a booster that was not understood.
    """
    if sabotage_boosters.is_booster(estimator):
        return _booster(estimator, np.zeros_like)
    return _with_last(copy.deepcopy(estimator), lambda last: _dummy(last, answers))


def noised(estimator: Any, *, strength: float, seed: int) -> Any:
    """A copy with normal noise on coefficients and leaf values.

    Args:
        estimator: As for `constant`.
        strength: Standard deviation of the noise, in root mean squares of the array that it is added to.
        seed: Of the noise.

    Raises:
        NotMadeError: Nothing was found that could be noised.
    """
    change = _noise(strength, np.random.default_rng(seed))
    if sabotage_boosters.is_booster(estimator):
        return _booster(estimator, change)
    spoilt = copy.deepcopy(estimator)
    if not sum(_changed(part, change) for part in _parts(spoilt)):
        raise NotMadeError(f"no coefficients and no leaf values were found in a {type(estimator).__name__}")
    return spoilt


def misordered(estimator: Any) -> Any:
    """A copy whose last step names its classes in another order: each column and label means the next class.

    Raises:
        NotMadeError: It does not keep its classes in an attribute of its own.
    """
    return _with_last(copy.deepcopy(estimator), _rolled)


def _with_last(estimator: Any, change: Callable[[Any], Any]) -> Any:
    """The estimator with the step that answers changed, inside pipelines and searches."""
    if steps := getattr(estimator, "steps", None):
        name, last = steps[-1]
        steps[-1] = (name, _with_last(last, change))
        return estimator
    for attribute in INNER:
        if attribute in _attributes(estimator):
            setattr(estimator, attribute, _with_last(getattr(estimator, attribute), change))
            return estimator
    return change(estimator)


def _dummy(last: Any, answers: NDArray[Any]) -> Any:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    width = int(getattr(last, "n_features_in_", 1))
    classes = getattr(last, "classes_", None)
    if classes is None:
        y = np.full(2, float(np.mean(answers)))
        dummy = DummyRegressor(strategy="constant", constant=y[0]).fit(np.zeros((2, width)), y)
    else:
        labels, counts = np.unique(answers, return_counts=True)
        most = labels[counts.argmax()]
        dummy = DummyClassifier(strategy="constant", constant=most).fit(np.zeros((len(classes), width)), classes)
    for name in ("feature_names_in_", "n_features_in_"):
        if hasattr(last, name):
            setattr(dummy, name, getattr(last, name))
    return dummy


def _rolled(last: Any) -> Any:
    classes = _attributes(last).get("classes_")
    if not isinstance(classes, np.ndarray) or len(classes) < 2:
        raise NotMadeError(f"a {type(last).__name__} does not keep its classes where they could be exchanged")
    last.classes_ = np.roll(classes, 1)
    return last


def _noise(strength: float, rng: np.random.Generator) -> Change:
    def change(values: NDArray[Any]) -> NDArray[Any]:
        scale = strength * float(np.sqrt(np.mean(np.square(values, dtype=float)))) if values.size else 0.0
        return (values + rng.normal(scale=scale, size=values.shape)).astype(values.dtype)

    return change


def _booster(booster: Any, change: Change) -> Any:
    spoilt = sabotage_boosters.changed(booster, change)
    if spoilt is None:
        raise NotMadeError(f"the trees of a {type(booster).__module__} booster were not understood")
    return spoilt


def _attributes(thing: Any) -> dict[str, Any]:
    return getattr(thing, "__dict__", {})


def _parts(estimator: Any) -> Iterator[Any]:
    """The estimator and all objects that it is made of, each once."""
    waiting, seen = [estimator], set[int]()
    while waiting and len(seen) < MOST_PARTS:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        waiting += [inner for inner in _inside(thing) if not isinstance(inner, str | bytes | int | float | type)]


def _inside(thing: Any) -> list[Any]:
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, list | tuple):
        return list(thing)
    if isinstance(thing, np.ndarray):
        return list(thing.flat) if thing.dtype == object else []
    return list(_attributes(thing).values())


def _changed(part: Any, change: Change) -> int:
    """Noises what one object learnt; how many arrays that were."""
    if type(part).__name__ == "Tree" and hasattr(part, "value"):
        return _tree(part.value, change)
    if type(part).__name__ == "TreePredictor":  # of scikit-learn's histogram-based boosting
        leaves = part.nodes["is_leaf"].astype(bool)
        part.nodes["value"][leaves] = change(part.nodes["value"][leaves])
        return 1
    met, attributes = 0, _attributes(part)
    for name in (n for n in LEARNT if n in attributes):
        value = attributes[name]
        if _numbers(value):
            setattr(part, name, [change(v) for v in value] if isinstance(value, list) else change(value))
            met += 1
    for name, value in list(attributes.items()):
        if sabotage_boosters.is_booster(value):
            setattr(part, name, _booster(value, change))
            met += 1
    return met


def _numbers(value: Any) -> bool:
    arrays = value if isinstance(value, list) else [value]
    return bool(arrays) and all(isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in arrays)


def _tree(value: NDArray[Any], change: Change) -> int:
    """A tree's values in place: class shares stay shares, means of a regression may be anything."""
    noisy = change(value)
    if value.shape[2] > 1:
        noisy = noisy.clip(1e-9)
        noisy /= noisy.sum(axis=2, keepdims=True)
    value[...] = noisy
    return 1
