from __future__ import annotations

import json
import time

import pytest
from route_server import serving

from pytest_mlready.errors import Inconclusive, ReadinessError, Unverified
from pytest_mlready.serving import right_answer
from pytest_mlready.serving.endpoint import Elsewhere, Endpoint
from pytest_mlready.serving.http import NoAnswerError, Response
from pytest_mlready.serving.openapi import DocumentError
from pytest_mlready.serving.plan import Plan

GOOD = {"predict": "POST /predict", "example": b'{"instances": [{"x": 2}]}'}
RIGHT = {"predictions": [4.0]}


@pytest.fixture
def at(tmp_path):
    """An endpoint at a server with these routes; `at.asked` is what the server was asked."""
    opened = []

    def make(routes, **fields):
        context = serving(routes)
        url, make.asked = context.__enter__()
        plan = Plan(folder=tmp_path, url=url, **fields)
        endpoint = Endpoint(plan, Elsewhere(plan))
        opened.append((endpoint, context))
        return endpoint

    yield make
    for endpoint, context in opened:
        endpoint.close()
        context.__exit__(None, None, None)


def api(path="/predict", example=None, *, schema=None):
    """Routes of a service with an OpenAPI document."""
    media = {"schema": {"type": "object"}, **({} if example is None else {"example": example})}
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": schema or {}}}}}
    operation = {"requestBody": {"content": {"application/json": media}}, "responses": answer}
    return {"GET /openapi.json": (200, {"openapi": "3.1.0", "paths": {path: {"post": operation}}})}


def answered(value, status=200):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(status=status, headers={}, body=body, seconds=0.0)


def test_the_good_request_comes_from_the_settings(service):
    endpoint = service(**GOOD)
    assert (str(endpoint.good), endpoint.good.body) == ("POST /predict", GOOD["example"])
    assert endpoint.ask().json() == RIGHT


def test_the_good_request_is_found_in_the_openapi_document(service):
    endpoint = service()
    assert str(endpoint.good) == "POST /predict"
    assert endpoint.ask().json() == RIGHT


def test_the_example_of_the_settings_goes_to_the_operation_that_predicts(at):
    endpoint = at(api("/v1/score", {"a": 1}), example=b'{"b": 2}')
    assert (str(endpoint.good), json.loads(endpoint.good.body)) == ("POST /v1/score", {"b": 2})


def test_an_example_that_is_no_json_is_a_clear_error(at):
    with pytest.raises(ReadinessError, match="the example request is no JSON"):
        _ = at(api(), example=b"{").good


def test_the_good_request_is_made_of_rows_in_the_protocols_own_form(at):
    routes = {"GET /version": (200, b"3"), "GET /invocations": (405, b""), "POST /invocations": (200, RIGHT)}
    endpoint = at(routes, rows=lambda count: [{"x": 1.0}] * count)
    assert json.loads(endpoint.good.body) == {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}}
    assert endpoint.ask().ok


def test_without_settings_document_and_protocol_no_good_request_is_known(at):
    with pytest.raises(Unverified, match='predict = "POST /predict" and example = '):
        _ = at({"GET /": (200, {})}).good


