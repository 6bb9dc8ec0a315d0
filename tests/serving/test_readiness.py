from __future__ import annotations

import sys
import time

import pytest
from route_server import serving

from pytest_mlready.serving import readiness
from pytest_mlready.serving.http import Client
from pytest_mlready.serving.plan import Plan
from pytest_mlready.serving.process import ServiceError

OK, NO = (200, {}), (503, {})


@pytest.fixture
def asked(tmp_path):
    """Asks a server with these routes whether it is ready."""

    def make(routes, **fields):
        with serving(routes) as (url, requests), Client(url) as client:
            make.requests = requests
            return readiness.is_ready(client, Plan(folder=tmp_path, url=url, **fields))

    return make


@pytest.mark.parametrize(
    ("routes", "ready"),
    [
        ({"GET /readyz": OK}, True),
        ({"GET /readyz": NO, "GET /livez": OK}, False),
        ({"GET /health": OK}, True),
        ({"GET /ping": NO}, False),
        ({"GET /v2/health/ready": OK}, True),
        ({}, True),
        ({"*": OK}, True),
        ({"GET /readyz": (500, {})}, False),
        ({"GET /readyz": (307, b"", {"Location": "/readyz/"}), "GET /readyz/": OK}, True),
        ({"GET /readyz": (307, b"", {"Location": "/readyz/"}), "GET /readyz/": NO}, False),
        ({"GET /readyz": (302, b"", {"Location": "http://example.org/login"})}, False),
        ({"GET /readyz": (302, b"", {"Location": "/readyz"})}, False),
    ],
    ids=[
        "ready", "not ready", "only /health", "only /ping", "open inference", "no health endpoint at all",
        "every path answers", "server error", "moved and ready", "moved and not ready", "moved elsewhere", "moved in a circle",
    ],
)  # fmt: skip
def test_a_service_is_ready_when_its_endpoint_says_so(asked, routes, ready):
    assert asked(routes) is ready


def test_the_path_of_the_settings_alone_counts(asked):
    assert asked({"GET /mine": OK, "GET /readyz": NO}, ready="/mine")
    assert not asked({"GET /readyz": OK}, ready="/mine")


def test_a_health_endpoint_that_asks_for_a_credential_gets_it_and_one_that_does_not_is_not_shown_it(asked):
    def guarded(handler):
        return OK if handler.headers.get("Authorization") == "Bearer x" else (401, {})

    credentials = {"credentials": {"good": "Bearer x"}}
    assert asked({"GET /readyz": guarded}, **credentials)
    assert asked({"GET /readyz": OK}, **credentials)
    assert not [headers for _, headers, _ in asked.requests if "Authorization" in headers]


def test_nobody_listening_is_not_ready(tmp_path):
    with Client("http://127.0.0.1:9") as client:
        assert not readiness.is_ready(client, Plan(folder=tmp_path, url=client.base))


def test_a_credential_does_not_follow_a_redirect_to_another_host(tmp_path):
    plan = Plan(folder=tmp_path, credentials={"good": "Bearer x"})
    with serving({"*": OK}) as (elsewhere, asked):
        routes = {"GET /readyz": (302, b"", {"Location": f"{elsewhere}/readyz"})}
        with serving(routes) as (url, _), Client(url) as client:
            assert readiness.status(client, "/readyz", plan) == 302
    assert not asked


def test_a_path_that_answers_too_slowly_is_there_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(readiness.ask, "__kwdefaults__", {"timeout": 0.2})

    def slow(_):
        time.sleep(0.5)
        return OK

    with serving({"GET /livez": slow, "GET /readyz": OK}) as (url, _), Client(url) as client:
        probes = readiness.find(client, Plan(folder=tmp_path, url=url))
    assert probes.ready == "/readyz"
    assert probes.live == "/livez"


def test_the_progress_is_shown_and_taken_away(service, plan):
    from pytest_mlready.serving import process

    planned, told = plan(), []
    with process.start(planned.launch()) as started:
        readiness.wait(started, planned, told.append)
    assert told == ["service: starting", ""]


def found(tmp_path, routes, **fields):
    with serving(routes) as (url, _), Client(url) as client:
        return readiness.find(client, Plan(folder=tmp_path, url=url, **fields))


@pytest.mark.parametrize("other", [(401, {"detail": "who?"}), (403, {}), (400, {}), (200, b"<html>the app, an object")])
def test_what_every_path_answers_is_no_health_endpoint(tmp_path, other):
    probes = found(tmp_path, {"*": other, "GET /healthz": (200, {"status": "up"})})
    assert (probes.live, probes.ready, probes.convention.name) == ("/healthz", "/healthz", "kubernetes")
    assert probes.nowhere == other[0]


def test_where_every_path_answers_alike_nothing_is_found(tmp_path):
    probes = found(tmp_path, {"*": OK})
    assert (probes.live, probes.ready, probes.convention.name) == (None, None, "kubernetes")
    assert found(tmp_path, {"*": OK}, ready="/mine").ready == "/mine"


def test_a_page_for_every_path_does_not_make_a_service_ready(asked):
    assert not asked({"*": (200, b"<html>"), "GET /healthz": NO})
    assert asked({"*": (200, b"<html>"), "GET /healthz": (200, b"up")})


def test_an_error_in_front_of_everything_while_it_loads_is_no_yes(asked):
    assert not asked({"*": NO})


def test_a_service_of_another_protocol_is_told_so(service, tmp_path):
    (tmp_path / "binary.py").write_text(
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    peer = server.accept()[0]\n"
        "    peer.recv(1000), peer.sendall(bytes(9)), peer.close()\n"
    )
    with pytest.raises(ServiceError, match=r"only a service that speaks HTTP/1\.1 can be asked"):
        service(start=f"{sys.executable} binary.py {{port}}", start_limit=1.5)
