"""Asks whether the interface is described by a valid, current document whose examples work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.openapi import Document

ITEM = Item(
    id="documentation.api_docs",
    title="API documentation: request/response schemas and examples",
    question="Does a valid, current document describe every operation, with examples that work?",
    why=(
        "Clients are written against the document. Where it is wrong they guess, and a guessed unit or field order "
        "gives valid requests with wrong predictions. Documents that are kept by hand fall behind with the first "
        "hurried release, and nobody notices, since no machine reads them."
    ),
    looks_at=(
        "The committed OpenAPI document (`document`, else endpoint.openapi where that is a file, else the only one "
        "that was found) and the one that the running service gives. Validity: openapi-spec-validator has no "
        "objection. Sameness: the two say the same; the order of keys and breaks of lines do not count, nor do servers "
        "and info.version, which name a deployment and not the interface; `ignored` says what else may differ. "
        "Description: every operation has a schema of its request, where it takes a body, and of its answers of "
        "success; a schema that lets everything through is none. It has at least one example of what it takes, given "
        "as such or by the examples of all parts, and each fits its own schema; an operation that takes nothing needs "
        "none. Replay: every example is sent with the good credential and must get a status of success that the "
        "document describes, with a declared content type and a body that fits its schema; an example that is named "
        "invalid, wrong or the like must get 4xx. Operations other than GET and the prediction are sent to services "
        "that the run started, or that may be changed (endpoint.may_change_state); `not_replayed` leaves out others. "
        "It fails where one of these does not hold. It is inconclusive where only one of the two documents is there, "
        "a credential is refused, a body is no JSON, form or text, references lead out of the document, or the "
        "validator is not installed. Other descriptions, such as protobuf files, count when a test of yours replays "
        "their examples."
    ),
    how_to_fix=(
        "Generate the document from the types that validate requests, commit it, and let CI fail when it changes "
        "without review. Add a realistic example to each operation, error answers included. State units, ranges and "
        "what null means. Replay the examples in the test suite, so that they cannot rot."
    ),
    attestation=(
        "Where the document is and its sha256, how it was compared with the live service and when, the examples that "
        "were tried, and known differences."
    ),
    sources=(
        "OpenAPI Specification 3.1 (2021)",
        "JSON Schema, draft 2020-12",
    ),
    options=(
        Option(
            name="document", type="string", default=None,
            doc="The committed document, YAML or JSON; endpoint.openapi or the only one found otherwise.",
        ),
        Option(
            name="ignored", type="strings", default=(),
            doc='Further places in which the live document may differ, as globs: "paths.*.x-internal".',
        ),
        Option(
            name="not_replayed", type="strings", default=(),
            doc='Operations whose examples are not sent, as globs: "DELETE /models/*".',
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
SHOWN = 20  # differences in one message
EXPORT = "save what the service gives (curl …/openapi.json > openapi.json), and commit it"


@pytest.mark.documentation("api_docs")
def test_the_document_is_valid(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """The committed document, or the live one where none is committed, follows its own specification."""
    committed = _committed(mlready, mlready_evidence)
    mlready_evidence.grade("static")
    shown, raw = committed or ("the live document", _live(mlready_evidence, _endpoint(mlready_evidence, request, "")))
    objections = _objections(mlready_evidence, shown, raw)
    mlready_evidence.record("objections of openapi-spec-validator", len(objections), max=0)
    from pytest_mlready.values import Verdict

    told = "\n".join(f"{shown}: {one}" for one in objections[:SHOWN])
    mlready_evidence.conclude([Verdict(outcome="failed" if objections else "passed", message=told)])


@pytest.mark.documentation("api_docs")
def test_the_live_document_is_the_committed_one(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """What the running service says about itself is what the repository says."""
    from pytest_mlready.documents import openapi_difference

    committed = _committed(mlready, mlready_evidence)
    endpoint = _endpoint(mlready_evidence, request, committed[0] if committed else "")
    live = _live(mlready_evidence, endpoint)
    if committed is None:
        mlready_evidence.inconclusive(f"no document is committed that the live one could equal. Next step: {EXPORT}")
    shown, raw = committed
    mlready_evidence.grade("live")
    ignored = (*openapi_difference.IGNORED, *mlready.options(ITEM.id)["ignored"])
    found = openapi_difference.differences(live, raw, ignored=ignored)
    mlready_evidence.record("differences between the live and the committed document", len(found), max=0)
    from pytest_mlready.values import Verdict

    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    told = "\n".join([f"{shown} is not what the service says:", *found[:SHOWN], *more, f"Next step: {EXPORT}"])
    mlready_evidence.conclude([Verdict(outcome="failed" if found else "passed", message=told if found else "the same")])


@pytest.mark.documentation("api_docs")
def test_every_operation_has_schemas_and_an_example(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Requests and answers have schemas, and what an operation takes has an example that fits."""
    from pytest_mlready.serving import described

    mlready_evidence.grade("static")
    mlready_evidence.conclude(described.judge(_document(mlready, mlready_evidence, request)))


