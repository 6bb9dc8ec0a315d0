"""Sees every request: counts it, times it, logs it, gives it an id, and catches what nobody else caught."""

from __future__ import annotations

import time
import uuid
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING, Any

from service.logs import LOG
from service.problems import RequestError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.metrics import Metrics


class Observation:
    """Outermost layer of the application (ASGI). Labels are routes and known methods, never what a client made up."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, send)
        with self.metrics.in_progress.track_inprogress():
            await exchange.answer(self.app, receive)
        exchange.count(self.metrics)
        exchange.log()


class Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.id = uuid.uuid4().hex
        self.began = time.perf_counter()
        self.method = scope["method"]
        self.status = 0
        # HEAD is GET whose body the server leaves out.
        self.scope = {**scope, "method": "GET"} if self.method == "HEAD" else scope
        self._send = send

    async def answer(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self.scope, receive, self.send)
        except Exception:
            LOG.exception("request failed", extra={"fields": {"request_id": self.id, "route": self.route}})
            if self.status:
                raise  # half an answer is out; the server closes the connection
            failed = RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "this is our mistake")
            await failed.response()(self.scope, receive, self.send)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = {"x-request-id": self.id, "cache-control": "no-store", "x-content-type-options": "nosniff"}
            head = [(name.encode(), value.encode()) for name, value in own.items()]
            message = {**message, "headers": [*message["headers"], *head]}
        await self._send(message)

    @property
    def route(self) -> str:
        return getattr(self.scope.get("route"), "path", "unknown")

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def count(self, metrics: Metrics) -> None:
        method = self.method if self.method in HTTPMethod.__members__ else "other"
        metrics.requests.labels(self.route, method, self.status).inc()
        metrics.seconds.labels(self.route, method).observe(self.seconds)

    def log(self) -> None:
        fields: dict[str, Any] = {
            "request_id": self.id,
            "route": self.route,
            "method": self.method,
            "status": self.status,
            "ms": round(self.seconds * 1000, 2),
            "tenant": self.scope.get("state", {}).get("tenant"),
        }
        LOG.info("request", extra={"fields": fields})
