"""Lends these tests the faulty service of tests/serving."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "serving_fixtures", Path(__file__).parents[2] / "serving" / "conftest.py"
)
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
plan, service = _fixtures.plan, _fixtures.service
