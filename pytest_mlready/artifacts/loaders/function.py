"""Takes "module:function" as a model: a function of a frame, an object with `predict`, or a function that makes one."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import named
from pytest_mlready.artifacts.loaded import Loaded, one_line, plain_labels
from pytest_mlready.artifacts.loaders import estimators
from pytest_mlready.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.artifacts.frames import Kind

_EXPECTED = "a function, or an object with `predict`"


def load(source: str, *, root: Path, frame: Kind | None) -> Loaded:
    """The model that the project's own code makes.

    A function without parameters is called once and returns the model. Any other is the model: it is called with a
    frame of the feature columns (polars, unless `frame` says otherwise) and returns n predictions. It may carry
    attributes: `predict_proba` and `decision_function` (functions of the same frame), `classes` and `feature_names`.

    Raises:
        ModelError: there is no such thing, it is neither a function nor an object with `predict`, or making it fails.
    """
    found = named.object_named(source, root, error=ModelError)
    if isinstance(found, type):
        raise ModelError(
            f"{source} is a class", expected=_EXPECTED, fix="name an instance, or a function that returns one"
        )
    if inspect.isfunction(found) and not inspect.signature(found).parameters:
        found = _made(found, source, root)
    if callable(getattr(found, "predict", None)):
        return estimators.wrap(found, source=source, frame=frame, kind="function")
    if not callable(found):
        raise ModelError(f"{source} is a {type(found).__name__}", expected=_EXPECTED)
    names = getattr(found, "feature_names", None)
    return Loaded(
        source=source,
        kind="function",
        estimator=found,
        ask_predict=found,
        ask_proba=_optional(found, "predict_proba"),
        ask_decision=_optional(found, "decision_function"),
        frame=frame or "polars",
        classes=plain_labels(getattr(found, "classes", None)),
        feature_names=None if names is None else tuple(names),
    )


def _made(make: Any, source: str, root: Path) -> Any:
    try:
        with named.importable(root):
            return make()
    except (Exception, SystemExit) as reason:
        raise ModelError(
            f"{source} raised {type(reason).__name__}: {one_line(reason)}", fix="call it by hand"
        ) from reason


def _optional(found: Any, name: str) -> Any:
    method = getattr(found, name, None)
    return method if callable(method) else None
