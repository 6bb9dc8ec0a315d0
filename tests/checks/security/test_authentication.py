from __future__ import annotations

from types import SimpleNamespace

import pytest
from guarded_service import credentials, guarded

from pytest_mlready.checks.security import authentication as check
from pytest_mlready.errors import Failed, Inconclusive, ReadinessError
from pytest_mlready.evidence import Evidence

OPTIONS = {option.name: option.default for option in check.ITEM.options}


def run(*faults, routes=None, options=None, **fields):
    """The evidence of the check over a service with these faults."""
    evidence = Evidence()
    mlready = SimpleNamespace(options=lambda _: {**OPTIONS, **(options or {})}, progress=lambda _: None)
    with guarded(*faults, routes=routes, **fields) as (endpoint, _):
        check.test_bad_credentials_are_refused(mlready, evidence, endpoint)
    return {e["name"]: e for e in evidence.notes.evidence}


def test_a_guarded_service_passes_and_shows_the_answers_of_each_operation():
    evidence = run()
    assert evidence["POST /predict"]["value"].startswith("401 ×")
    assert "403 ×2" in evidence["POST /predict"]["value"]
    assert evidence["ways round that lead in"]["value"] == 0
    assert evidence["open on purpose"]["value"] == "GET /livez, GET /readyz"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("open /models", "GET /models: a caller without any credential is answered 200"),
        ("presence only", "garbage"),
        ("expired accepted", "a caller with expired"),
        ("scope unread", "a caller with wrong_scope"),
        ("tenant unread", "a caller with other_tenant"),
        ("error body", "take 200 for success"),
    ],
)
def test_a_service_that_lets_somebody_in_fails(fault, words):
    with pytest.raises(Failed, match=words):
        run(fault)


def test_a_service_that_answers_everybody_fails_without_any_auth_configured():
    with pytest.raises(Failed, match="POST /predict: a caller without any credential"):
        run("open /predict", credentials={})


def test_missing_kinds_are_inconclusive_until_the_settings_leave_them_out():
    only = {"good": credentials()["good"]}
    with pytest.raises(Inconclusive, match="not tried, since no such credential is configured: expired"):
        run(credentials=only)
    note = run(credentials=only, options={"kinds": ("none", "garbage")})["calls with credentials to refuse"]["note"]
    assert note.endswith("not in this system, say the settings: expired, wrong_scope, other_tenant")


@pytest.mark.parametrize(
    ("kinds", "words"),
    [(("none", "garbage", "wrongscope"), 'did you mean "wrong_scope"'), (("garbage",), 'leaves out "none"')],
)
def test_kinds_that_make_no_sense_are_an_error(kinds, words):
    with pytest.raises(ReadinessError, match=words):
        run(options={"kinds": kinds})


def test_an_open_route_is_allowed_by_name():
    routes = {("GET", "/metrics"): (200, "up 1\n")}
    with pytest.raises(Failed, match=r'open = \["GET /metrics"\]'):
        run("open /metrics", routes=routes)
    assert (
        "GET /metrics"
        in run("open /metrics", routes=routes, options={"open": ("GET /metrics",)})["open on purpose"]["value"]
    )
