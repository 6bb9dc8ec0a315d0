"""Lends these tests the projects of the checks on monitoring."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_monitoring = Path(__file__).parents[1] / "monitoring"
sys.path.insert(0, str(_monitoring))
_spec = importlib.util.spec_from_file_location("monitoring_fixtures", _monitoring / "conftest.py")
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
plan, service, run = _fixtures.plan, _fixtures.service, _fixtures.run
