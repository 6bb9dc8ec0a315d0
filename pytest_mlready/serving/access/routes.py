"""Lists what callers can reach: the prediction, documented operations, side ports, and routes that get forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving.access import listening, plausible
from pytest_mlready.serving.access.credentials import SETTING
from pytest_mlready.serving.http import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.openapi import Document, Operation

Origin = Literal["prediction", "document", "settings", "unlisted", "side", "port"]
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")  # RFC 9110, 9.2.1
LEFT_ALONE = ("OPTIONS", "TRACE")  # a preflight carries no credential, and must be answered (Fetch standard, CORS)
# Routes that servers and frameworks open by themselves: metrics, documents, administration, other protocols' models.
PAGES = (
    "/metrics",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/docs.json",
    "/swagger.json",
    "/admin",
    "/debug",
    "/debug/pprof/",
    "/debug/vars",
    "/actuator",
    "/actuator/env",
    "/console",
    "/config",
    "/env",
    "/models",
    "/v1/models",
    "/v2",
    "/v2/models",
    "/v2/models/stats",
)
PREDICTIONS = (
    "/invocations",
    "/predict",
    "/predictions",
    "/infer",
    "/score",
    "/batch",
    "/predict/batch",
    "/v1/predict",
)
OTHER_PORT = ("/", "/metrics", "/models", "/v2/models")
NOWHERE = "/pytest-mlready-no-such-path"  # what is answered here is answered anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that a caller can ask for.

    Attributes:
        name: As a message and `open` call it: "POST /predict", "GET http://127.0.0.1:{port_metrics}/metrics".
        request: A request that the service would answer, as far as that is known.
        origin: Where we know it from.
        guessed: Whether the request has made-up values: then 404 or 422 may be about those.
        secured: Whether the OpenAPI document asks for a credential; None where the route is in none.
        detour: Whether it is the prediction, asked for in an odd way.
    """

    name: str
    request: Request
    origin: Origin
    guessed: bool = False
    secured: bool | None = None
    detour: bool = False

    @property
    def safe(self) -> bool:
        """Whether asking changes nothing: a reading method, or the prediction itself."""
        return self.request.method in SAFE or self.origin == "prediction"


def listed(endpoint: Endpoint) -> list[Route]:
    """The prediction, then every operation of the OpenAPI document, those that change something last."""
    good, document, asking = endpoint.good, endpoint.document, endpoint.operation
    secured = None if asking is None else asking.secured
    first = Route(name=str(replace(good, path=plain(good.path))), request=good, origin="prediction", secured=secured)
    rest = [] if document is None else list(_documented(document, endpoint, but=(asking, good)))
    return [first, *sorted(rest, key=lambda route: (not route.safe, route.request.method != "POST"))]


def _documented(document: Document, endpoint: Endpoint, *, but: tuple[Operation | None, Request]) -> Iterator[Route]:
    for operation in document.operations():
        name = f"{operation.method} {document.prefix}{operation.path}"
        if operation == but[0] or name == str(replace(but[1], path=plain(but[1].path))):
            continue
        if operation.method in LEFT_ALONE:
            continue
        form = plausible.filled(document, operation, but=endpoint.plan.header)
        body, made_up = plausible.body(document, operation)
        request = Request(method=operation.method, path=form.path or operation.path, headers=form.headers)
        yield Route(
            name=name,
            request=request if body is None else request.json(body),
            origin="document",
            guessed=form.guessed or made_up or form.path is None,
            secured=operation.secured,
        )


def configured(endpoint: Endpoint, paths: Iterable[str]) -> list[Route]:
    """Further routes that the settings name: "/path", or "METHOD /path"; a POST gets the good request's body.

    Raises:
        ReadinessError: One is no path.
    """
    found = []
    for text in paths:
        method, _, path = text.rpartition(" ")
        if not path.startswith("/") or not re.fullmatch(r"[A-Z]*", method):
            raise ReadinessError(
                f'extra_paths under {SETTING} has "{text}"', expected='"/path" or a method before it, "POST /path"'
            )
        request = _like_good(endpoint, method or "GET", path)
        found.append(Route(name=str(request), request=request, origin="settings", guessed=method in ("POST", "PUT")))
    return found


def unlisted(endpoint: Endpoint, known: Iterable[Route], *, changes: bool) -> list[Route]:
    """Customary routes that are in no list: pages, and predictions under other names when `changes` allows a POST."""
    names = {route.name for route in known} | {f"GET {p}" for p in probes(endpoint)}
    asked = [Request(path=path) for path in PAGES]
    if changes:
        asked += [_like_good(endpoint, "POST", path) for path in PREDICTIONS]
    return [Route(name=str(r), request=r, origin="unlisted") for r in asked if str(r) not in names]


def side(endpoint: Endpoint) -> list[Route]:
    """The side ports that the settings declare, by the URL that stands there."""
    pairs = zip(endpoint.plan.side, endpoint.side, strict=True)
    return [Route(name=f"GET {said}", request=Request(path=url), origin="side") for said, url in pairs]


def undeclared(endpoint: Endpoint) -> list[Route]:
    """Routes on ports that the started service listens on and the settings do not declare; Linux only."""
    if not endpoint.started:
        return []
    main = urlsplit(endpoint.url).port
    known = {main, *(urlsplit(url).port for url in endpoint.side)}
    ports = listening.beside(main) if main is not None else ()
    return [
        Route(name=f"GET :{port}{path}", request=Request(path=f"http://127.0.0.1:{port}{path}"), origin="port")
        for port in sorted(set(ports) - known)
        for path in OTHER_PORT
    ]


def probes(endpoint: Endpoint) -> Iterator[str]:
    """Paths of the service's own liveness and readiness."""
    yield from dict.fromkeys(path for path in (endpoint.probes.live, endpoint.probes.ready) if path)


def _like_good(endpoint: Endpoint, method: str, path: str) -> Request:
    return Request(method=method, path=path) if method == "GET" else replace(endpoint.good, method=method, path=path)


def plain(path: str) -> str:
    """A path without its query."""
    return path.partition("?")[0]
