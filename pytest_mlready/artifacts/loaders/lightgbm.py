"""Loads LightGBM's own files (.txt)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts import frames
from pytest_mlready.artifacts.loaded import Loaded, one_line
from pytest_mlready.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from pathlib import Path

_OBJECTIVE = re.compile(r"^objective=(\w+)(?:.*num_class:(\d+))?", re.MULTILINE)
_MADE_UP = re.compile(r"Column_\d+")


def load(file: Path, data: bytes, *, source: str, frame: frames.Kind | None, **known: Any) -> Loaded:
    """A booster as a model; its classes are 0 to k-1, since LightGBM keeps no other labels.

    Raises:
        MissingExtra: LightGBM is not installed.
        ModelError: the file is damaged.
    """
    try:
        import lightgbm
    except ImportError:
        raise MissingExtra("lightgbm", "lightgbm", f"loading {file.name}") from None
    text = data.decode("utf-8", errors="replace")
    if not text.startswith("tree\n") or "\nend of trees" not in text:
        # LightGBM itself would read a file that is cut off as a model with fewer trees.
        raise ModelError(f"{file} cannot be read as LightGBM: not a whole model file", fix="save it again")
    try:
        booster = lightgbm.Booster(model_str=text)
    except Exception as reason:
        raise ModelError(f"{file} cannot be read as LightGBM: {one_line(reason)}", fix="save it again") from reason
    recorded = tuple(booster.feature_name())
    names = None if all(_MADE_UP.fullmatch(name) for name in recorded) else recorded
    classes = _classes(text)
    return Loaded(
        source=source,
        estimator=booster,
        ask_predict=_labels(booster, classes) if classes else booster.predict,
        ask_proba=booster.predict if classes else None,
        ask_decision=(lambda frame: booster.predict(frame, raw_score=True)) if classes else None,
        classes=classes,
        feature_names=names,
        loose_names=True,
        frame=frame or frames.usual_kind(names),
        **({"kind": "lightgbm"} | known),
    )


def _classes(text: str) -> tuple[int, ...] | None:
    match = _OBJECTIVE.search(text)
    if match and match[1] in ("binary", "cross_entropy"):
        return (0, 1)
    return tuple(range(int(match[2]))) if match and match[1] in ("multiclass", "multiclassova") else None


def _labels(booster: Any, classes: tuple[int, ...]) -> Any:
    def ask(frame: Any) -> Any:
        scores = booster.predict(frame)
        return scores.argmax(axis=1) if len(classes) > 2 else (scores > 0.5).astype(int)

    return ask
