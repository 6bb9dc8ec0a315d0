# ruff: noqa: A002 - `open` is the name of the setting
from __future__ import annotations

import datetime as dt
import re

import guarded_service
import pytest
from guarded_service import credentials, document, guarded, listening, running, token

from pytest_mlready.errors import Inconclusive, ReadinessError
from pytest_mlready.serving.access import answers
from pytest_mlready.serving.access import listening as listening_ports
from pytest_mlready.serving.access import survey as access
from pytest_mlready.serving.access import verdicts as access_verdicts
from pytest_mlready.serving.access.calls import Limits
from pytest_mlready.serving.access.credentials import KINDS
from pytest_mlready.serving.http import Response

FEW = ("none", "garbage")

ITEM = {"get": {"responses": {"200": {"description": "ok"}}}}


def verdicts(endpoint, *, kinds=KINDS, open=(), **more):
    found = access.survey(endpoint, kinds=kinds, open=open, **more)
    return access_verdicts.judge(found, endpoint.plan, kinds=kinds, open=open, now=dt.datetime.now(tz=dt.UTC))


def judged(*faults, routes=None, kinds=KINDS, open=(), more=None, **fields):
    """(outcome, messages) over a service with these faults."""
    with guarded(*faults, routes=routes, **fields) as (endpoint, _):
        found = verdicts(endpoint, kinds=kinds, open=open, **(more or {}))
    outcomes = {v.outcome for v in found}
    worst = next(o for o in ("failed", "inconclusive", "passed") if o in outcomes)
    return worst, "\n".join(v.message for v in found if v.outcome == worst != "passed")


def test_a_service_that_refuses_all_bad_credentials_passes():
    assert judged() == ("passed", "")


def test_the_faulty_service_without_faults_passes(service):
    found = verdicts(service(predict="POST /predict"), open=("GET /openapi.json",))
    assert {v.outcome for v in found} == {"passed"}
    assert {m.name for v in found for m in v.measurements} >= {"POST /predict", "GET /models", "open on purpose"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("open route", "GET /models: a caller without any credential is answered 200"),
        ("no auth", "POST /predict: a caller without any credential is answered 200"),
        ("presence only", r"POST /predict: .*garbage \(a random token\)"),
        ("expired accepted", "POST /predict: a caller with expired is answered 200"),
        ("wrong-scope accepted", "POST /predict: a caller with wrong_scope is answered 200"),
        ("other-tenant accepted", "POST /predict: a caller with other_tenant is answered 200"),
    ],
)
def test_faults_of_a_real_process_are_found(service, fault, words):
    found = verdicts(service(fault, predict="POST /predict"), open=("GET /openapi.json",))
    (failed,) = (v.message for v in found if v.outcome == "failed")
    assert re.search(words, failed)
    assert "curl -i " in failed


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("alg none", "garbage (the good token's claims unsigned, alg none)"),
        ("signature unread", "garbage (the good token with one bit of its signature changed)"),
        ("presence only", 'garbage (the word "null")'),
        ("expired accepted", "a caller with expired is answered 200"),
        ("scope unread", "a caller with wrong_scope is answered 200"),
        ("tenant unread", "a caller with other_tenant is answered 200"),
        ("open /models", "GET /models: a caller without any credential"),
        ("open /predict", "POST /predict: a caller without any credential"),
        ("trusts loopback", "POST /predict, by X-Forwarded-For: 127.0.0.1: a caller without any credential"),
        ("trusts X-Original-URL", "POST /predict, by an open path, and X-Original-URL"),
        ("exact path", "POST /predict, by a slash behind"),
        ("PUT forgotten", "POST /predict, by the method PUT"),
        ("crashes", 'with the credential garbage (the word "null") is answered 500'),
    ],
)
def test_a_hole_is_named_with_route_credential_and_answer(fault, words):
    outcome, message = judged(fault)
    assert outcome == "failed"
    assert words in message


def test_success_with_an_error_in_the_body_fails_and_says_why():
    outcome, message = judged("error body")
    assert outcome == "failed"
    assert "tells of a refusal" in message
    assert "take 200 for success" in message


@pytest.mark.parametrize("fault", ["redirects", "hides", "route order"])
def test_a_refusal_in_an_unusual_way_passes_and_is_recorded(fault):
    with guarded(fault) as (endpoint, _):
        found = verdicts(endpoint)
    assert {v.outcome for v in found} == {"passed"}
    names = {m.name: m.value for v in found for m in v.measurements}
    assert names.get("calls: refused otherwise" if fault != "route order" else "calls: not there", 0) > 0


