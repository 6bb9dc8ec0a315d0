from __future__ import annotations

import copy

import pytest
from documented_service import DOCUMENT, DocumentedService, changed

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving import described, example_requests, replay, valid_document
from pytest_mlready.serving.endpoint import Elsewhere, Endpoint
from pytest_mlready.serving.openapi import Document
from pytest_mlready.serving.plan import Plan

POST = "paths|/predict|post"
BODY = f"{POST}|requestBody|content|application/json"


@pytest.fixture
def endpoint(tmp_path):
    """A running service with a document and changed answers, as an Endpoint."""
    running = []

    def make(document=DOCUMENT, answers=None, **fields):
        service = DocumentedService(document, answers).__enter__()
        plan = Plan(
            folder=tmp_path, environment={}, url=service.url, predict="POST /predict", example=b'{"x": 2}', **fields
        )
        opened = Endpoint(plan, Elsewhere(plan))
        running.append((service, opened))
        opened.service = service
        return opened

    yield make
    for service, opened in running:
        opened.close()
        service.__exit__()


def replayed(endpoint, document=DOCUMENT, **more):
    verdicts = replay.judge(endpoint, Document(document), **more)
    worst = next((w for w in ("failed", "inconclusive") if any(v.outcome == w for v in verdicts)), "passed")
    return worst, "\n".join(v.message for v in verdicts if v.outcome == worst), verdicts[0].measurements[0]


def test_the_examples_of_a_healthy_service_work(endpoint):
    outcome, _, measured = replayed(endpoint())
    assert outcome == "passed"
    assert measured.value == 5, "GET twice, DELETE, and two examples of POST, one of which is shown as refused"


WRONG = [
    ({"POST /predict": (422, {"reason": "unknown"})}, "example “two” was answered 422"),
    ({"POST /predict": (200, {"y": "four"})}, "does not fit its schema: y"),
    ({"POST /predict": (200, b"<p>four</p>", "text/html")}, "was answered with text/html"),
    ({"POST /predict": (200, b"four")}, "no JSON"),
    ({"POST /predict": (202, {"y": 4})}, "answered 202, which the document does not describe"),
    ({"POST /predict": (500, {"reason": "x"})}, "answered 500"),
    ({"GET /models/doubles": (404, {})}, "GET /models/{name} was answered 404"),
    ({"GET /livez": (200, {})}, "'status' is a required property"),
]


@pytest.mark.parametrize(("answers", "words"), WRONG)
def test_an_answer_that_is_not_as_described_fails(endpoint, answers, words):
    outcome, message, _ = replayed(endpoint(answers=answers))
    assert outcome == "failed"
    assert words in message
    assert "curl -i" in message


def test_an_example_that_no_longer_validates_fails(endpoint):
    document = changed(BODY + "|examples", {"two": {"value": {"x": 2, "old_name": 1}}})
    outcome, message, _ = replayed(endpoint(), document)
    assert outcome == "failed"
    assert "answered 422" in message


def test_an_example_of_a_mistake_that_is_accepted_fails(endpoint):
    outcome, message, _ = replayed(endpoint(answers={"POST /predict": (200, {"y": 1})}))
    assert outcome == "failed"
    assert "is shown as one that is refused, and was answered 200" in message


def test_a_refused_credential_is_inconclusive(endpoint):
    outcome, message, _ = replayed(endpoint(answers={"GET /models/doubles": (403, {})}))
    assert (outcome, "credential" in message) == ("inconclusive", True)


def test_operations_can_be_left_out(endpoint):
    opened = endpoint()
    outcome, _, measured = replayed(opened, skipped=("DELETE *",))
    assert outcome == "passed"
    assert "DELETE /models/doubles" not in opened.service.asked
    assert "DELETE" in measured.note


def test_nothing_sent_is_no_pass(endpoint):
    assert replayed(endpoint(), skipped=("*",))[0] == "inconclusive"


def test_a_foreign_service_is_not_changed(endpoint, monkeypatch):
    opened = endpoint()
    monkeypatch.setattr("pytest_mlready.hosts.is_loopback", lambda _: False)
    outcome, _, measured = replayed(opened)
    assert outcome == "passed"
    assert "DELETE /models/doubles" not in opened.service.asked
    assert "DELETE /models/{name} (" in measured.note


def test_a_service_that_stops_answering_fails(endpoint):
    opened = endpoint()
    opened.service.__exit__()
    opened.service.__exit__ = lambda *_: None
    outcome, message, _ = replayed(opened)
    assert (outcome, "nobody answers" in message) == ("failed", True)


def test_the_live_document_is_found(endpoint):
    assert replay.live(endpoint()) == DOCUMENT
    assert replay.live(endpoint(document=None)) is None
    assert replay.live(endpoint(openapi="/elsewhere.json")) is None


def complete(path=None, value=None):
    document = changed(path, value) if path else DOCUMENT
    verdicts = described.judge(Document(document))
    return verdicts[0].outcome, "\n".join(v.message for v in verdicts), verdicts


