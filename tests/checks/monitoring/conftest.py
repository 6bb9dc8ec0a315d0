"""Lends these tests the faulty service of tests/serving, with its page of metrics, in a project with rules."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from alert_runs import Run

_spec = importlib.util.spec_from_file_location(
    "serving_fixtures", Path(__file__).parents[2] / "serving" / "conftest.py"
)
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
plan, service = _fixtures.plan, _fixtures.service
ASKED = {"predict": "POST /predict", "example": b'{"instances": [{"x": 2}]}'}
SLO = {"start": "service {port}", "slo": {"p99": "250 ms", "errors": 0.001}, "peak_rps": 40}


@pytest.fixture
def run(service, tmp_path):
    """run(fault…, text=rules, endpoint={…}, items={…}): a project whose service exposes metrics."""

    def make(*faults, text=None, endpoint=SLO, **settings):
        return Run(tmp_path, service("metrics", *faults, **ASKED), text=text, endpoint=endpoint, **settings)

    return make
