"""Writes an estimator in the format of an artifact, so that what loads the one loads the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_mlready.errors import MissingExtra

SUFFIXES = (".skops", ".joblib", ".pkl", ".pickle", ".ubj", ".json", ".txt", ".lgb")


def can_save(path: str | Path) -> bool:
    """Whether models of this format can be written again from the loaded object."""
    return Path(path).suffix.lower() in SUFFIXES


def save(estimator: Any, path: Path) -> Path:
    """Writes the estimator in the format that the suffix names; returns the path.

    Raises:
        MissingExtra: skops is not installed.
        ValueError: Nothing is known of this format.
    """
    suffix = path.suffix.lower()
    if not can_save(path):
        raise ValueError(f"a model cannot be written as {suffix or 'a file without a suffix'}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".skops":
        _skops(estimator, path)
    elif suffix in (".pkl", ".pickle"):
        _pickle(estimator, path)
    elif suffix == ".joblib":
        import joblib

        joblib.dump(estimator, path)
    else:
        estimator.save_model(str(path))
    return path


def _skops(estimator: Any, path: Path) -> None:
    try:
        import skops.io
    except ImportError:
        raise MissingExtra("skops", "artifacts", f"writing {path.name}") from None
    skops.io.dump(estimator, path)


def _pickle(estimator: Any, path: Path) -> None:
    import pickle

    with path.open("wb") as stream:
        pickle.dump(estimator, stream)
