from __future__ import annotations

import json

import pytest

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.http import Request
from pytest_mlready.serving.requests import malformed, mutations, specimen, wire
from pytest_mlready.serving.requests.trial import Shot, Trial

BODY = {"instances": [{"x": 2.0, "name": "two", "tags": ["a", "b"], "grid": [[1, 2], [3, 4]], "on": True, "no": None}]}


def bodies(kind, value=BODY):
    return [m for m in mutations.mutants(value) if m.kind == kind]


def attacked(endpoint, *, oversize=2_000_000, **fields):
    trial = Trial(endpoint=endpoint, **fields)
    malformed.attack(trial, specimen.take(endpoint), oversize=oversize)
    return trial


def whats(trial):
    return {(what, kind) for what, kind, _ in trial.findings}


def test_every_mutant_is_json_unless_it_says_otherwise():
    for mutant in mutations.mutants(BODY):
        if mutant.json:
            json.loads(mutant.text, parse_constant=lambda _: 1 / 0)
        else:
            with pytest.raises((ValueError, ZeroDivisionError)):
                json.loads(mutant.text, parse_constant=lambda _: 1 / 0)


def test_a_mutant_means_what_its_text_says():
    for mutant in mutations.mutants(BODY):
        if mutant.json and mutant.kind not in ("extreme number", "duplicate key"):
            assert json.loads(mutant.text) == mutant.value, mutant.about


def test_every_place_gets_every_other_type_and_never_its_own():
    about = [m.about for m in bodies("wrong type") if m.about.endswith("at instances/0/x")]
    assert len(about) == 8
    assert "a text for a number at instances/0/x" in about
    assert not any(a.startswith("a number for") for a in about)


def test_every_field_is_left_out_once():
    left_out = {m.about for m in bodies("missing field")}
    assert {f"instances/0/{key} left out" for key in BODY["instances"][0]} < left_out


def test_rows_of_different_length_and_empty_lists_are_among_the_shapes():
    shapes = {m.about.partition(" at ")[0] for m in bodies("wrong shape")}
    assert {"rows of different length", "an empty list", "a list one level deeper"} <= shapes


def test_a_body_of_many_fields_is_changed_in_a_bounded_number_of_places():
    wide = {f"f{i}": float(i) for i in range(1000)}
    assert len(bodies("NaN literal", wide)) == 3 * mutations.FIELDS


def test_the_body_itself_stays_as_it_is():
    before = json.dumps(BODY)
    list(mutations.mutants(BODY))
    assert json.dumps(BODY) == before


def test_a_sound_service_shows_nothing(service):
    trial = attacked(service())
    assert trial.findings == {}
    assert trial.over == ""
    assert set(trial.counts) == set(malformed.KINDS)
    assert trial.total.refused > 50


def test_without_a_document_only_what_is_no_json_must_be_refused(service):
    endpoint = service(predict="POST /predict", example=b'{"instances": [{"x": 2.0}]}')
    endpoint.__dict__["document"] = None
    endpoint.__dict__["operation"] = None
    good = specimen.take(endpoint)
    must = {c.shot.kind for c in malformed.cases(good, 1000) if c.refused}
    assert must == {"not JSON", "empty body", "NaN literal", "length", "chunks", "deep nesting", "oversize"}


def test_a_service_that_takes_nan_and_wrong_types_is_told_on_with_the_request(service):
    endpoint = service("lax")
    trial = attacked(endpoint)
    assert {("accepted", "NaN literal"), ("accepted", "wrong type"), ("accepted", "missing field")} <= whats(trial)
    found = trial.findings["accepted", "NaN literal", ""]
    assert "RFC 8259" in found.sentence
    assert '"x": NaN' in found.line
    assert found.line.startswith("curl -i -X POST ")
    assert "good-token" not in found.line
    assert "***" in found.line


def test_an_overflow_that_becomes_a_5xx_is_found(service):
    trial = attacked(service("huge number"))
    assert whats(trial) == {("server error", "extreme number")}


def test_a_stack_trace_is_named_by_its_runtime(service):
    trial = attacked(service("trace"))
    assert ("stack trace", "wrong shape") in whats(trial)
    assert "(Python)" in trial.findings["stack trace", "wrong shape", ""].sentence


def test_a_service_that_dies_of_nesting_is_found_with_its_last_lines_and_a_recipe(service):
    trial = attacked(service("dies of depth"))
    found = trial.findings["died", "deep nesting", ""]
    assert "fatal: stack overflow" in found.sentence
    assert "'['" in found.line.replace('"', "")
    assert found.line.startswith("python3 -c ")
    assert "--data-binary @-" in found.line
    assert trial.over == "the service died"


def test_a_body_without_a_limit_is_found(service):
    trial = attacked(service(), oversize=500_000)  # the service itself stops at a megabyte
    assert whats(trial) == {("accepted", "oversize")}


def test_a_service_that_hangs_is_left_after_a_few_requests(service):
    endpoint = service("hang")
    trial = Trial(endpoint=endpoint, answer_limit=0.1)
    shots = [Shot(kind="wrong type", about=f"request {i}", request=endpoint.good) for i in range(9)]
    assert list(trial.run(shots)) == []
    assert trial.total.unanswered == 3
    assert whats(trial) == {("no answer", "wrong type")}
    assert trial.over


def test_a_time_budget_ends_the_series(service):
    trial = attacked(service(), budget=0.0)
    assert trial.total.sent == 0
    assert "time budget" in trial.over
    assert trial.planned > 50


def test_the_smallest_request_stands_for_those_alike(service):
    trial = Trial(endpoint=service())
    for text in ("long" * 20, "short", "middling"):
        shot = Shot(kind="odd text", about=text, request=Request(method="POST", path="/predict", body=text.encode()))
        trial.find(shot, "accepted", text)
    (found,) = trial.findings.values()
    assert (found.sentence, found.count) == ("short", 3)


def test_a_document_that_excludes_the_good_request_judges_nothing(service):
    endpoint = service(predict="POST /predict", example=b'{"instances": [{"x": 2.0, "more": 1}]}')
    with pytest.raises(Inconclusive, match="the good request is excluded"):
        specimen.take(endpoint)


def test_secrets_are_masked_before_a_raw_request_is_cut(service):
    endpoint = service()
    raw = b"A" * (wire.SHOWN - 4) + b"good-token"
    line = Trial(endpoint=endpoint).line(Shot(kind="length", about="", request=endpoint.good, raw=raw))
    assert "good" not in line


def test_bytes_go_out_as_they_are(service):
    endpoint = service()
    answer = wire.exchange(endpoint.url, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", limit=5)
    assert (answer.status, answer.json()) == (200, {"status": "alive"})
