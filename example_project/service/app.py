"""Puts the service together: `uvicorn service.app:app`."""

from __future__ import annotations

import asyncio
import math
import os
from contextlib import asynccontextmanager
from functools import cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from service import logs, problems
from service.access import METRICS, PREDICT
from service.admission import allowed, batch
from service.metrics import Metrics
from service.model import Model  # noqa: TC001 - FastAPI reads signatures
from service.observation import Observation
from service.predictor import Predictor
from service.problems import RequestError, responses
from service.schema import EXAMPLE, Alive, Answer, Batch, ModelIdentity, Problem, Ready
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from pydantic import BaseModel

REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
BAD_BODY = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
NO_ANSWER = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)

router = APIRouter()


@router.get("/livez")
async def livez() -> Alive:
    """The process answers; whether it can predict is another question."""
    return Alive()


@router.get("/readyz", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE))
async def readyz(request: Request) -> Ready:
    """The model was loaded and has answered once."""
    return Ready(model=identity(ready(request)))


def ready(request: Request) -> Model:
    predictor: Predictor = request.app.state.predictor
    return predictor.ready()


def identity(model: Model) -> ModelIdentity:
    return ModelIdentity(version=model.version, sha256=model.sha256)


# For the OpenAPI document: the body that `batch` reads itself.
BODY = {"schema": {"$ref": "#/components/schemas/Batch"}, "example": EXAMPLE}
TAKES = {"requestBody": {"required": True, "content": {"application/json": BODY}}}


# The order of the parameters is that of the questions: may they ask, can we answer, is it a request.
@router.post("/predict", openapi_extra=TAKES, responses=responses(*REFUSED, *BAD_BODY, *NO_ANSWER))
async def predict(
    request: Request,
    _caller: Annotated[None, Depends(allowed(PREDICT))],
    _model: Annotated[Model, Depends(ready)],
    asked: Annotated[Batch, Depends(batch)],
) -> Answer:
    """Whether each person earns more than 50,000 dollars a year, and how likely that is."""
    state = request.app.state
    predictor: Predictor = state.predictor
    model, rows = await predictor.probabilities(asked.instances)
    metrics: Metrics = state.metrics
    strange = sum(not math.isfinite(value) for row in rows for value in row)
    if strange:
        metrics.nonfinite.inc(strange)
        raise RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "model_not_finite", "the model gave no number")
    labels = [model.classes[row.index(max(row))] for row in rows]
    for label in labels:
        metrics.predictions.labels(label).inc()
    metrics.drift.add(labels)
    return Answer(model=identity(model), classes=model.classes, predictions=labels, probabilities=rows)


@router.get(
    "/metrics",
    dependencies=[Depends(allowed(METRICS))],
    response_class=PlainTextResponse,
    responses=responses(*REFUSED),
)
async def figures(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", dependencies=[Depends(allowed(PREDICT))], responses=responses(*REFUSED))
async def openapi(request: Request) -> dict[str, Any]:
    """This document."""
    document: dict[str, Any] = request.app.openapi()
    return document


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schemas that FastAPI does not meet in any signature."""
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    unmet: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Batch, "validation"), (Problem, "serialization")]
    _, schemas = models_json_schema(unmet, ref_template="#/components/schemas/{model}")
    made["components"]["schemas"] |= schemas["$defs"]
    return made


def create_app(environment: Mapping[str, str] = os.environ) -> FastAPI:
    """The application, told by `environment`; nothing is read from it or loaded before the server starts the app."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.settings = settings = Settings.read(environment)
        app.state.predictor = predictor = Predictor(settings, app.state.metrics)
        running = asyncio.create_task(predictor.run())
        yield
        running.cancel()

    app = FastAPI(
        title="income",
        version="1.0.0",
        description="Estimates whether a person earns more than 50,000 dollars a year, from a census questionnaire.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.metrics = Metrics()
    app.add_middleware(Observation, metrics=app.state.metrics)
    app.include_router(router)
    problems.install(app)
    app.openapi = cache(partial(document, app))  # type: ignore[method-assign]
    return app


logs.configure()
app = create_app()