@pytest.mark.documentation("api_docs")
def test_the_examples_work(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Each example of the document is sent, and answered as the document says."""
    from pytest_mlready.serving import replay

    committed = _committed(mlready, mlready_evidence)
    endpoint = _endpoint(mlready_evidence, request, committed[0] if committed else "")
    document = _document(mlready, mlready_evidence, request)
    mlready_evidence.grade("live")
    skipped = mlready.options(ITEM.id)["not_replayed"]
    verdicts = replay.judge(endpoint, document, skipped=skipped, progress=mlready.progress)
    mlready.progress("")
    mlready_evidence.conclude(verdicts)


def _committed(mlready: Project, evidence: Evidence) -> tuple[str, Any] | None:
    """Name and content of the committed document; None where there is none."""
    from pytest_mlready.documents import bounded

    table, found = mlready.settings.endpoint.openapi, mlready.discovered.openapi
    in_file = table if table and not table.startswith("/") else None
    named = mlready.options(ITEM.id)["document"] or in_file
    if named is None and len(found) > 1:
        listed = ", ".join(map(str, found[:5]))
        evidence.inconclusive(
            f"{len(found)} OpenAPI documents were found ({listed}), and which is this service's is not configured. "
            f'Next step: {SETTING} document = "{found[0]}"'
        )
    if named is None and not found:
        return None
    shown = named or found[0].as_posix()
    return shown, bounded.read(mlready.file(shown, "the OpenAPI document"), setting="document")


def _endpoint(evidence: Evidence, request: pytest.FixtureRequest, committed: str) -> Endpoint:
    """The running service; a committed document without one is found, and not shown to be true."""
    from pytest_mlready.errors import Unverified

    try:
        endpoint: Endpoint = request.getfixturevalue("mlready_endpoint")
    except Unverified as missing:
        if committed:
            evidence.inconclusive(f"{committed} is there, and no service to hold it against: {missing}")
        raise
    return endpoint.up()


def _live(evidence: Evidence, endpoint: Endpoint) -> Any:
    from pytest_mlready.serving import replay
    from pytest_mlready.serving.http import NoAnswerError

    try:
        live = replay.live(endpoint)
    except NoAnswerError as error:
        evidence.inconclusive(f"the live document could not be read: {error.found}")
    if live is None:
        line = '[tool.mlready.endpoint] openapi = "/openapi.json"'
        asked = endpoint.plan.openapi
        if asked is None and endpoint.plan.document is None:
            evidence.unverified("the service gives no OpenAPI document at a usual path", fix=line)
        evidence.inconclusive(f"the service gives no OpenAPI document at {asked or 'a usual path'}. Next step: {line}")
    return live


def _document(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> Document:
    """The committed document, else the live one, ready to be asked; needs the validator of its schemas."""
    from importlib.util import find_spec

    from pytest_mlready.errors import MissingExtra
    from pytest_mlready.serving import openapi, valid_document

    committed = _committed(mlready, evidence)
    raw = committed[1] if committed else _live(evidence, _endpoint(evidence, request, ""))
    if find_spec("openapi_schema_validator") is None:
        raise MissingExtra("openapi-schema-validator", "api", "holding examples against their schemas")
    if isinstance(raw, dict) and "swagger" in raw:
        evidence.inconclusive("not understood: a document of version 2 (Swagger). Next step: convert it to OpenAPI 3")
    if isinstance(raw, dict) and (outside := valid_document.outside(raw)):
        evidence.inconclusive(
            f"not understood: {outside[0]} leads out of the document. Next step: bundle it into one file"
        )
    return openapi.Document(raw)


def _objections(evidence: Evidence, shown: str, raw: Any) -> list[str]:
    """What the validator says; nothing is fetched for it."""
    from importlib.util import find_spec

    from pytest_mlready.errors import MissingExtra
    from pytest_mlready.serving import valid_document

    if find_spec("openapi_spec_validator") is None:
        raise MissingExtra("openapi-spec-validator", "api", "validating the OpenAPI document")
    if not isinstance(raw, dict) or not ({"openapi", "swagger"} & set(raw)):
        return ["is no OpenAPI document: it has no key openapi"]
    if outside := valid_document.outside(raw):
        told = f"not understood: {shown} refers to {outside[0]}, which is not in it"
        evidence.inconclusive(f"{told}. Next step: bundle it into one file")
    return valid_document.objections(raw)