def test_validation_before_authentication_is_no_access_with_a_valid_request():
    assert judged("validates first")[0] == "passed"


def test_an_operation_of_which_no_valid_request_is_known_is_inconclusive():
    operation = {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}}
    outcome, message = judged(
        "open /batch", routes={("POST", "/batch"): (422, {"reason": "invalid"})}, document=document(batch=operation)
    )
    assert outcome == "inconclusive"
    assert "POST /batch: cannot tell" in message
    assert "the good credential is answered 422 too; an example in the OpenAPI document" in message


def test_an_object_that_is_not_there_tells_nothing_of_the_route():
    operation = {"get": {"parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}]}}
    outcome, message = judged("open /jobs/1", document=document(**{"jobs/{id}": operation}))
    assert outcome == "inconclusive"
    assert "GET /jobs/{id}: cannot tell" in message


def test_a_parameter_with_an_example_makes_the_route_reachable():
    operation = {"get": {"parameters": [{"name": "id", "in": "path", "example": 7, "schema": {"type": "integer"}}]}}
    fields = {"routes": {("GET", "/jobs/7"): (200, {"job": 7})}, "document": document(**{"jobs/{id}": operation})}
    assert judged(**fields)[0] == "passed"
    assert judged("open /jobs/7", **fields)[0] == "failed"


def test_throttled_refusals_are_inconclusive():
    outcome, message = judged("throttles")
    assert outcome == "inconclusive"
    assert "switch throttling off" in message


def test_a_good_credential_that_is_refused_is_inconclusive():
    with pytest.raises(Inconclusive, match="answered 401"):
        judged(credentials=credentials(good=token(key=b"another")))


def test_refusals_after_a_lock_out_prove_nothing():
    outcome, message = judged("locks out")
    assert outcome == "inconclusive"
    assert "the good credential does not work any more" in message


def test_an_open_service_without_configured_credentials_fails():
    outcome, message = judged("open /predict", credentials={})
    assert outcome == "failed"
    assert "POST /predict: a caller without any credential is answered 200" in message


def test_a_closed_service_without_a_good_credential_is_inconclusive():
    outcome, message = judged(credentials={}, kinds=FEW)
    assert outcome == "inconclusive"
    assert "no good credential is configured" in message
    assert "[tool.mlready.endpoint.auth] env" in message


def test_kinds_without_a_credential_are_inconclusive_until_they_are_left_out():
    only = {"good": credentials()["good"]}
    outcome, message = judged(credentials=only)
    assert outcome == "inconclusive"
    assert 'expired_env = "…", wrong_scope_env = "…", other_tenant_env = "…"' in message
    assert 'kinds = ["none", "garbage"]' in message
    assert judged(credentials=only, kinds=FEW) == ("passed", "")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"expired": token()}, "the expired credential cannot show what it should: it says that it is valid until"),
        ({"other_tenant": token(tenant="other", expires_in=-5)}, "the other_tenant credential .* has expired itself"),
        ({"wrong_scope": "no-such-token"}, "the wrong_scope credential .* is no JSON Web Token, and the good one is"),
    ],
)
def test_a_credential_that_is_refused_for_another_reason_proves_nothing(changed, words):
    outcome, message = judged(credentials=credentials(**changed))
    assert outcome == "inconclusive"
    assert re.search(words, message)


def test_two_kinds_with_one_credential_are_told():
    same = token(tenant="other")
    _, message = judged(credentials=credentials(wrong_scope=same, other_tenant=same))
    assert "the other_tenant credential cannot show what it should: it is the same as the wrong_scope one" in message


def test_an_open_customary_route_fails_with_the_line_to_paste():
    outcome, message = judged("open /metrics", routes={("GET", "/metrics"): (200, "up 1\n")})
    assert outcome == "failed"
    assert "GET /metrics (not in the OpenAPI document)" in message
    assert 'open = ["GET /metrics"]' in message


def test_a_route_that_is_open_on_purpose_passes():
    routes = {("GET", "/metrics"): (200, "up 1\n")}
    assert judged("open /metrics", routes=routes, open=("GET /metric*",)) == ("passed", "")


