"""Asks whether the endpoint rejects malformed and hostile requests cleanly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.requests.trial import Trial

ITEM = Item(
    id="security.input_validation",
    title="Inputs validated and sanitised",
    question="Does the endpoint reject malformed and hostile requests cleanly, instead of crashing or obeying them?",
    why=(
        "A model answers almost anything, so a wrong unit or a string in place of a number becomes a confident "
        "prediction. Oversized and deeply nested bodies take a worker down. Text that ends in a log, a template, a "
        "query or a prompt is executed by whatever reads it next."
    ),
    looks_at=(
        "Three series of requests to the running service, each with the good credential and each followed by the good "
        "request, which must still be answered well. Generated: schemathesis makes requests from the live OpenAPI "
        "document, as many that fit it as do not, with a fixed seed; DELETE operations are left out. Malformed: the "
        "good request with one thing changed: broken JSON, NaN and Infinity, wrong types and shapes, missing and "
        "unknown fields, extreme numbers, odd and very long text, wrong encodings, methods, lengths and chunks, "
        "100,000 nested brackets, an oversize body. Injections: texts for SQL, NoSQL, LDAP, shells, templates, code, "
        "paths, callbacks, markup, headers, logs and (where texts are generated) prompts, in every string of the body, "
        "parameters, headers and the path. Fails: any 5xx but 501, no answer, a death, a stack trace or a database's "
        "error in an answer; JSON that is none (NaN included), a body of `oversize`, or a request that the service's "
        "own document excludes answered 2xx; a prediction that is not finite or does not fit its schema; a canary that "
        "is computed, executed, fetched, called, delayed, logged on a line of its own, or comes back as markup in HTML "
        "or plain text. What the document allows, or no document excludes, may be accepted: unknown fields, numbers in "
        "quotes, repeated keys. Recorded only: canaries echoed within JSON, and refusals in a form that the document "
        "does not have. Inconclusive: the good request is refused, no document or one that excludes nothing (for the "
        "generated series), requests turned away with 401, 407 or 429, a time budget that was too short, a host that "
        "may not be changed, schemathesis missing. Forged log lines are seen only in a service that this run started."
    ),
    how_to_fix=(
        "Describe each request with a closed schema: types, ranges, lengths, allowed categories, no extra fields, no "
        "silent conversion (pydantic: strict=True, allow_inf_nan=False). Validate before features are computed and "
        "answer 4xx with a short reason. Limit body size, nesting and time at the server. Treat text as data wherever "
        "it goes: parameterised queries, escaped templates, structured logs, and separate prompts from user content. "
        "Return validation errors without echoing the input. Where something is accepted on purpose, or a gateway in "
        "front refuses it, name its kind and the reason in `allow`."
    ),
    attestation=(
        "Which kinds of bad request were tried against which version, the tool and number of requests, what was "
        "accepted or crashed, and what was repaired."
    ),
    lifetime_days=90,
    sources=(
        "OWASP Input Validation Cheat Sheet",
        "OWASP API Security Top 10 2023, API4: unrestricted resource consumption",
        "OWASP Top 10 for LLM Applications 2025, LLM01: prompt injection",
        "CWE-20, Improper Input Validation",
        "OWASP Web Security Testing Guide 4.2, section 4.7",
        "RFC 8259 (JSON), RFC 9110 and 9112 (HTTP)",
        "schemathesis documentation, checks",
    ),
    options=(
        Option(
            name="examples", type="integer", default=60,
            doc="Requests that schemathesis makes for each operation, and as many again that are invalid.",
        ),
        Option(name="time_budget", type="duration", default=60.0, doc="Time for each of the three series."),
        Option(name="answer_limit", type="duration", default=10.0, doc="Time within which each request is answered."),
        Option(
            name="oversize", type="size", default=10_000_000,
            doc="Size of a body that must be refused; more than the largest that the service is meant to take.",
        ),
        Option(
            name="delay", type="duration", default=1.0,
            doc="Time that injected commands ask an interpreter to sleep; well above a usual answer's.",
        ),
        Option(name="allow", type="table", default={}, doc="Kinds of request accepted on purpose, with the reason."),
        Option(
            name="leave_out", type="strings", default=("DELETE *",),
            doc='Operations that no request is generated for, such as "POST /admin/*".',
        ),
    ),
)  # fmt: skip


@pytest.mark.security("input_validation")
def test_generated_requests(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """Requests made from the OpenAPI document: valid ones are answered as it says, invalid ones refused."""
    from pytest_mlready.serving.requests import fuzzing
    from pytest_mlready.serving.requests import verdict as input_verdict

    options = mlready.options(ITEM.id)
    input_verdict.check_names(options["allow"])
    trial = _trial(mlready_endpoint, options)
    document = trial.endpoint.document
    if document is None:
        mlready_evidence.inconclusive(
            "the service has no OpenAPI document, and so no schema to violate; "
            '[tool.mlready.endpoint] openapi = "/openapi.json" says where one is'
        )
    campaign = fuzzing.Campaign(
        examples=options["examples"], seed=mlready.seed(f"{ITEM.id}.generated"), leave_out=tuple(options["leave_out"])
    )
    fuzzing.attack(trial, document, campaign, progress=mlready.progress)
    mlready_evidence.conclude(input_verdict.generated(trial, campaign, options["allow"]))


@pytest.mark.security("input_validation")
def test_malformed_requests(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """The good request with one thing wrong is refused, or at least survived."""
    from pytest_mlready.serving.requests import malformed, specimen
    from pytest_mlready.serving.requests import verdict as input_verdict

    options = mlready.options(ITEM.id)
    input_verdict.check_names(options["allow"])
    trial = _trial(mlready_endpoint, options)
    good = specimen.take(trial.endpoint)
    mlready.progress("malformed requests")
    malformed.attack(trial, good, oversize=int(options["oversize"]))
    mlready.progress("")
    mlready_evidence.conclude(input_verdict.corpus(trial, options["allow"], json=good.value is not None))


@pytest.mark.security("input_validation")
def test_injections(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """Hostile texts are nowhere obeyed, and come back nowhere as markup."""
    from pytest_mlready.serving.requests import injection
    from pytest_mlready.serving.requests import verdict as input_verdict
    from pytest_mlready.serving.requests.canaries import Canaries

    options = mlready.options(ITEM.id)
    input_verdict.check_names(options["allow"])
    trial = _trial(mlready_endpoint, options)
    endpoint = trial.endpoint
    writes = mlready.settings.task == "text-generation" or endpoint.probes.convention.name == "openai"
    with Canaries() as canaries:
        setting = injection.Setting(
            canaries=canaries, token=f"mlr{mlready.seed(f'{ITEM.id}.injections'):04x}"[:7], delay=options["delay"],
            text_generation=writes,
        )  # fmt: skip
        places = injection.attack(trial, setting, progress=mlready.progress)
    mlready_evidence.conclude(input_verdict.injections(trial, options["allow"], places, log=bool(endpoint.log())))


def _trial(endpoint: Endpoint, options: dict[str, Any]) -> Trial:
    """A series that may begin: the service may be attacked, runs, and answers the good request well."""
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.serving.requests.trial import Trial

    if refusal := endpoint.plan.refusal(endpoint.url, changes_state=True):
        raise Inconclusive(f"hostile requests are not sent: {refusal}")
    endpoint.up().ask(timeout=options["answer_limit"])
    return Trial(endpoint=endpoint, answer_limit=options["answer_limit"], budget=options["time_budget"])