def test_of_several_operations_that_may_predict_none_is_guessed(at):
    routes = api("/predict/a", {"a": 1})
    routes["GET /openapi.json"][1]["paths"]["/predict/b"] = routes["GET /openapi.json"][1]["paths"]["/predict/a"]
    with pytest.raises(Unverified):
        _ = at(routes).good


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (answered({"predictions": [4.0]}), ""),
        (answered({"predictions": [4.0000001], "id": "x"}), ""),
        (answered({"predictions": [4]}), ""),
        (answered({"predictions": [4.1]}), "/predictions/0 is 4.1, expected 4.0"),
        (answered({"predictions": [True]}), "is true, expected 4.0"),
        (answered({"predictions": [4.0, 4.0]}), "has 2 entries, expected 1"),
        (answered({"result": 1}), "lacks 'predictions'"),
        (answered({"predictions": [10**400]}), "/predictions/0 is 1000"),
        (answered(b'{"predictions": [NaN]}'), "not finite"),
        (answered({}), "the answer is empty"),
        (answered([]), "the answer is empty"),
        (answered(b"null"), "the answer is empty"),
        (answered(b"<html>"), "no JSON: <html>"),
        (answered({"error": "model not loaded"}), "carries an error"),
        (answered({"predictions": [4.0], "errors": ["row 1"]}), "carries an error"),
        (answered({"detail": "x"}), "carries an error"),
        (answered({"predictions": [4.0], "error": 0.12}), ""),
        (answered({"predictions": [4.0], "error": None, "errors": []}), ""),
        (answered({"predictions": [4.0]}, status=500), "it was answered 500"),
        (answered({"predictions": [4.0]}, status=302), "it was answered 302"),
    ],
)
def test_what_a_right_answer_is(at, answer, wrong):
    endpoint = at({"GET /": (200, {})}, **GOOD, expect=RIGHT)
    found = endpoint.wrong_with(answer)
    assert (wrong in found) if wrong else found == ""


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"predictions": [None]}, "is empty"),
        ({"predictions": []}, "is empty"),
        ({"prediction": None, "label": ""}, "is empty"),
        ({"status": "error", "message": "model not loaded"}, "carries an error"),
        ({"success": False, "msg": "no model", "data": None}, "carries an error"),
        ({"statusCode": 500, "body": "{}"}, "carries an error"),
        ({"errorMessage": "boom", "errorType": "KeyError"}, "carries an error"),
        ([{"error": "row 0"}], "carries an error"),
        ({"status": "failure", "probability": 0.93}, ""),
        ({"success": False, "score": 0.2}, ""),
        ({"status": "ok", "prediction": 0}, ""),
        ({"code": 450}, ""),
        ({"message": "Hello!"}, ""),
        ({"approved": False}, ""),
    ],
)
def test_an_answer_without_an_expected_one_must_hold_something_and_no_failure(at, value, wrong):
    told = at({"GET /": (200, {})}, **GOOD).wrong_with(answered(value))
    assert (wrong in told) if wrong else told == ""


def test_an_empty_answer_is_right_where_it_is_the_expected_one(at):
    nothing = {"detections": []}
    assert at({}, **GOOD, expect=nothing).wrong_with(answered(nothing)) == ""


def test_an_example_of_the_settings_that_is_no_json_is_never_sent(at):
    with pytest.raises(ReadinessError, match="the example request is no JSON"):
        _ = at({}, predict="POST /predict", example=b"a,b\n1,2").good
    with pytest.raises(ReadinessError, match="the example request is no JSON"):
        _ = at({}, predict="POST /predict", example='{"x": 1}'.encode("utf-16")).good


def test_a_service_that_wakes_only_when_it_is_asked_is_waited_for(at, monkeypatch):
    monkeypatch.setattr("pytest_mlready.serving.readiness.ASK_LIMIT", 0.2)
    assert at({"*": lambda _: time.sleep(0.5) or (404, {})}, start_limit=5.0).url


def test_an_answer_that_was_cut_is_not_right(at):
    cut = Response(status=200, headers={}, body=b'{"a": 1}', seconds=0.0, cut=True)
    assert "longer than" in at({}, **GOOD).wrong_with(cut)


def test_an_answer_is_held_against_the_document(at):
    schema = {"type": "object", "required": ["score"], "properties": {"score": {"type": "number"}}}
    endpoint = at(api(example={"a": 1}, schema=schema))
    assert endpoint.wrong_with(answered({"score": 0.5})) == ""
    assert "does not fit its schema: score: 'high' is not of type 'number'" in endpoint.wrong_with(
        answered({"score": "high"})
    )


def test_a_dead_reference_in_the_document_is_no_fault_of_the_answer(at):
    endpoint = at(api(example={"a": 1}, schema={"$ref": "#/components/schemas/Gone"}))
    assert endpoint.wrong_with(answered({"score": 0.5})) == ""


def test_the_protocols_keys_are_asked_for_where_the_protocol_predicts_and_nowhere_else(at):
    routes = {"GET /v1/models": (200, {"object": "list", "data": [{"id": "m"}]})}
    chat = at(routes)
    assert "the answer has no choices, as openai wants" in chat.wrong_with(answered({"data": [1]}))
    embeddings = at(routes, predict="POST /v1/embeddings", example=b'{"input": "a"}')
    assert embeddings.wrong_with(answered({"data": [1]})) == ""


def test_a_right_answer_is_insisted_on(service):
    with pytest.raises(Inconclusive, match=r"not answered well: it was answered 422.*curl -i -X POST"):
        service(predict="POST /predict", example=b'{"instances": []}').ask()


