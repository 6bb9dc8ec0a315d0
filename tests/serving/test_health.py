from __future__ import annotations

import socket
import sys
from dataclasses import replace

import pytest
from route_server import serving

from pytest_mlready.serving import conventions
from pytest_mlready.serving.http import Client, Response
from pytest_mlready.serving.plan import Plan
from pytest_mlready.serving.readiness import Probes
from pytest_mlready.serving.starting import health, health_verdicts
from pytest_mlready.serving.starting.good_prediction import Prediction
from pytest_mlready.serving.starting.health import Answer, Sample, Timeline, Watch

YES, NO = Answer(status=200, seconds=0.01, yes=True), Answer(status=503, seconds=0.01)
NOBODY, SILENT = Answer(status=None, seconds=0.0, kind="refused"), Answer(status=None, seconds=3.0, kind="timeout")
RIGHT, WRONG = Prediction(wrong="", status=200), Prediction(wrong="it was answered 503: {}", status=503)
REFUSED = Prediction(wrong="it was answered 401: {}", status=401)
PROBES = Probes(live="/livez", ready="/readyz", convention=conventions.KUBERNETES)
ONE_PATH = replace(PROBES, live="/readyz")
MLFLOW = Probes(live="/ping", ready="/ping", convention=conventions.MLFLOW)


def seen(*looks, **more):
    """A timeline of (live, ready, prediction), a tenth of a second apart."""
    samples = [
        Sample(at=i / 10, live=live, ready=ready, prediction=prediction[0] if prediction else None)
        for i, (live, ready, *prediction) in enumerate(looks)
    ]
    return Timeline(samples=tuple(samples), **more)


def judged(timeline, probes=PROBES, **more):
    """The worst outcome, and all messages of that outcome."""
    verdicts = health_verdicts.of_start(timeline, probes, limit=1.0, **more)
    worst = next(o for o in ("failed", "inconclusive", "passed") if any(v.outcome == o for v in verdicts))
    return worst, "\n".join(v.message for v in verdicts if v.outcome == worst)


HONEST = [(NOBODY, NOBODY), (YES, NO), (YES, NO), (YES, YES, RIGHT), (YES, YES, RIGHT)]


@pytest.mark.parametrize(
    ("looks", "probes"),
    [
        (HONEST, PROBES),
        ([(NOBODY, NOBODY), (YES, YES, RIGHT), (YES, YES, RIGHT)], PROBES),
        ([(SILENT, SILENT), (replace(YES, seconds=2.9), YES, RIGHT), (YES, YES, RIGHT)], PROBES),
        ([(NO, NO), (YES, YES, RIGHT)], MLFLOW),
        ([(NOBODY, NOBODY), (YES, YES, RIGHT)], ONE_PATH),
    ],
    ids=[
        "answers while it loads",
        "binds after loading",
        "accepts after loading",
        "MLflow's one path",
        "one path, late",
    ],
)
def test_honest_starts_pass(looks, probes):
    assert judged(seen(*looks), probes)[0] == "passed"


@pytest.mark.parametrize(
    ("looks", "probes", "said"),
    [
        ([(YES, YES, WRONG), (YES, YES, RIGHT)], PROBES, "readiness lies"),
        ([(YES, YES, WRONG), (YES, YES, WRONG)], PROBES, "to the end"),
        ([(YES, YES, REFUSED), (YES, YES, RIGHT)], PROBES, "readiness lies"),
        ([(YES, YES, RIGHT), (YES, YES, WRONG)], PROBES, "readiness lies"),
        ([(YES, NO), (YES, NO)], PROBES, "did not turn true within 0.1 s: it answers 503"),
        ([(NOBODY, NOBODY)] * 3, PROBES, "did not turn true within 0.2 s: it answers no connection"),
        ([(YES, YES, RIGHT), (YES, NO), (YES, YES, RIGHT)], PROBES, "wavers"),
        ([(NO, NO), (YES, YES, RIGHT)], PROBES, "answers 503 0.00 s after launch while the service loads"),
        ([(YES, NO), (NOBODY, NO), (YES, YES, RIGHT)], PROBES, r"answers no connection 0.10 s after launch"),
        ([(NO, NO), (YES, YES, RIGHT)], ONE_PATH, "It is readiness at once"),
        ([(YES, YES, RIGHT), (NO, YES, RIGHT)], MLFLOW, "answers 503"),
        ([(NOBODY, YES, RIGHT)], PROBES, "never answered"),
        ([(YES, NO), (SILENT, NO), (YES, YES, RIGHT)], PROBES, "took 3.00 s"),
        (
            [(YES, NO), (YES, replace(NO, seconds=1.01)), (YES, YES, RIGHT)],
            PROBES,
            "readiness (GET /readyz) took 1.01 s",
        ),
        ([(YES, replace(YES, denial='"ready": false'), RIGHT)], PROBES, 'answers 200 with "ready": false'),
    ],
)
def test_dishonest_starts_fail(looks, probes, said):
    outcome, message = judged(seen(*looks), probes)
    assert outcome == "failed"
    assert said in message


