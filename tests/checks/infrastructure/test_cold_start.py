from __future__ import annotations

import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.infrastructure import cold_start as check
from pytest_mlready.errors import Failed, Inconclusive, SettingsError, Unverified
from pytest_mlready.evidence import Evidence
from pytest_mlready.serving.endpoint import Elsewhere, Endpoint
from pytest_mlready.serving.starting import cold_start

OPTIONS = {option.name: option.default for option in check.ITEM.options}
GOOD = {"predict": "POST /predict", "example": b'{"instances": [{"x": 2}]}', "expect": {"predictions": [4.0]}}


def project(*, alone="", **options):
    return SimpleNamespace(options=lambda _: {**OPTIONS, **options}, alone=alone, progress=lambda _: None)


def ask(endpoint, **more):
    evidence = Evidence()
    try:
        check.test_launch_to_first_right_prediction(project(**more), evidence, endpoint)
    finally:
        ask.notes = evidence.notes
    return {e["name"]: e for e in evidence.notes.evidence}


@pytest.fixture
def endpoint(service):
    def make(*faults, **fields):
        return service(*faults, **{**GOOD, **fields})

    return make


@pytest.mark.slow
def test_five_starts_within_the_limit_and_the_probes_budget_pass(endpoint):
    found = ask(endpoint(environment={"LOAD_SECONDS": "0.2"}), limit=8.0, startup_budget=9.0)
    assert found["cold start, largest"]["n"] == 5
    assert 0.2 < found["cold start, first"]["value"] < 8
    assert found["cold start, median of the later"]["n"] == 4
    assert ask.notes.grade == "live"
    assert ask.notes.plots[0]["kind"] == "bars"
    assert len(ask.notes.plots[0]["data"]["values"]) == 5


@pytest.mark.slow
def test_starts_slower_than_the_limit_fail(endpoint):
    with pytest.raises(Failed, match=r"cold start: median .* limit = 300 ms"):
        ask(endpoint(environment={"LOAD_SECONDS": "0.4"}), limit=0.3)


@pytest.mark.slow
def test_starts_within_the_limit_and_beyond_the_probes_budget_fail(endpoint):
    with pytest.raises(Failed, match=r"startup_budget = 300 ms"):
        ask(endpoint(environment={"LOAD_SECONDS": "0.4"}), limit=8.0, startup_budget=0.3)


def test_time_until_predictions_are_right_counts_not_time_until_readiness(endpoint):
    service = endpoint("lying readiness", environment={"LOAD_SECONDS": "0.8"})
    with pytest.raises(Unverified, match="a start takes"):
        ask(service)
    assert ask.notes.evidence[0]["value"] > 0.8


def test_without_a_limit_one_start_is_measured_and_a_line_to_paste_given(endpoint):
    with pytest.raises(
        Unverified, match=r'a start takes .* no limit is set.*cold_start"\] write for example: limit = "'
    ):
        ask(endpoint())
    assert ask.notes.evidence[0]["name"] == "cold start, first"


def test_a_wrong_answer_is_no_start(endpoint):
    service = endpoint("wrong answer", start_limit=1.0)
    with pytest.raises(Failed, match=r"start 1 of 1: no right prediction within 1 s of launch: .*is 6.0, expected 4.0"):
        ask(service)


def test_a_start_that_dies_fails_with_its_last_lines(endpoint):
    service = endpoint()
    service.plan = replace(service.plan, start=service.plan.start + " 'dies while loading'")
    with pytest.raises(Failed, match="start 1 of 1: the service ended with status 137; its last lines:\nfatal: out of"):
        ask(service, limit=10.0)


def test_one_start_of_several_that_comes_to_nothing_fails(plan, endpoint):
    good, bad = plan(**GOOD), plan("dies while loading", **GOOD)
    launches = itertools.chain([good.launch, bad.launch], itertools.repeat(good.launch))
    service = endpoint()
    service.plan = _Alternating(good, launches)
    with pytest.raises(Failed, match="start 2 of 2: the service ended with status 137"):
        ask(service, limit=10.0)


class _Alternating:
    """A plan whose starts differ."""

    def __init__(self, plan, launches):
        self._plan, self._launches = plan, launches

    def __getattr__(self, name):
        return getattr(self._plan, name)

    def launch(self):
        if not hasattr(self, "_asked"):  # the first call only asks whether it can be started
            self._asked = True
            return self._plan.launch()
        return next(self._launches)()


def test_a_good_request_that_is_refused_is_inconclusive(endpoint):
    with pytest.raises(Inconclusive, match="no right prediction within 1 s of launch: it was answered 422"):
        ask(endpoint(example=b'{"instances": []}', start_limit=1.0), limit=1.0)


def test_fewer_than_five_starts_cannot_be_asked_for(endpoint):
    with pytest.raises(SettingsError, match="at least 5 starts"):
        ask(endpoint(), repeats=3, limit=1.0)


def test_beside_other_running_tests_it_is_inconclusive(endpoint):
    with pytest.raises(Inconclusive, match=r"2 xdist workers.*--mlready-only"):
        ask(endpoint(), alone="2 xdist workers run tests side by side", limit=1.0)


def test_a_service_at_a_url_is_inconclusive(endpoint, plan):
    there = plan(start=None, url=endpoint().url, **GOOD)
    at_url = Endpoint(there, Elsewhere(there))
    with pytest.raises(Inconclusive, match="cannot be started here"):
        ask(at_url, limit=1.0)
    at_url.close()


def test_the_slowest_of_several_alone_beyond_the_limit_is_inconclusive(monkeypatch, endpoint):
    measured = [cold_start.Start(seconds=s) for s in (1.0, 1.0, 1.0, 1.0, 9.0)]
    monkeypatch.setattr(cold_start, "measure", lambda *_, **__: measured)
    with pytest.raises(Inconclusive, match="some runs exceed it"):
        ask(endpoint(), limit=2.0)


SETTINGS = """
[endpoint]
start = "{python} {service} {{port}}"
predict = "POST /predict"
example = "one.json"
auth = {{ env = "TOKEN" }}
without_model = {{ MODEL_PATH = "missing" }}
[items."infrastructure.cold_start"]
limit = "20 s"
[items."infrastructure.health_checks"]
limit = "2 s"
"""


@pytest.mark.slow
def test_a_run_verifies_both_items_live(pytester, readiness, monkeypatch):
    service = Path(__file__).parents[2] / "serving" / "faulty_service.py"
    (pytester.path / "mlready.toml").write_text(SETTINGS.format(python=sys.executable, service=service))
    (pytester.path / "one.json").write_text(json.dumps({"instances": [{"x": 2.0}]}))
    monkeypatch.setenv("TOKEN", "good-token")
    ran = readiness("--mlready-item=infrastructure.health_checks", "--mlready-item=infrastructure.cold_start")
    for item in ("infrastructure.health_checks", "infrastructure.cold_start"):
        assert (ran.status(item), ran.item(item)["grade"]) == ("verified", "live")
    assert "good-token" not in json.dumps(ran.report) + ran.text
