"""Knows the good request well enough to spoil it: its body as a value, and what the service's document says of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import Inconclusive, MissingExtra
from pytest_mlready.serving.requests import points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Request
    from pytest_mlready.serving.openapi import Document

SHOWN = 120  # characters of an objection that a message shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """The good request and what is known of its kind.

    Attributes:
        request: As it is sent.
        value: Its body as parsed; None where it is no JSON table or list.
        headers: The credential.
        url: Address of the service.
        methods: Those that the document has for this path, or the request's own.
        document: The service's own, where it has a schema for this body.
        schema: That schema, with what its references lead to.
    """

    request: Request
    value: Any
    headers: Mapping[str, str]
    url: str
    methods: frozenset[str]
    document: Document | None = None
    schema: Mapping[str, Any] | None = None

    def excluded(self, body: Any) -> str:
        """Why the service's own document excludes a body; "" when it does not, or has no schema for it."""
        if self.document is None or self.schema is None:
            return ""
        objection = self.document.objection(body, self.schema)
        return f"the service's own document says: {objection[:SHOWN]}" if objection else ""


def take(endpoint: Endpoint) -> Specimen:
    """The good request of a running service.

    Raises:
        Inconclusive: The document excludes the good request itself.
        MissingExtra: What compares a body with the document is not installed.
    """
    request, document, operation = endpoint.good, endpoint.document, endpoint.operation
    schema = document.body_schema(operation) if document and operation else None
    specimen = Specimen(
        request=request,
        value=points.parsed(request.body),
        headers=endpoint.plan.headers(),
        url=endpoint.url,
        methods=_methods(endpoint) | {request.method},
        document=document,
        schema=document.closed(schema) if document and isinstance(schema, dict) else None,
    )
    if specimen.schema is not None and find_spec("openapi_schema_validator") is None:
        raise MissingExtra("openapi-schema-validator", "api", "comparing requests with the OpenAPI document")
    if specimen.value is not None and (why := specimen.excluded(specimen.value)):
        raise Inconclusive(f"the good request is excluded: {why}", fix="correct the document, or the example")
    return specimen


def _methods(endpoint: Endpoint) -> frozenset[str]:
    document, operation = endpoint.document, endpoint.operation
    if document is None or operation is None:
        return frozenset()
    return frozenset(other.method for other in document.operations() if other.path == operation.path)
