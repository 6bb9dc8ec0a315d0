"""Sends the good request round a check: path, method and headers in the forms that proxies and routers read otherwise.

Sources: OWASP Web Security Testing Guide 4.5.2 (bypassing authorisation) and 4.7.3 (verb tampering).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_mlready.serving.access.routes import Route, probes

if TYPE_CHECKING:
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Request

FROM_HERE = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP")
OTHER_PATH = ("X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Forwarded-Uri")


def detours(endpoint: Endpoint) -> list[Route]:
    """The good request as it is sent to go round a check: path, method and headers that proxies trust."""
    good = endpoint.good
    path, mark, query = good.path.partition("?")
    paths = {
        "a double slash": f"/{path}",
        "a slash behind": f"{path}/",
        "capitals": path.upper(),
        "a path parameter": f"{path};x",
        "a letter percent-encoded": f"/%{ord(path[1:2] or '/'):02X}{path[2:]}",
    }
    asked = {how: replace(good, path=p + mark + query) for how, p in paths.items() if p != path}
    for header in FROM_HERE:
        asked[f"{header}: 127.0.0.1"] = _with(good, header, "127.0.0.1")
    way_in = next(iter(probes(endpoint)), "/")
    for header in OTHER_PATH:
        asked[f"{header} that names an open path"] = _with(good, header, way_in)
    for header in OTHER_PATH[:2]:
        asked[f"an open path, and {header}"] = _with(replace(good, path=way_in), header, good.path)
    override = _with(replace(good, method="GET"), "X-HTTP-Method-Override", good.method)
    asked |= {"the method in X-HTTP-Method-Override": override, "the method PUT": replace(good, method="PUT")}
    asked |= {"the method OPTIONS": replace(good, method="OPTIONS"), "the method HEAD": replace(good, method="HEAD")}
    return [
        Route(name=f"{good.method} {path}, by {how}", request=r, origin="prediction", detour=True)
        for how, r in asked.items()
    ]


def _with(request: Request, header: str, text: str) -> Request:
    return replace(request, headers={**request.headers, header: text})
