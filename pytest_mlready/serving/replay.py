"""Sends a document's examples to the running service and holds the answers against what the document says."""

from __future__ import annotations

import fnmatch
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving import example_requests
from pytest_mlready.serving.endpoint import DOCUMENTS
from pytest_mlready.serving.http import NoAnswerError, Request
from pytest_mlready.serving.openapi import DocumentError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.example_requests import Example
    from pytest_mlready.serving.http import Response
    from pytest_mlready.serving.openapi import Document, Operation

SAFE = ("GET", "HEAD")  # methods that change nothing (RFC 9110, 9.2.1)
LEFT_ALONE = ("OPTIONS", "TRACE")
MOST = 20  # examples of one operation
TIME_LIMIT = 120.0  # seconds for all of them
ASK_LIMIT = 10.0  # seconds for the document


def live(endpoint: Endpoint) -> Any:
    """The document that the service itself gives, parsed; None where it gives none."""
    given = endpoint.plan.openapi
    for path in (given,) if given else DOCUMENTS:
        answer = endpoint.send(Request(path=path), timeout=ASK_LIMIT)
        try:
            value = answer.json() if answer.ok and not answer.cut else None
        except ValueError:
            continue
        if isinstance(value, dict) and ("openapi" in value or "swagger" in value):
            return value
    return None


@dataclass(slots=True, kw_only=True)
class _Replay:
    """What was sent so far."""

    answered: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def judge(
    endpoint: Endpoint,
    document: Document,
    *,
    skipped: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
) -> list[Verdict]:
    """Whether each example is answered as the document says.

    Args:
        endpoint: The running service.
        document: Its document.
        skipped: Operations that are not sent, as globs of "METHOD /path".
        progress: Is told what is sent.
    """
    replay, end = _Replay(), time.monotonic() + TIME_LIMIT
    for operation in document.operations():
        if operation.method in LEFT_ALONE or any(fnmatch.fnmatchcase(str(operation), one) for one in skipped):
            replay.left.append(
                f"{operation} (by the settings)" if operation.method not in LEFT_ALONE else str(operation)
            )
            continue
        if refusal := _refusal(endpoint, document, operation):
            replay.left.append(f"{operation} ({refusal})")
            continue
        examples = example_requests.of(document, operation)[0]
        if len(examples) > MOST:
            replay.left.append(f"{len(examples) - MOST} more examples of {operation}")
        for example in examples[:MOST]:
            if time.monotonic() > end:
                told = f"{example} was not sent: {TIME_LIMIT:.0f} s were over"
                replay.verdicts.append(Verdict(outcome="inconclusive", message=told))
                continue
            if progress:
                progress(str(example))
            _send(replay, endpoint, document, example)
    return _concluded(replay)


def _refusal(endpoint: Endpoint, document: Document, operation: Operation) -> str:
    """Why an operation may not be sent there: it might change something on a service that is not ours."""
    if operation.method in SAFE or document.prefix + operation.path == endpoint.good.path.partition("?")[0]:
        return ""
    return endpoint.plan.refusal(endpoint.url, changes_state=True) or ""


def _send(replay: _Replay, endpoint: Endpoint, document: Document, example: Example) -> None:
    try:
        answer = endpoint.send(example.request)
    except NoAnswerError as error:
        replay.verdicts.append(Verdict(outcome="failed", message=f"{example}: {error.found}"))
        return
    if answer.status in (401, 403) and not example.refused:
        told = f"{example} was answered {answer.status}: the configured credential may not ask this"
        replay.verdicts.append(Verdict(outcome="inconclusive", message=told))
        return
    replay.answered += 1
    if wrong := next(_wrong(document, example, answer), ""):
        told = endpoint.client.mask(f"{example} {wrong}")
        replay.verdicts.append(Verdict(outcome="failed", message=f"{told}. {endpoint.curl(example.request)}"))


def _wrong(document: Document, example: Example, answer: Response) -> Iterator[str]:
    """Why an answer is not what the document says."""
    if example.refused:
        if not 400 <= answer.status < 500:
            yield f"is shown as one that is refused, and was answered {answer.status}"
        return
    if not answer.ok:
        yield f"was answered {answer.status}: {answer.shown(120)}; expected a status of success"
        return
    described = _answer(document, example, answer.status)
    if described is None:
        yield f"was answered {answer.status}, which the document does not describe"
        return
    content = described.get("content") if isinstance(described.get("content"), dict) else {}
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content and answer.body and not any(_fits(kind, str(one)) for one in content):
        yield f"was answered with {kind or 'no content type'}; expected {' or '.join(map(str, content))}"
    yield from _misfit(document, example, answer)


def _answer(document: Document, example: Example, status: int) -> dict[str, Any] | None:
    answers = example.operation.raw.get("responses")
    answers = answers if isinstance(answers, dict) else {}
    keys = (str(status), f"{status // 100}XX", "default")
    found = next((document.resolved(answers[key]) for key in keys if key in answers), None)
    return found if isinstance(found, dict) else None


def _fits(kind: str, declared: str) -> bool:
    return fnmatch.fnmatchcase(kind, declared.partition(";")[0].strip().lower())


def _misfit(document: Document, example: Example, answer: Response) -> Iterator[str]:
    schema = document.answer_schema(example.operation, answer.status)
    if schema is None or example.operation.method == "HEAD":
        return
    if answer.cut:
        yield f"got an answer of more than {len(answer.body):,} bytes, of which the rest was not read"
        return
    try:
        objection = document.objection(answer.json(), schema)
    except ValueError:
        yield f"was answered with what is no JSON: {answer.shown(120)}"
        return
    except DocumentError as broken:
        yield f"cannot be judged: {broken.found}"
        return
    if objection:
        yield f"got an answer that does not fit its schema: {objection}"


def _concluded(replay: _Replay) -> list[Verdict]:
    wrong = sum(v.outcome == "failed" for v in replay.verdicts)
    note = f"not sent: {'; '.join(replay.left[:10])}" if replay.left else ""
    measured = Measurement(
        name="examples answered as described", value=replay.answered - wrong, min=replay.answered, n=replay.answered,
        note=note,
    )  # fmt: skip
    if not replay.answered and not replay.verdicts:
        told = "no example could be sent"
        return [
            Verdict(outcome="inconclusive", message=f"{told}{f' ({note})' if note else ''}", measurements=(measured,))
        ]
    whole = Verdict(outcome="passed", message=f"{replay.answered} examples were sent", measurements=(measured,))
    return [whole, *replay.verdicts]
