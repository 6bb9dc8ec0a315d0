"""Lets any scikit-learn scorer and any function (y_true, y_pred) stand as a metric, by drawing rows again."""

from __future__ import annotations

import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import Inconclusive, ReadinessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_mlready.quality.bootstrap import Floats, Statistic
    from pytest_mlready.values import Predictions


def load_function(text: str) -> Callable[..., float]:
    """The function that "module:function" names. Raises ReadinessError when there is none."""
    try:
        found = pkgutil.resolve_name(text)
    except Exception as error:
        raise ReadinessError(
            f'"{text}" cannot be imported: {type(error).__name__}: {error}',
            expected='"module:function" of (y_true, y_pred), returning a number',
            fix="correct the name, or install the module",
        ) from error
    if not callable(found):
        raise ReadinessError(f'"{text}" is a {type(found).__name__}', expected="a function (y_true, y_pred) -> float")
    return found  # type: ignore[no-any-return]


def by_function(name: str, function: Callable[..., float]) -> Callable[[Predictions], Statistic]:
    """A metric from a function (y_true, y_pred) -> float, and (…, sample_weight=) where the data carry weights."""

    def build(p: Predictions) -> Statistic:
        if p.weight is not None and "sample_weight" not in inspect.signature(function).parameters:
            raise Inconclusive(f"{name} takes no sample_weight, and the data have weights", fix="add the parameter")

        def value(rows: NDArray[np.intp], weight: NDArray[np.float64] | None) -> float:
            more = {} if weight is None else {"sample_weight": weight}
            return function(p.y[rows], p.labels[rows], **more)

        return _drawn_again(name, p, value)

    return build


def by_scorer(name: str) -> Callable[[Predictions], Statistic]:
    """A metric from scikit-learn's scorer of that name (greater is better: errors come negated)."""

    def build(p: Predictions) -> Statistic:
        from sklearn.metrics import get_scorer

        answers, y = _answers(p)

        def value(rows: NDArray[np.intp], weight: NDArray[np.float64] | None) -> float:
            more = {} if weight is None else {"sample_weight": weight}
            return float(get_scorer(name)(answers, rows[:, None], y[rows], **more))

        return _drawn_again(name, p, value)

    return build


def _drawn_again(name: str, p: Predictions, value: Callable[[Any, Any], float]) -> Statistic:
    def one(counts: Floats) -> float:
        rows = np.repeat(np.arange(len(p)), counts.astype(np.intp))
        try:
            return float(value(rows, None if p.weight is None else p.weight[rows]))
        except ReadinessError:
            raise
        except Exception as error:
            raise ReadinessError(
                f"{name} cannot be computed: {type(error).__name__}: {error}",
                expected=f"a metric that suits {p.task}",
                fix="choose another metric under [tool.mlready.metrics], or mend the function",
            ) from error

    return lambda w: np.array([one(counts) for counts in w])


def _answers(p: Predictions) -> tuple[Any, NDArray[Any]]:
    """A stand-in for the model that looks answers up by row number, and the truth as it would have learnt it."""
    from sklearn.base import ClassifierMixin, RegressorMixin

    if not p.task.endswith("classification"):
        return _stand_in(RegressorMixin, predict=p.labels), p.y
    names = np.unique(np.concatenate([p.y, p.labels])) if p.classes is None else np.asarray(p.classes)
    order = np.argsort(names == p.positive, kind="stable") if p.positive is not None else np.arange(len(names))
    code = {name: i for i, name in enumerate(names[order].tolist())}  # 1 is the positive class, as scorers expect
    y, labels = (np.array([code[v] for v in values.tolist()]) for values in (p.y, p.labels))
    more = {"predict_proba": None if p.proba is None else p.proba[:, order], "decision_function": p.score}
    stand_in = _stand_in(ClassifierMixin, predict=labels, **{k: v for k, v in more.items() if v is not None})
    stand_in.classes_ = np.arange(len(names))
    return stand_in, y


def _stand_in(kind: type, **answers: NDArray[Any]) -> Any:
    from sklearn.base import BaseEstimator

    def method(name: str) -> Callable[..., NDArray[Any]]:
        def look_up(_: Any, X: NDArray[np.intp]) -> NDArray[Any]:
            return answers[name][X[:, 0]]

        look_up.__name__ = name  # scikit-learn asks methods for their names
        return look_up

    return type("Answers", (kind, BaseEstimator), {name: method(name) for name in answers})()
