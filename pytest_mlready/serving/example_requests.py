"""Makes the requests that an OpenAPI document gives as examples, each as a client would send it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pytest_mlready.serving import examples
from pytest_mlready.serving.http import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.serving.openapi import Document, Operation

FORM = "application/x-www-form-urlencoded"
# Documents show mistakes as well: FastAPI's own guide has an example named “invalid”.
_REFUSED = re.compile(r"\b(invalid|malformed|wrong|bad|error|fails?|refused|rejected|missing)\b", re.IGNORECASE)
NOT_UNDERSTOOD = "is sent as {kind}, which is not understood here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One request of a document.

    Attributes:
        operation: What it asks.
        name: As the document has it; "example" for one without a name, "from the schema" for one put together of parts.
        request: Without a credential.
        body: The value of its JSON body; None for none.
        refused: Whether the document shows it as one that is refused.
    """

    operation: Operation
    name: str
    request: Request
    body: Any = None
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.operation}, example “{self.name}”" if self.body is not None else str(self.operation)


def of(document: Document, operation: Operation) -> tuple[list[Example], str]:
    """The requests for one operation; where there are none, the second value says why."""
    path = document.filled_path(operation)
    if path is None:
        return [], "gives no example of a parameter that it needs"
    request = Request(method=operation.method, path=path, headers=document.headers(operation))
    body = document.resolved(operation.raw.get("requestBody"))
    content = body.get("content") if isinstance(body, dict) else None
    if not isinstance(content, dict) or not content:
        return [Example(operation=operation, name="request", request=request)], ""
    kind, media = _preferred(content)
    sent = _sender(kind)
    if sent is None:
        return [], NOT_UNDERSTOOD.format(kind=kind)
    found = [
        Example(operation=operation, name=name, request=sent(request, value), body=value, refused=refused)
        for name, value, refused in _bodies(document, media)
    ]
    return found, "" if found else "gives no example of its body"


def _preferred(content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The form of the body that is sent: JSON where there is a choice."""
    kinds = sorted(content, key=lambda kind: not _is_json(str(kind)))
    media = content[kinds[0]]
    return str(kinds[0]), media if isinstance(media, dict) else {}


def _is_json(kind: str) -> bool:
    plain = kind.partition(";")[0].strip().lower()
    return plain in ("application/json", "*/*") or plain.endswith("+json")


def _sender(kind: str) -> Any:
    """What puts a value into a request's body; None for a form that is not understood."""
    plain = kind.partition(";")[0].strip().lower()
    if _is_json(kind):
        typed = "application/json" if plain == "*/*" else plain
        return lambda request, value: _with(request, json.dumps(value).encode(), typed)
    if plain == FORM:
        return lambda request, value: _with(request, urlencode(value if isinstance(value, dict) else {}).encode(), FORM)
    if plain.startswith("text/"):
        return lambda request, value: _with(request, str(value).encode(), plain)
    return None


def _with(request: Request, body: bytes, kind: str) -> Request:
    headers = {**request.headers, "content-type": kind}
    return Request(method=request.method, path=request.path, headers=headers, body=body)


def _bodies(document: Document, media: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """(name, value, whether it is shown as refused): those that stand there, else one that the parts give."""
    given: list[tuple[str, Any, bool]] = []
    for one in _given(document, media):
        if one[1:] not in [other[1:] for other in given]:  # generators repeat an example in its schema
            given.append(one)
    yield from given
    if not any(not refused for _, _, refused in given):
        built = examples.built(media.get("schema"), document.resolved)
        if built is not None:
            yield "from the schema", built, False


def _given(document: Document, media: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    if "example" in media:
        yield "example", media["example"], False
    named = media.get("examples")
    for name, example in named.items() if isinstance(named, dict) else ():
        table = document.resolved(example)
        told = f"{name} {table.get('summary', '')}" if isinstance(table, dict) else str(name)
        for value in examples.value_of(table):
            yield str(name), value, _REFUSED.search(told.replace("_", " ").replace("-", " ")) is not None
    schema = document.resolved(media.get("schema"))
    if isinstance(schema, dict):
        if "example" in schema:
            yield "of the schema", schema["example"], False
        for number, value in enumerate(examples.listed(schema, "examples"), 1):
            yield f"{number} of the schema", value, False