def test_a_route_can_be_open_to_one_kind_alone():
    _, message = judged("any scope /models")
    assert 'open = ["wrong_scope: GET /models", "other_tenant: GET /models"]' in message
    opened = ("wrong_scope: GET /models", "other_tenant: GET /models")
    assert judged("any scope /models", open=opened) == ("passed", "")
    assert judged("open /models", open=opened)[0] == "failed"


def test_predictions_under_another_name_are_found_in_a_service_that_may_be_changed():
    routes = {("POST", "/invocations"): (200, {"predictions": [4.0]})}
    outcome, message = judged("open /invocations", routes=routes)
    assert outcome == "failed"
    assert "POST /invocations (not in the OpenAPI document)" in message


def test_a_single_page_application_that_answers_any_path_is_no_finding():
    assert judged("single page", live="/livez", ready="/readyz") == ("passed", "")


def test_a_further_path_of_the_settings_is_asked():
    routes = {("GET", "/internal/stats"): (200, {"n": 1})}
    more = {"extra_paths": ("/internal/stats",)}
    assert judged(routes=routes, more=more)[0] == "passed"
    assert judged("open /internal/stats", routes=routes, more=more)[0] == "failed"


def test_an_open_side_port_fails_and_a_closed_one_passes():
    with listening(lambda *_: (200, "up 1\n", {})) as url:
        assert judged(side=(f"{url}/metrics",))[0] == "failed"
        assert judged(side=(f"{url}/metrics",), open=(f"GET {url}/metrics",))[0] == "passed"
    with listening(lambda *_: (401, "no", {})) as url:
        assert judged(side=(f"{url}/metrics",))[0] == "passed"


def test_a_side_port_that_nobody_answers_is_recorded_and_fine():
    with listening(lambda *_: (200, "", {})) as url:
        pass
    with guarded(side=(f"{url}/metrics",)) as (endpoint, _):
        found = verdicts(endpoint)
    assert {v.outcome for v in found} == {"passed"}
    assert any(m.name == "calls: nobody" for v in found for m in v.measurements)


def test_a_side_port_on_another_machine_is_left_out_and_inconclusive():
    outcome, message = judged(side=("http://metrics.example.org/",))
    assert outcome == "inconclusive"
    assert 'allow_hosts = ["metrics.example.org"]' in message


@pytest.mark.skipif(not listening_ports.PROC.is_dir(), reason="only Linux tells")
def test_an_open_port_that_was_not_declared_is_found(service):
    endpoint = service("second port", predict="POST /predict")
    (failed,) = (v for v in verdicts(endpoint, open=("GET /openapi.json",)) if v.outcome == "failed")
    assert "a port that `side` does not declare" in failed.message


def test_a_deleting_operation_is_never_asked_for_with_the_good_credential():
    routes = {("DELETE", "/models/1"): (200, {})}
    operation = {"delete": {"parameters": [{"name": "id", "in": "path", "example": 1}]}}
    with guarded("hides", routes=routes, document=document(**{"models/{id}": operation})) as (endpoint, service):
        found = verdicts(endpoint)
    given = [header for method, _, header in service.asked if method == "DELETE"]
    assert given
    assert endpoint.plan.credentials["good"] not in given
    assert {v.outcome for v in found} == {"passed"}


def test_an_open_deleting_operation_fails():
    routes = {("DELETE", "/models/1"): (200, {})}
    operation = {"delete": {"parameters": [{"name": "id", "in": "path", "example": 1}]}}
    outcome, message = judged("open /models/1", routes=routes, document=document(**{"models/{id}": operation}))
    assert outcome == "failed"
    assert "DELETE /models/{id}: a caller without any credential is answered 200" in message


def test_a_preflight_without_credential_is_no_finding():
    class Preflight(guarded_service.Service):
        def answer(self, method, path, headers, body):
            return (204, "", {}) if method == "OPTIONS" else super().answer(method, path, headers, body)

    with running(Preflight()) as endpoint:
        assert {v.outcome for v in verdicts(endpoint)} == {"passed"}


def test_a_silent_program_on_an_undeclared_port_costs_a_second_and_is_no_finding(service):
    endpoint = service("silent port", predict="POST /predict")
    assert {v.outcome for v in verdicts(endpoint, open=("GET /openapi.json",))} == {"passed"}


def test_more_operations_than_the_limit_are_inconclusive():
    many = document(**{f"p{n}": ITEM for n in range(10)})
    outcome, message = judged(document=many, more={"limits": Limits(operations=5)})
    assert outcome == "inconclusive"
    assert "more than 5 operations" in message


