"""Answers requests that cannot be served: always in one form, and never with a word of what was sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from service.predictor import UnavailableError
from service.schema import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request
    from pydantic import ValidationError

MAX_PLACES = 10


class RequestError(Exception):
    """A request that is not served, and why."""

    def __init__(
        self,
        status: HTTPStatus,
        reason: str,
        message: str,
        *,
        places: Sequence[Place] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(reason=reason, message=message, places=list(places))
        self.headers = headers

    def response(self) -> JSONResponse:
        return JSONResponse(self.problem.model_dump(), status_code=self.status, headers=self.headers)


def invalid(error: ValidationError) -> RequestError:
    """What is wrong with a body: 400 for what is no JSON, 422 for JSON that is no request."""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    if mistakes[0]["type"] == "json_invalid":
        return RequestError(HTTPStatus.BAD_REQUEST, "malformed_json", mistakes[0]["msg"])
    places = [Place(where=where(mistake), message=mistake["msg"]) for mistake in mistakes[:MAX_PLACES]]
    message = f"mistakes found: {len(mistakes)}; listed: {len(places)}"
    return RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", message, places=places)


def where(mistake: Any) -> str:
    """The place of a mistake. A field that nobody knows is named by its sender, so its parent is named instead."""
    place = mistake["loc"][:-1] if mistake["type"] == "extra_forbidden" else mistake["loc"]
    return ".".join(str(part) for part in place) or "body"


def unavailable(reason: str) -> RequestError:
    return RequestError(
        HTTPStatus.SERVICE_UNAVAILABLE, reason, "no predictions now; try again later", headers={"Retry-After": "1"}
    )


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: that these statuses come with a Problem."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Has every failure of a request answered by a Problem."""

    @app.exception_handler(RequestError)
    async def refused(_request: Request, error: RequestError) -> JSONResponse:
        return error.response()

    @app.exception_handler(UnavailableError)
    async def not_now(_request: Request, error: UnavailableError) -> JSONResponse:
        return unavailable(error.reason).response()

    @app.exception_handler(HTTPException)
    async def no_such_route(_request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        return RequestError(status, status.name.lower(), status.phrase, headers=error.headers).response()
