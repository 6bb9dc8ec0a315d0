"""Tests of the run itself take items for examples; those of the example project and of the service need them all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

WITH_ALL = (
    "test_broken_team_code",
    "test_broken_example",
    "test_broken_service",
    "test_first_hour",
    "test_service_runs",
)
# Plugins that come with our extras and cost each of these runs seconds; none has a part in them.
ASIDE = "-p no:schemathesis -p no:locust -p no:faker -p no:anyio"
SUPPORT = Path(__file__).with_name("support")


@pytest.fixture(autouse=True)
def only_model_quality(request, monkeypatch):
    """Leaves out the other built-in checks in the runs that a test starts."""
    if request.module.__name__ not in WITH_ALL:
        monkeypatch.setenv("PYTEST_PLUGINS", "only_model_quality")
        monkeypatch.setenv("PYTEST_ADDOPTS", ASIDE)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]))