def test_no_message_shows_a_secret_even_where_it_is_cut(at):
    secret = "hidden-" * 20
    endpoint = at({"POST /predict": (500, {"reason": "x" * 60 + secret})}, **GOOD, secrets=(secret,))
    with pytest.raises(Inconclusive) as told:
        endpoint.ask()
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize(
    "page",
    [
        (200, {"message": "hello"}),
        (200, {"swagger": "2.0", "paths": {}}),
        (200, b"{not json"),
        (200, b"<html>"),
        (200, [1]),
    ],
)
def test_a_page_that_is_no_document_where_one_is_looked_for_is_none(at, page):
    endpoint = at({"GET /openapi.json": page, "GET /swagger.json": page, "POST /predict": (200, RIGHT)}, **GOOD)
    assert endpoint.document is None
    assert endpoint.ask().json() == RIGHT


@pytest.mark.parametrize("page", [(404, {}), (200, b"{"), (200, {"swagger": "2.0", "paths": {}})])
def test_a_document_that_the_settings_name_must_be_one(at, page):
    with pytest.raises(DocumentError):
        _ = at({"GET /mine.json": page}, openapi="/mine.json").document


def test_a_service_that_dies_over_a_request_is_told_with_its_last_lines(service):
    endpoint = service("die", environment={"DIE_AT": "1"}, **GOOD)
    with pytest.raises(NoAnswerError, match=r"ended with status 137; its last lines:\nfatal: out of memory"):
        endpoint.ask()


def test_after_it_died_it_is_started_again_at_an_address_of_its_own(service):
    endpoint = service("die", environment={"DIE_AT": "2"}, **GOOD)
    before = endpoint.url
    assert endpoint.ask().ok
    with pytest.raises(NoAnswerError):
        endpoint.ask()
    assert endpoint.up().ask().json() == RIGHT
    assert endpoint.url != before


def test_a_prediction_that_hangs_meets_its_limit_and_others_are_unaffected(service):
    endpoint = service("hang", **GOOD)
    began = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"POST /predict got no answer within 0\.5 s"):
        endpoint.ask(timeout=0.5)
    assert time.monotonic() - began < 2
    assert service(**GOOD).ask().json() == RIGHT


@pytest.mark.parametrize(("kind", "status"), [("good", 200), (None, 401), ("expired", 401), ("wrong_scope", 403)])
def test_a_request_is_sent_with_the_credential_that_is_asked_for(service, kind, status):
    endpoint = service(**GOOD)
    assert endpoint.send(endpoint.good, kind=kind).status == status


def test_a_url_at_which_nobody_listens_is_a_clear_error(tmp_path):
    plan = Plan(folder=tmp_path, url="http://127.0.0.1:9")
    with pytest.raises(ReadinessError, match=r"nobody answers at http://127\.0\.0\.1:9.*start it, or correct url"):
        Endpoint(plan, Elsewhere(plan))


@pytest.mark.parametrize(
    ("fields", "url", "changes", "refused"),
    [
        ({"start": "x {port}"}, "http://127.0.0.1:5/", True, None),
        ({"start": "x {port}"}, "http://localhost:5/", True, None),
        ({"start": "x {port}"}, "http://metrics.example.org/", False, "is not this machine"),
        ({"url": "http://127.0.0.1:5"}, "http://127.0.0.1:5/", True, None),
        ({"url": "http://example.org"}, "http://example.org/", False, "is not this machine"),
        ({"url": "http://example.org", "allow_hosts": ("example.org",)}, "http://example.org/", False, None),
        ({"url": "http://example.org", "allow_hosts": ("example.org",)}, "http://example.org/", True, "may not be changed"),
        (
            {"url": "http://example.org", "allow_hosts": ("example.org",), "may_change_state": True},
            "http://example.org/", True, None,
        ),
    ],
)  # fmt: skip
def test_load_and_fuzzing_go_to_this_machine_or_where_the_settings_allow_it(tmp_path, fields, url, changes, refused):
    found = Plan(folder=tmp_path, **fields).refusal(url, changes_state=changes)
    assert (refused in found) if refused else found is None


def test_what_is_expected_may_name_a_key_that_otherwise_tells_of_a_failure():
    assert right_answer.reports_failure({"detail": "low"})
    assert not right_answer.reports_failure({"detail": "low"}, {"detail": "low"})
