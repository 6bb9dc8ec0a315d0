"""Tells what an OpenAPI document leaves undescribed: schemas of requests and answers, and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.serving import example_requests
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.openapi import Document, Operation

EMPTY = ("204", "205", "304")  # answers without a body
SAYS_NOTHING = ("title", "description", "default", "deprecated", "example", "examples")  # keys that allow anything
SHOWN = 20  # operations in one message


def judge(document: Document) -> list[Verdict]:
    """Whether every operation has schemas, and an example that fits its own schema."""
    operations = list(document.operations())
    if not operations:
        return [Verdict(outcome="failed", message="the OpenAPI document describes no operation")]
    lacking = {str(one): list(_lacks(document, one)) for one in operations}
    unread = {str(one): list(_not_understood(document, one)) for one in operations}
    wrong = [f"{name} {', '.join(found)}" for name, found in lacking.items() if found]
    complete = len(operations) - sum(bool(found) for found in lacking.values())
    measured = Measurement(
        name="operations with schemas and an example", value=complete, min=len(operations), n=len(operations)
    )
    verdicts = [_described(wrong, measured)]
    if odd := [f"{name} {', '.join(found)}" for name, found in unread.items() if found]:
        told = f"not understood: {'; '.join(odd[:SHOWN])}. Next step: mark a test of yours that sends such a request"
        verdicts.append(Verdict(outcome="inconclusive", message=told))
    return verdicts


def _described(wrong: list[str], measured: Measurement) -> Verdict:
    if not wrong:
        return Verdict(outcome="passed", message="every operation is described", measurements=(measured,))
    more = [f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    return Verdict(outcome="failed", message="\n".join([*wrong[:SHOWN], *more]), measurements=(measured,))


def _lacks(document: Document, operation: Operation) -> Iterator[str]:
    """What one operation lacks."""
    body = document.resolved(operation.raw.get("requestBody"))
    content = body.get("content") if isinstance(body, dict) else None
    if isinstance(body, dict) and "requestBody" in operation.raw and not content:
        yield "has a request body without a schema"
    for kind, media in content.items() if isinstance(content, dict) else ():
        if _anything(document, media, request=True) and not str(kind).startswith(
            ("text/", "application/octet", "image/")
        ):
            yield f"has no schema of its request ({kind})"
    yield from _answers(document, operation)
    requests, why = example_requests.of(document, operation)
    if not requests and not _odd(why):
        yield why
    yield from _misfits(document, operation, requests)


def _answers(document: Document, operation: Operation) -> Iterator[str]:
    answers = operation.raw.get("responses")
    answers = answers if isinstance(answers, dict) else {}
    good = {str(code): document.resolved(answer) for code, answer in answers.items() if _is_good(str(code))}
    if not good:
        yield "describes no answer of success"
    for code, answer in good.items():
        content = answer.get("content") if isinstance(answer, dict) else None
        if code in EMPTY or code.startswith("3") or operation.method == "HEAD":
            continue
        if not isinstance(content, dict) or not content:
            yield f"has no schema of its answer {code}"
            continue
        for kind, media in content.items():
            if "json" in str(kind) and _anything(document, media, request=False):
                yield f"has no schema of its answer {code} ({kind})"


def _is_good(code: str) -> bool:
    return code.startswith(("2", "3")) or code == "default"


def _anything(document: Document, media: Any, *, request: bool) -> bool:
    """Whether a schema is missing or lets everything through; a request's table without any field does too."""
    schema = document.resolved(media.get("schema")) if isinstance(media, dict) else None
    if not isinstance(schema, dict):
        return True
    told = {key for key in schema if key not in SAYS_NOTHING}
    bare = request and told <= {"type", "additionalProperties"} and schema.get("type") == "object"
    return not told or (bare and not isinstance(schema.get("additionalProperties"), dict))


def _misfits(document: Document, operation: Operation, requests: list[example_requests.Example]) -> Iterator[str]:
    """Examples that do not fit the schema of their own operation."""
    schema = document.body_schema(operation)
    for one in requests:
        if one.body is None or one.refused or not isinstance(schema, dict) or not isinstance(one.request.body, bytes):
            continue
        if objection := document.objection(one.body, document.closed(schema)):
            yield f"has an example “{one.name}” that does not fit its own schema ({objection})"


def _not_understood(document: Document, operation: Operation) -> Iterator[str]:
    requests, why = example_requests.of(document, operation)
    if not requests and _odd(why):
        yield why


def _odd(why: str) -> bool:
    return why.endswith(example_requests.NOT_UNDERSTOOD.partition("}")[2])
