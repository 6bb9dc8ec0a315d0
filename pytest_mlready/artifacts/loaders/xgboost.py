"""Loads XGBoost's own files (.ubj, .json)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import frames
from pytest_mlready.artifacts.loaded import Loaded, one_line
from pytest_mlready.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from pathlib import Path


def load(file: Path, data: bytes, *, source: str, frame: frames.Kind | None, **known: Any) -> Loaded:
    """A booster as a model; its classes are 0 to k-1, since XGBoost keeps no other labels.

    Raises:
        MissingExtra: XGBoost is not installed.
        ModelError: the file is damaged.
    """
    try:
        import xgboost
    except ImportError:
        raise MissingExtra("xgboost", "xgboost", f"loading {file.name}") from None
    try:
        booster = xgboost.Booster(model_file=bytearray(data))
        objective = json.loads(booster.save_config())["learner"]["objective"]
    except Exception as reason:
        raise ModelError(f"{file} cannot be read as XGBoost: {one_line(reason)}", fix="save it again") from reason
    names = tuple(booster.feature_names) if booster.feature_names else None
    margins = _asker(xgboost, booster, output_margin=True)
    classes = _classes(objective)
    probabilities = _probabilities(margins, len(classes)) if classes and objective["name"] != "binary:hinge" else None
    return Loaded(
        source=source,
        estimator=booster,
        ask_predict=_labels(margins, classes) if classes else _asker(xgboost, booster, output_margin=False),
        ask_proba=probabilities,
        ask_decision=margins if classes else None,
        classes=classes,
        feature_names=names,
        frame=frame or frames.usual_kind(names),
        **({"kind": "xgboost"} | known),
    )


def _classes(objective: dict[str, Any]) -> tuple[int, ...] | None:
    if objective["name"].startswith("binary:"):
        return (0, 1)
    if objective["name"].startswith("multi:"):
        return tuple(range(int(objective["softmax_multiclass_param"]["num_class"])))
    return None


def _asker(xgboost: Any, booster: Any, *, output_margin: bool) -> Any:
    categorical = [
        n for n, t in zip(booster.feature_names or (), booster.feature_types or (), strict=False) if t == "c"
    ]

    def ask(frame: Any) -> Any:
        if categorical and hasattr(frame, "astype"):
            frame = frame.astype(dict.fromkeys(categorical, "category"))
        names = None if hasattr(frame, "columns") else booster.feature_names
        matrix = xgboost.DMatrix(frame, feature_names=names, enable_categorical=bool(categorical))
        return booster.predict(matrix, output_margin=output_margin)

    return ask


def _labels(margins: Any, classes: tuple[int, ...]) -> Any:
    def ask(frame: Any) -> Any:
        margin = margins(frame)
        return margin.argmax(axis=1) if len(classes) > 2 or margin.ndim == 2 else (margin > 0).astype(int)

    return ask


def _probabilities(margins: Any, width: int) -> Any:
    def ask(frame: Any) -> Any:
        from scipy.special import expit, softmax

        margin = margins(frame)
        return softmax(margin, axis=1) if width > 2 or margin.ndim == 2 else expit(margin)

    return ask
