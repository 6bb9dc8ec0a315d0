from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest

from pytest_mlready.errors import Inconclusive, MissingExtra
from pytest_mlready.serving.http import Response
from pytest_mlready.serving.openapi import Document
from pytest_mlready.serving.requests import fuzzing, generator
from pytest_mlready.serving.requests.fuzzing import INVALID, VALID, Campaign
from pytest_mlready.serving.requests.trial import Shot, Trial

pytestmark = pytest.mark.slow


def fuzzed(endpoint, *, examples=12, seed=5, document=None, **fields):
    trial, campaign = (
        Trial(endpoint=endpoint, **fields),
        Campaign(examples=examples, seed=seed, leave_out=("DELETE *",)),
    )
    fuzzing.attack(trial, document or endpoint.document, campaign)
    return trial, campaign


def test_a_sound_service_shows_nothing_and_every_operation_is_asked(service):
    trial, campaign = fuzzed(service())
    assert trial.findings == {}
    assert set(campaign.covered) == {"POST /predict", "GET /livez", "GET /readyz", "GET /models"}
    assert campaign.covered["POST /predict"].answered == 24
    assert trial.counts[INVALID].refused == 12
    assert campaign.not_generated == {}


def test_the_same_seed_sends_the_same_requests(service, monkeypatch):
    endpoint, sent = service(), []
    send = Trial.send
    monkeypatch.setattr(Trial, "send", lambda self, shot: (sent.append(shot.request), send(self, shot))[1])
    fuzzed(endpoint, examples=8)
    first, sent[:] = list(sent), []
    fuzzed(endpoint, examples=8)
    assert first == sent
    assert not any("authorization" in name.lower() for request in sent for name in request.headers)


def test_an_accepted_invalid_request_is_found_and_made_small(service, capsys):
    trial, _ = fuzzed(service("lax"), examples=20)
    found = trial.findings["accepted", INVALID, "POST /predict"]
    assert "invalid by the service's own document" in found.sentence
    assert len(found.line) < 250
    assert "good-token" not in found.line
    assert capsys.readouterr() == ("", "")


def test_a_crash_is_a_finding_of_the_series_and_not_of_the_library(service):
    trial, _ = fuzzed(service("trace"))
    assert ("stack trace", INVALID, "POST /predict") in trial.findings


def test_a_service_that_dies_is_found_with_its_last_lines(service):
    trial, _ = fuzzed(service("die", environment={"DIE_AT": "5"}))
    assert "out of memory" in trial.findings["died", VALID, "POST /predict"].sentence
    assert trial.over == "the service died"


def test_operations_that_are_left_out_are_named_and_not_asked(service):
    endpoint = service()
    raw = {**endpoint.document.raw, "paths": {**endpoint.document.raw["paths"]}}
    raw["paths"]["/models"] = {"delete": {"responses": {"200": {"description": "gone"}}}}
    _, campaign = fuzzed(endpoint, examples=2, document=Document(raw))
    assert campaign.left_out == ["DELETE /models"]
    assert "DELETE /models" not in campaign.covered


def test_a_document_that_the_library_cannot_use_is_inconclusive(service):
    document = Document({"openapi": "3.1.0", "paths": {"/a": {"$ref": "#/nowhere"}}})
    with pytest.raises(Inconclusive, match="schemathesis cannot use the OpenAPI document"):
        fuzzed(service(), document=document)


def test_a_missing_library_is_a_missing_extra(service, monkeypatch):
    monkeypatch.setattr(generator, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[api\]"):
        fuzzed(service())


def test_third_parties_warnings_stay_theirs():
    with generator.quiet():
        warnings.warn("old", DeprecationWarning, stacklevel=1)


@pytest.mark.parametrize(("status", "found"), [(200, 1), (422, 0)])
def test_a_refusal_in_another_form_is_noted_and_a_prediction_in_another_form_fails(status, found):
    client = SimpleNamespace(mask=lambda text: text)
    trial = Trial(endpoint=SimpleNamespace(client=client, curl=lambda _: "curl"))
    failure = type("JsonSchemaError", (Exception,), {"message": "null is no number"})()
    answer = Response(status=status, headers={}, body=b"{}", seconds=0.0)
    fuzzing.note(trial, Shot(kind=VALID, about="a request", request=None), answer, failure)
    assert len(trial.findings) == found
    assert sum(trial.notes.values()) == 1 - found