def test_a_survey_ends_within_its_time():
    outcome, message = judged(more={"limits": Limits(seconds=0.0)})
    assert outcome == "inconclusive"
    assert "more than 0 s were needed" in message


def test_no_message_and_no_curl_line_shows_a_credential_or_what_was_made_from_it():
    faults = ("signature unread", "expired accepted", "scope unread", "tenant unread", "alg none")
    with guarded(*faults, routes={("GET", "/models"): (200, {"echo": credentials()})}) as (endpoint, _):
        found = access.survey(endpoint, kinds=KINDS)
        text = "\n".join(
            v.message for v in access_verdicts.judge(found, endpoint.plan, kinds=KINDS, now=dt.datetime.now(tz=dt.UTC))
        )
        text += repr(found.calls)
    for value in endpoint.plan.credentials.values():
        head, payload, signature = value.removeprefix("Bearer ").split(".")
        assert f"{head}.{payload}" not in text
        assert signature not in text
    assert "Authorization: Bearer ***" in text


def test_the_document_and_the_service_disagreeing_is_recorded():
    with guarded(document=document(models=ITEM)) as (endpoint, _):
        found = verdicts(endpoint)
    (row,) = (m for v in found for m in v.measurements if m.name == "GET /models")
    assert row.note == "the OpenAPI document asks for no credential here"


def test_a_service_without_an_openapi_document_is_asked_what_is_known_and_that_is_recorded():
    with guarded("open /openapi.json", document=None) as (endpoint, _):
        found = verdicts(endpoint)
    assert {v.outcome for v in found} == {"passed"}
    assert any(m.name == "OpenAPI document" and m.value == "none" for v in found for m in v.measurements)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"open": ("/metrics",)}, 'open under .* has "/metrics"'),
        ({"open": ("* *",)}, "opens POST /predict, the prediction itself"),
        ({"more": {"extra_paths": ("metrics",)}}, 'extra_paths under .* has "metrics"'),
    ],
)
def test_a_malformed_option_is_an_error_that_names_it(options, words):
    with pytest.raises(ReadinessError, match=words):
        judged(**options)


def test_an_api_key_in_its_own_header_is_tampered_with_too():
    class Keyed(guarded_service.Service):
        def wrong_with(self, given):
            return 0

        def refusal(self, method, path, headers):
            given = headers.get("X-API-Key", "")
            good = given.startswith("s3cret") if "prefix" in self.faults else given == "s3cret-key-of-team"
            return None if good else (401, {}, {})

    fields = {"header": "X-API-Key", "credentials": {"good": "s3cret-key-of-team"}}
    for fault, expected in (("", {"passed"}), ("prefix", {"passed", "failed"})):
        with running(Keyed(fault), **fields) as endpoint:
            found = verdicts(endpoint, kinds=FEW)
        assert {v.outcome for v in found} == expected
        assert "s3cret-key" not in "".join(v.message for v in found)


def test_a_service_that_dies_over_a_credential_fails(service):
    endpoint = service("dies on null", predict="POST /predict")
    (failed,) = (v for v in verdicts(endpoint, open=("GET /openapi.json",)) if v.outcome == "failed")
    assert "kills the service" in failed.message


def test_a_session_among_several_cookies_is_asked_for_by_its_value_and_not_shown():
    class WithCookies(guarded_service.Service):
        def wrong_with(self, given):
            return 0

        def refusal(self, method, path, headers):
            known = "session=" if "by name" in self.faults else "session=k9sJq29dkWpzTT81;"
            return None if known in headers.get("Cookie", "") else (401, {}, {})

    fields = {"header": "Cookie", "credentials": {"good": "session=k9sJq29dkWpzTT81; theme=dark-blue"}}
    for fault, expected in (("", {"passed"}), ("by name", {"passed", "failed"})):
        with running(WithCookies(fault), **fields) as endpoint:
            found = verdicts(endpoint, kinds=FEW)
        assert {v.outcome for v in found} == expected, found
        assert "k9sJq29" not in "".join(v.message for v in found)


def test_bodies_that_are_no_json_are_alike_when_they_are_the_same():
    good = Response(status=200, headers={}, body=b"0.25", seconds=0.0)
    page = Response(status=200, headers={}, body=b"<html>0.25", seconds=0.0)
    assert answers.alike(page, page)
    assert not answers.alike(page, good)
    assert not answers.alike(page, None)
