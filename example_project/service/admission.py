"""Lets a request in: who sends it may, and its body is small, JSON, and holds what the schema asks for."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from service.access import Caller, TokenError, verified
from service.problems import RequestError, invalid
from service.schema import Batch
from service.violations import broken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from service.metrics import Metrics
    from service.settings import Settings

MAX_BODY = 256 * 1024  # bytes; a full batch takes about 25,000
BODY_SECONDS = 3.0  # to send it in

bearer = HTTPBearer(bearerFormat="JWT", auto_error=False)


def allowed(scope: str) -> Callable[..., Awaitable[None]]:
    """A dependency that lets through who presents a valid token of this tenant with `scope`."""

    async def check(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> None:
        settings: Settings = request.app.state.settings
        caller = signed_in(credentials, settings.signing_key)
        if caller.tenant != settings.tenant or scope not in caller.scopes:
            challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
            raise RequestError(HTTPStatus.FORBIDDEN, "forbidden", "the token does not allow this", headers=challenge)
        request.state.tenant = caller.tenant

    return check


def signed_in(credentials: HTTPAuthorizationCredentials | None, key: str) -> Caller:
    if credentials is None:
        challenge = {"WWW-Authenticate": "Bearer"}
        raise RequestError(HTTPStatus.UNAUTHORIZED, "token_missing", "a bearer token is needed", headers=challenge)
    try:
        return verified(credentials.credentials, key)
    except TokenError:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise RequestError(
            HTTPStatus.UNAUTHORIZED, "token_invalid", "the token is not valid, or no longer", headers=challenge
        ) from None


async def batch(request: Request) -> Batch:
    """The body, read by us: FastAPI would read it before it asks who sends it, however long it is."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding", "identity") != "identity":
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "send application/json, not encoded"
        )
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await bounded(request)
    except TimeoutError:
        raise RequestError(HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", f"send it within {BODY_SECONDS:g} s") from None
    except ClientDisconnect:
        raise RequestError(HTTPStatus.BAD_REQUEST, "body_incomplete", "the connection ended before the body") from None
    try:
        return Batch.model_validate_json(body)
    except ValidationError as error:
        metrics: Metrics = request.app.state.metrics
        for _, field in broken(error):
            metrics.violations.labels(field).inc()
        raise invalid(error) from None


async def bounded(request: Request) -> bytes:
    """The body, never more than the limit of it in memory, whatever length it declares or does not declare."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", f"send at most {MAX_BODY} bytes")
    return bytes(body)