def test_a_document_that_describes_everything_passes():
    outcome, _, verdicts = complete()
    assert outcome == "passed"
    assert verdicts[0].measurements[0].value == 4


LACKING = [
    (BODY + "|schema", None, "POST /predict has no schema of its request"),
    (BODY + "|schema", {"type": "object", "title": "Payload"}, "has no schema of its request"),
    (BODY + "|examples", None, "gives no example of its body"),
    (BODY + "|examples", {"two": {"value": {"x": "2"}}}, "does not fit its own schema"),
    (f"{POST}|responses|200|content", None, "has no schema of its answer 200"),
    (f"{POST}|responses|200|content|application/json|schema", {}, "has no schema of its answer 200"),
    (f"{POST}|responses", {"422": {"description": "no"}}, "describes no answer of success"),
    ("paths|/models/{name}|get|parameters", [], "gives no example of a parameter"),
    ("paths", {}, "describes no operation"),
]


@pytest.mark.parametrize(("path", "value", "words"), LACKING)
def test_what_a_document_lacks_fails_by_name(path, value, words):
    outcome, message, _ = complete(path, value)
    assert outcome == "failed"
    assert words in message


SHAPES = [
    (BODY, {"schema": {"$ref": "#/components/schemas/Row"}, "example": {"x": 1}}),
    (BODY, {"schema": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number", "examples": [1]}}}}),
    (BODY, {"schema": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number", "default": 1}}}}),
    (f"{POST}|responses|200", {"description": "n", "content": {"application/octet-stream": {}}}),
    (f"{POST}|responses", {"201": {"description": "ok", "content": {"text/csv": {"schema": {"type": "string"}}}}}),
    (f"{POST}|requestBody|content", {"text/plain": {"schema": {"type": "string"}, "example": "hello"}}),
    (f"{POST}|requestBody|content", {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"x": {"type": "string"}}}, "example": {"x": "1"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), SHAPES)
def test_the_ways_in_which_people_describe_an_operation_are_known(path, value):
    assert complete(path, value)[0] == "passed"


def test_a_file_upload_is_not_understood():
    upload = {"multipart/form-data": {"schema": {"type": "object", "properties": {"image": {"type": "string"}}}}}
    _, message, verdicts = complete(f"{POST}|requestBody|content", upload)
    assert [v.outcome for v in verdicts] == ["passed", "inconclusive"]
    assert "sent as multipart/form-data" in message


def test_requests_are_made_as_a_client_would():
    document = copy.deepcopy(DOCUMENT)
    document["paths"]["/predict"]["post"]["parameters"] = [
        {"in": "query", "name": "v", "required": True, "schema": {"type": "integer"}, "example": 2}
    ]
    made = Document(document)
    operation = next(o for o in made.operations() if o.path == "/predict")
    (two, invalid), why = example_requests.of(made, operation)
    assert (two.request.path, two.request.body, two.refused) == ("/predict?v=2", b'{"x": 2}', False)
    assert (invalid.refused, why) == (True, "")


INVALID = [
    ("info", None, "is a required property"),
    (BODY + "|schema", {"$ref": "#/components/schemas/Gone"}, "#/components/schemas/Gone leads nowhere"),
    ("components|schemas|Row|type", "objekt", "objekt"),
    ("openapi", 3.1, "expected a text"),
    ("paths|/livez|get|responses|200", {}, "description"),
]


@pytest.mark.parametrize(("path", "value", "words"), INVALID)
def test_an_invalid_document_is_objected_to(path, value, words):
    found = valid_document.objections(changed(path, value))
    assert any(words in one for one in found)


def test_a_valid_document_has_no_objection():
    assert valid_document.objections(DOCUMENT) == []
    assert valid_document.objections({**DOCUMENT, "openapi": "3.0.3"}) == []


def test_an_unknown_version_is_not_understood():
    with pytest.raises(Inconclusive, match="of version 4"):
        valid_document.objections({**DOCUMENT, "openapi": "4.0.0"})


def test_references_that_lead_out_are_listed_and_not_followed():
    document = changed(BODY + "|schema", {"$ref": "http://127.0.0.1:9/row.json"})
    assert valid_document.outside(document) == ["http://127.0.0.1:9/row.json"]


def test_an_example_that_stands_twice_is_sent_once(endpoint):
    media = {"schema": {"$ref": "#/components/schemas/Row"}, "example": {"x": 2}}
    document = changed(BODY, media)
    document["components"]["schemas"]["Row"]["examples"] = [{"x": 2}, {"x": 3}]
    opened = endpoint(document)
    assert replayed(opened, document)[0] == "passed"
    assert opened.service.asked.count("POST /predict") == 2


def test_examples_beyond_the_most_are_said_to_be_left_out(endpoint, monkeypatch):
    monkeypatch.setattr(replay, "MOST", 1)
    assert "1 more examples of POST /predict" in replayed(endpoint())[2].note