def test_a_service_that_died_fails_with_how():
    outcome, message = judged(seen((YES, NO), obituary="the service ended with status 1"))
    assert (outcome, "0.00 s after launch the service ended with status 1" in message) == ("failed", True)


def test_a_request_that_is_refused_throughout_tells_nothing():
    assert judged(seen((YES, YES, REFUSED), (YES, YES, REFUSED)))[0] == "inconclusive"


def test_a_slow_answer_beside_other_tests_tells_nothing():
    slow = [(YES, NO), (replace(YES, seconds=1.5), NO), (YES, YES, RIGHT)]
    assert judged(seen(*slow), crowded="others run")[0] == "inconclusive"


def test_of_a_service_in_place_the_first_answer_counts_as_well():
    slow = [(YES, replace(YES, seconds=1.5), RIGHT)] + [(YES, YES, RIGHT)] * 2
    assert judged(seen(*slow, launched=False))[0] == "failed"
    assert judged(seen(*slow))[0] == "passed"


@pytest.mark.parametrize(
    ("looks", "more", "outcome"),
    [
        ([(YES, NO)] * 3, {}, "passed"),
        ([(NOBODY, NOBODY)] * 3, {}, "inconclusive"),
        ([(NOBODY, NOBODY)], {"obituary": "the service ended with status 3; its last lines:\nno model"}, "passed"),
        ([(YES, NO), (YES, YES, WRONG)], {}, "failed"),
        ([(YES, YES, REFUSED)], {}, "failed"),
        ([(NO, NO)] * 3, {}, "failed"),
        ([(YES, YES, RIGHT)], {}, "inconclusive"),
    ],
)
def test_a_start_without_the_model_is_judged(looks, more, outcome):
    outcomes = {v.outcome for v in health_verdicts.without_model(seen(*looks, **more), PROBES)}
    assert outcome in outcomes
    assert "failed" not in outcomes - {outcome}


def test_the_picture_keeps_what_changed():
    picture = seen(*HONEST, *[(YES, YES, RIGHT)] * 50).picture()
    assert picture["series"] == {
        "live": [0, 1, 1, 1, 1], "ready": [0, 0, 0, 1, 1], "right prediction": [0, 0, 0, 1, 1],
    }  # fmt: skip
    assert picture["x"] == [0.0, 0.1, 0.2, 0.3, 5.4]


@pytest.mark.parametrize(
    ("body", "keys", "said"),
    [
        (b'{"ready": false}', health.READY_KEYS, '"ready": false'),
        (b'{"status": "Not Ready"}', health.READY_KEYS, '"status": not ready'),
        (b'{"status": "UNHEALTHY"}', health.LIVE_KEYS, '"status": unhealthy'),
        (b'{"model_loaded": false}', health.READY_KEYS, '"model_loaded": false'),
        (b'{"model_loaded": false}', health.LIVE_KEYS, ""),
        (b'{"status": "ok", "database": "down"}', health.READY_KEYS, ""),
        (b'{"status": "Healthy"}', health.READY_KEYS, ""),
        (b'{"status": "degraded"}', health.READY_KEYS, ""),
        (b'{"status": ["error"]}', health.READY_KEYS, ""),
        (b"OK", health.READY_KEYS, ""),
        (b"", health.READY_KEYS, ""),
        (b"[false]", health.READY_KEYS, ""),
    ],
)
def test_a_body_that_says_no_is_told_from_one_that_does_not(body, keys, said):
    assert health.denial(Response(status=200, headers={}, body=body, seconds=0), keys) == said


