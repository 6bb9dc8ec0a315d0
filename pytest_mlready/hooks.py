"""Declares the hooks by which a project hands over what no file can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_mlready.tally import Tally


@pytest.hookspec(firstresult=True)
def pytest_mlready_load_model(config: pytest.Config, source: str) -> Any:
    """Loads the model that the settings name by `source`; the first result that is not None wins.

    Returns:
        A `pytest_mlready.Model`, or any object with `predict` (and `predict_proba`, `classes_`).
    """


@pytest.hookspec(firstresult=True)
def pytest_mlready_load_data(config: pytest.Config, name: str, source: str) -> Any:
    """Loads the data set `name` ("train", "heldout", "reference", "current"); the first result that is not None wins.

    Returns:
        A `pytest_mlready.Dataset`, or a frame that narwhals understands (polars, pandas, pyarrow, duckdb ...).
    """


def pytest_mlready_report(config: pytest.Config, tally: Tally) -> None:
    """Called once at the end, in the controlling process, with the finished tally."""
