from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_mlready.checks.infrastructure import health_checks as check
from pytest_mlready.errors import Failed, Inconclusive
from pytest_mlready.evidence import Evidence
from pytest_mlready.serving.endpoint import Elsewhere, Endpoint

OPTIONS = {"limit": 1.0, "without_model": 0.8}
GOOD = {"predict": "POST /predict", "example": b'{"instances": [{"x": 2}]}', "expect": {"predictions": [4.0]}}


class Run:
    """One run of both tests over one service, as the plugin has it."""

    def __init__(self, endpoint, *, alone="", **options):
        self.endpoint, self.evidence = endpoint, Evidence()
        self.request = SimpleNamespace(config=SimpleNamespace(stash={}))
        self.mlready = SimpleNamespace(
            options=lambda _: {**OPTIONS, **options}, alone=alone, progress=lambda _: None
        )  # fmt: skip

    def from_launch(self):
        check.test_health_from_launch_to_ready(self.mlready, self.evidence, self.endpoint, self.request)

    def without_model(self):
        check.test_never_ready_without_its_model(self.mlready, self.evidence, self.endpoint, self.request)

    def values(self):
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}


@pytest.fixture
def run(service):
    def make(*faults, options=None, alone="", environment=None, **fields):
        environment = {"LOAD_SECONDS": "0.4", **(environment or {})}
        endpoint = service(*faults, environment=environment, **{**GOOD, **fields})
        return Run(endpoint, alone=alone, **(options or {}))

    return make


def test_an_honest_service_passes_both_parts(run):
    one = run()
    one.from_launch()
    one.without_model()
    values = one.values()
    assert one.evidence.notes.grade == "live"
    assert values["liveness endpoint"] == "/livez"
    assert values["readiness endpoint"] == "/readyz"
    assert 0.4 < values["readiness true after launch"] <= values["prediction right after launch"] < 10
    picture = one.evidence.notes.plots[0]["data"]
    assert picture["series"]["live"][-1] == picture["series"]["ready"][-1] == 1
    assert picture["series"]["ready"][0] == 0


def test_a_service_that_binds_only_after_loading_passes(run):
    one = run("loads first", "exits without model")
    one.from_launch()
    one.without_model()
    assert one.values()["readiness true after launch"] > 0.4


def test_a_health_endpoint_behind_a_redirect_passes(run):
    one = run("moved")
    one.from_launch()
    one.without_model()
    assert {"readiness true after launch", "watched without its model"} <= set(one.values())


def test_one_path_for_both_passes_where_the_protocol_has_only_one(run):
    one = run("mlflow", predict="POST /invocations")
    one.from_launch()
    one.without_model()
    assert one.values()["readiness endpoint"] == "/ping"


@pytest.mark.parametrize(
    ("faults", "environment", "said"),
    [
        (["lying readiness"], {}, r"readiness lies: GET /readyz said yes .* predictions failed, for 0\.\d+ s: .*503"),
        ([], {"WARM_SECONDS": "0.5"}, "readiness lies"),
        (["error body", "lying readiness"], {}, "readiness lies.*carries an error"),
        (["dead live"], {}, r"liveness \(GET /livez\) answers 503 .* would restart the container for ever"),
        (["one path"], {}, "It is readiness at once: give liveness a path of its own"),
        (["denies"], {}, r'answers 200 with "ready": false in its body'),
        (["no health"], {}, "no liveness endpoint and no readiness endpoint: nothing is there on /livez, /healthz, "),
        (["no live"], {}, "no liveness endpoint: nothing is there on /livez, "),
        (["wavers"], {}, "wavers: it turned true, and false again"),
    ],
)
def test_faults_seen_from_launch_fail(run, monkeypatch, faults, environment, said):
    monkeypatch.setattr("pytest_mlready.serving.starting.health.PROOF", 1.0)
    with pytest.raises(Failed, match=said):
        run(*faults, environment=environment).from_launch()


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (["lying readiness"], r"without its model GET /readyz says yes .* cannot say no \(a prediction: .*503"),
        (["dead live"], "neither ends nor stays live: GET /livez answers 503"),
    ],
)
def test_faults_seen_without_the_model_fail(run, faults, said):
    with pytest.raises(Failed, match=said):
        run(*faults).without_model()


def test_a_constant_200_fails_without_its_model_however_fast_the_model_loads(run):
    with pytest.raises(Failed, match="it cannot say no"):
        run("lying readiness", environment={"LOAD_SECONDS": "0"}).without_model()


def test_a_service_that_neither_ends_nor_listens_without_its_model_is_watched_to_its_limit(run):
    one = run("loads first", "hangs without model", start_limit=1.5)
    with pytest.raises(Inconclusive, match="neither ends nor answers"):
        one.without_model()
    assert 1.5 < one.values()["watched without its model"] < 8


def test_a_service_that_ends_without_its_model_passes_and_says_how(run):
    one = run("exits without model", options={"without_model": 5.0})
    one.without_model()
    assert one.values()["watched without its model"] < 4


def test_a_model_that_was_not_really_taken_away_is_inconclusive(run):
    with pytest.raises(Inconclusive, match="the model was not really taken away"):
        run("built in").without_model()


def test_settings_that_do_not_say_how_to_take_the_model_away_are_inconclusive(run):
    with pytest.raises(Inconclusive, match="without_model = "):
        run(without_model={}).without_model()


def test_a_good_request_that_is_refused_is_inconclusive_not_a_lie(run, monkeypatch):
    monkeypatch.setattr("pytest_mlready.serving.starting.health.PROOF", 0.3)
    with pytest.raises(Inconclusive, match="cannot be told: the good request fails: it was answered 422"):
        run(example=b'{"instances": []}').from_launch()


SLOW = {"environment": {"HEALTH_SECONDS": "0.4"}, "options": {"limit": 0.3}}


def test_a_health_endpoint_that_is_slower_than_a_probe_waits_fails(run):
    with pytest.raises(Failed, match=r"took 0\.\d+ s to answer.*at most 0\.3 s is expected"):
        run("slow health", **SLOW).from_launch()


def test_a_slow_answer_beside_other_tests_is_inconclusive(run):
    with pytest.raises(Inconclusive, match="2 xdist workers"):
        run("slow health", alone="2 xdist workers run tests side by side", **SLOW).from_launch()


def test_a_service_that_dies_while_it_loads_fails_with_its_last_lines(run):
    one = run()
    one.endpoint.plan = replace(one.endpoint.plan, start=one.endpoint.plan.start + " 'dies while loading'")
    with pytest.raises(Failed, match="ended with status 137; its last lines:\nfatal: out of memory"):
        one.from_launch()


def test_the_paths_of_the_settings_go_before_those_found(run):
    one = run(ready="/constant", live="/livez")
    with pytest.raises(Failed, match="readiness lies: GET /constant"):
        one.from_launch()


def test_a_service_at_a_url_is_asked_in_place_and_inconclusive_without_its_model(run, plan):
    started = run().endpoint
    there = plan(start=None, url=started.url, **GOOD)
    endpoint = Endpoint(there, Elsewhere(there))
    one = Run(endpoint)
    one.from_launch()
    assert one.values()["predictions right while ready"] == 10
    with pytest.raises(Inconclusive, match="cannot be started here"):
        one.without_model()
    endpoint.close()
