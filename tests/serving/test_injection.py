from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from pytest_mlready.serving.http import Request, Response
from pytest_mlready.serving.openapi import Document
from pytest_mlready.serving.requests import injection, leaks
from pytest_mlready.serving.requests.canaries import Canaries
from pytest_mlready.serving.requests.payloads import KINDS, payloads
from pytest_mlready.serving.requests.points import points
from pytest_mlready.serving.requests.trial import Trial

NAME = "the body at instances/0/name"


@pytest.fixture
def canaries():
    with Canaries() as traps:
        yield traps


def injected(endpoint, canaries, *, delay=0.5, text_generation=False):
    trial = Trial(endpoint=endpoint, budget=60.0)
    setting = injection.Setting(canaries=canaries, token="mlrtest", delay=delay, text_generation=text_generation)
    places = injection.attack(trial, setting)
    return trial, places


def test_a_sound_service_obeys_nothing(service, canaries):
    trial, places = injected(service(), canaries)
    assert trial.findings == {}
    assert trial.over == ""
    assert trial.total.sent == trial.planned > 200
    assert {NAME, "the name of a field", "the header User-Agent", "the path"} <= set(places)
    assert set(trial.counts) == set(KINDS) - {"prompt"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "kind", "sign", "said"),
    [
        ("page", "markup", "markup", "comes back unescaped"),
        ("obeys log", "log", "log", "forges a line of the log"),
        ("obeys shell", "shell", "file", "the command in it was run"),
        ("obeys sql", "SQL", "delay", "comes later"),
        ("obeys url", "callback", "call", "calls the address"),
        ("obeys path", "path", "secret", "stands in a file"),
        ("obeys template", "template", "computed", "what it computes to"),
        ("obeys header", "header", "header", "writes a header"),
    ],
)
def test_a_service_that_obeys_is_found_with_the_request(service, canaries, fault, kind, sign, said):
    trial, _ = injected(service(fault), canaries)
    found = trial.findings["took effect", kind, sign]
    assert said in found.sentence
    assert found.line.startswith("curl -i -X POST http://127.0.0.1:")
    assert "good-token" not in found.line


def test_an_echo_in_json_is_told_and_fails_nothing(service, canaries):
    trial, _ = injected(service("echo"), canaries)
    assert trial.findings == {}
    assert trial.notes["canaries echoed, escaped (status 422)"] > 10


def test_a_slow_service_obeys_no_delay(service, canaries):
    endpoint = service(environment={"SERVICE_SECONDS": "0.06"})
    trial = Trial(endpoint=endpoint)
    setting = injection.Setting(canaries=canaries, token="t", delay=0.05)
    point = next(iter(points(endpoint.good, {"instances": [{"x": 2.0, "name": "two"}]}, None)))
    late = [one for one in injection._at(point, 0, setting) if one.payload.sign == "delay"]
    for one in late:
        answer = trial.send(one.shot)
        injection._judge(trial, one, answer, setting)
    assert trial.total.sent > len(late) > 3  # some were late, and asked again
    assert trial.findings == {}


def test_orders_are_given_only_to_a_service_that_writes_texts(canaries):
    for prompts in (False, True):
        kinds = {p.kind for p in payloads("t", canaries, delay=1, prompts=prompts)}
        assert ("prompt" in kinds) is prompts


def test_an_order_shows_only_when_it_is_obeyed(canaries):
    (order,) = (p for p in payloads("t", canaries, delay=1, prompts=True) if p.kind == "prompt")
    assert order.computed not in order.value


def test_no_two_payloads_share_a_token_and_no_sign_is_in_what_is_sent(canaries):
    made = list(payloads("t", canaries, delay=1, prompts=True))
    assert len({p.token for p in made}) == len(made)
    assert not [p for p in made if p.computed and p.computed in str(p.value)]


def test_parameters_of_operations_that_read_are_places_too():
    parameters = [
        {"name": "id", "in": "path", "schema": {"type": "string"}},
        {"name": "q", "in": "query", "schema": {"type": "string", "default": "d"}, "required": True},
        {"name": "X-Trace", "in": "header"},
    ]
    document = Document({"openapi": "3.1.0", "paths": {"/items/{id}": {"get": {"parameters": parameters}}}})
    made = {p.where: p.make("a/b\nc") for p in points(Request(), None, document)}
    assert made["GET /items/{id}, path parameter id"].path == "/items/a%2Fb%0Ac?q=d"
    assert made["GET /items/{id}, query parameter q"].path == "/items/1?q=a%2Fb%0Ac"
    assert made["GET /items/{id}, header parameter X-Trace"].headers == {"X-Trace": "a/b%0Ac"}


def test_plain_text_that_was_generated_is_no_markup(canaries):
    answer = Response(status=200, headers={"content-type": "text/plain"}, body=b"", seconds=0)
    for writes in (False, True):
        setting = injection.Setting(canaries=canaries, token="t", delay=1, text_generation=writes)
        assert injection._rendered(answer, setting) is not writes


def test_the_listener_tells_who_called_and_nothing_remains(canaries):
    with socket.create_connection(("127.0.0.1", canaries.port)) as caller:
        caller.sendall(b"GET /mlrtoken HTTP/1.1\r\n\r\n")
        assert canaries.secret in caller.recv(4096).decode()
    assert canaries.called("mlrtoken")
    assert not canaries.called("another")
    folder = canaries.folder
    canaries.close()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("runtime", "text"),
    [
        ("Python", 'Traceback (most recent call last):\\n  File \\"/srv/app.py\\", line 3, in f'),
        ("Python", 'File "/srv/app.py", line 12, in predict'),
        ("Java", "java.lang.NullPointerException\n\tat com.acme.Model.predict(Model.java:42)"),
        ("JavaScript", "TypeError: x\n    at predict (/srv/app/index.js:10:5)"),
        ("Go", "goroutine 1 [running]:\nmain.main()"),
        (".NET", "at Acme.Model.Predict(Row r) in /src/Model.cs:line 42"),
        ("Rust", "thread 'main' panicked at src/main.rs:4:5"),
        ("", '{"reason": "line 3 of the file is wrong", "look": "at https://example.org/help"}'),
        ("", '{"detail": [{"loc": ["body", "x"], "msg": "Input should be a valid number"}]}'),
    ],
)
def test_stack_traces_are_told_from_plain_reasons(runtime, text):
    assert leaks.trace(text) == runtime


def test_a_databases_words_give_it_away(canaries):
    client = SimpleNamespace(mask=lambda text: text)
    trial = Trial(endpoint=SimpleNamespace(client=client, curl=lambda _: "curl"))
    setting = injection.Setting(canaries=canaries, token="t", delay=1)
    point = next(iter(points(Request(), None, None)))
    one = next(injection._at(point, 0, setting))
    body = b'{"detail": "sqlite3.OperationalError: near \\"t\\": syntax error"}'
    injection._judge(trial, one, Response(status=400, headers={}, body=body, seconds=0), setting)
    assert "an error of a database" in trial.findings["took effect", "SQL", "error"].sentence
