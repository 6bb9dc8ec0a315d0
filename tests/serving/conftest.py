"""Starts the faulty service as tests ask for it, and sees to it that nothing of it remains."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from pytest_mlready.serving.endpoint import Endpoint
from pytest_mlready.serving.owner import Keeper
from pytest_mlready.serving.plan import Plan

SERVICE = Path(__file__).with_name("faulty_service.py")
TOKENS = {
    "good": "Bearer good-token",
    "expired": "Bearer expired-token",
    "wrong_scope": "Bearer wrong-scope-token",
    "other_tenant": "Bearer other-tenant-token",
}


@pytest.fixture
def plan(tmp_path):
    """The plan of a faulty service: plan("stall", environment={"STALL_AT": "5"}, start_limit=3.0)."""

    def make(*faults: str, environment=None, **fields) -> Plan:
        words = [sys.executable, str(SERVICE), "{port}", *faults]
        fields.setdefault("start", " ".join(shlex.quote(w) if w != "{port}" else w for w in words))
        fields.setdefault("credentials", TOKENS)
        fields.setdefault("secrets", tuple(t.removeprefix("Bearer ") for t in TOKENS.values()))
        fields.setdefault("without_model", {"MODEL_PATH": str(tmp_path / "missing")})
        fields.setdefault("stop_limit", 2.0)
        fields.setdefault("start_limit", 15.0)
        whole = {"PATH": os.environ["PATH"], "LOAD_SECONDS": "0.1", **(environment or {})}
        return Plan(folder=tmp_path, environment=whole, **fields)

    return make


@pytest.fixture
def service(plan):
    """A running faulty service as an Endpoint; stopped when the test ends."""
    opened = []

    def make(*faults: str, **fields) -> Endpoint:
        keeper = Keeper(plan(*faults, **fields))
        opened.append(keeper)
        endpoint = Endpoint(keeper.plan, keeper)
        opened.append(endpoint)
        return endpoint

    yield make
    for one in reversed(opened):
        one.close()
