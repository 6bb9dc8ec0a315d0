"""Wraps objects with scikit-learn's methods, from whatever file they came."""

from __future__ import annotations

import re
import warnings
from typing import Any

from pytest_mlready.artifacts import frames
from pytest_mlready.artifacts.loaded import Loaded, plain_labels
from pytest_mlready.errors import ModelError

_MADE_UP = re.compile(r"Column_\d+")  # LightGBM's names for columns of an array
_NAMED_AFTER = {"xgboost": "xgboost", "lightgbm": "lightgbm"}


def wrap(estimator: Any, *, source: str, frame: frames.Kind | None, **known: Any) -> Loaded:
    """A model that answers as the estimator does.

    Args:
        estimator: Anything with `predict`.
        source: As the settings name it.
        frame: Kind of frame; None: as trained.
        known: Further fields of `Loaded`.

    Raises:
        ModelError: there is no `predict`.
    """
    if not callable(getattr(estimator, "predict", None)):
        kind = f"{type(estimator).__module__}.{type(estimator).__qualname__}".removeprefix("builtins.")
        raise ModelError(
            f"{source} holds an object of type {kind}, without `predict`",
            expected="a fitted model",
            fix="save the fitted estimator itself",
        )
    names = feature_names(estimator)
    root = type(estimator).__module__.partition(".")[0]
    fields = {"kind": _NAMED_AFTER.get(root, "scikit-learn")} | known
    return Loaded(
        source=source,
        estimator=estimator,
        ask_predict=_quiet(estimator.predict, root),
        ask_proba=_quiet(getattr(estimator, "predict_proba", None), root),
        ask_decision=_quiet(getattr(estimator, "decision_function", None), root),
        frame=frame or frames.usual_kind(names or _names_of_a_step(estimator)),
        classes=_classes(estimator),
        feature_names=names,
        takes_texts=names is None and _takes_texts(estimator),
        **fields,
    )


def feature_names(estimator: Any) -> tuple[str, ...] | None:
    """The names that the estimator recorded at training, or None."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or all(_MADE_UP.fullmatch(str(name)) for name in names):
        return None
    return tuple(str(name) for name in names)


def _names_of_a_step(estimator: Any) -> tuple[str, ...] | None:
    """Names that a later step of a pipeline recorded: then the first one took a frame too, and kept nothing of it."""
    steps = getattr(getattr(estimator, "best_estimator_", estimator), "steps", None)
    return next((names for _, step in steps or () if (names := feature_names(step))), None)


def _classes(estimator: Any) -> tuple[Any, ...] | None:
    labels = getattr(estimator, "classes_", None)
    several = isinstance(labels, list) and any(getattr(label, "shape", ()) for label in labels)  # one array an output
    return None if several else plain_labels(labels)


def _takes_texts(estimator: Any) -> bool:
    for attribute in ("best_estimator_", "steps", "transformer_list"):
        inner = getattr(estimator, attribute, None)
        if inner is not None:
            return _takes_texts(inner[0][1] if isinstance(inner, list) else inner)
    return callable(getattr(estimator, "build_analyzer", None))


def _quiet(method: Any, root: str) -> Any:
    """LightGBM names the columns of an array itself, then has scikit-learn warn that they have no names."""
    if method is None or root != "lightgbm":
        return method

    def ask(frame: Any) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return method(frame)

    return ask