def look(tmp_path, routes, probes, prediction=RIGHT):
    with serving(routes) as (url, _), Client(url) as client:
        plan = Plan(folder=tmp_path, url=url)
        return Watch(plan=plan, probes=probes, predict=lambda *_: prediction).look(client, 0.0)


@pytest.mark.parametrize(("state", "yes"), [("AVAILABLE", True), ("LOADING", False), ("START", False)])
def test_tensorflow_serving_tells_its_state_in_the_body(tmp_path, state, yes):
    path = "/v1/models/iris"
    routes = {f"GET {path}": (200, {"model_version_status": [{"version": "1", "state": state}]})}
    ready = look(tmp_path, routes, Probes(live=path, ready=path, convention=conventions.TF_SERVING, model="iris")).ready
    assert (ready.yes, ready.denial) == (yes, "")


@pytest.mark.parametrize(("body", "status"), [({"status": "Healthy"}, 200), ({"status": "Unhealthy"}, 500)])
def test_torchserve_tells_its_state_in_the_status(tmp_path, body, status):
    probes = Probes(live="/ping", ready="/ping", convention=conventions.TORCHSERVE)
    sample = look(tmp_path, {"GET /ping": (status, body)}, probes)
    assert sample.ready.yes is (status == 200)
    assert sample.live is sample.ready


def test_a_prediction_is_asked_for_only_once_readiness_says_yes(tmp_path):
    assert look(tmp_path, {"GET /livez": (200, {}), "GET /readyz": (503, {})}, PROBES).prediction is None
    assert look(tmp_path, {"GET /livez": (200, {}), "GET /readyz": (200, {})}, PROBES).prediction is RIGHT


def test_missing_endpoints_are_named_with_the_paths_that_were_tried():
    assert health_verdicts.missing(PROBES) is None
    lacking = health_verdicts.missing(Probes(live=None, ready=None, convention=conventions.KUBERNETES))
    assert lacking.outcome == "failed"
    assert "/livez, /healthz" in lacking.message
    assert "/readyz" in lacking.message


@pytest.mark.parametrize(("status", "outcome"), [(200, "failed"), (401, "inconclusive")])
def test_where_every_path_answers_alike_that_is_told(status, outcome):
    lacking = health_verdicts.missing(
        Probes(live=None, ready="/mine", convention=conventions.KUBERNETES, nowhere=status)
    )
    assert (lacking.outcome, str(status) in lacking.message) == (outcome, True)


QUEUES = """
import socket, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    do_POST = do_GET
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
time.sleep(4)
server.serve_forever()
"""


@pytest.mark.slow
def test_a_server_that_lets_requests_queue_while_its_workers_load_passes(tmp_path):
    """gunicorn binds before its workers import the application."""
    (tmp_path / "queues.py").write_text(QUEUES)
    plan = Plan(folder=tmp_path, start=f"{sys.executable} queues.py {{port}}", stop_limit=1.0)
    watch = Watch(plan=plan, probes=PROBES, predict=lambda *_: RIGHT)
    timeline = health.from_launch(watch, plan.launch(), limit=20.0)
    assert timeline.ready_at > 3
    assert judged(timeline)[0] == "passed"


def test_a_service_that_ends_is_watched_no_longer(tmp_path):
    plan = Plan(folder=tmp_path, start=f"{sys.executable} -c 'raise SystemExit(3)' {{port}}")
    timeline = health.from_launch(Watch(plan=plan, probes=PROBES, predict=lambda *_: RIGHT), plan.launch(), limit=20.0)
    assert "ended with status 3" in timeline.obituary
    assert timeline.samples[-1].at < 5


def test_a_service_that_accepts_and_never_answers_is_watched_to_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(health, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(url) as client:
            watch = Watch(plan=Plan(folder=tmp_path, url=url), probes=PROBES, predict=lambda *_: RIGHT)
            timeline = health.in_place(watch, client, looks=2)
    assert [str(s.ready) for s in timeline.samples] == ["nothing within 0.2 s"] * 2
    assert judged(timeline)[0] == "failed"
