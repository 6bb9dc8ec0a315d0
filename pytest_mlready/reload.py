"""Loads the model under test once more, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load(source: str, root: str, options: dict[str, Any]) -> Any:
    """The model as `artifacts.models.load` returns it, from arguments that JSON can carry."""
    from pytest_mlready.artifacts import models

    return models.load(source, root=Path(root), **options)
