"""A service in a thread that guards itself with JSON Web Tokens, healthy unless told otherwise, and an Endpoint on it."""

# ruff: noqa: N815 - names of the standard library's own server
from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pytest_mlready.serving.endpoint import Elsewhere, Endpoint
from pytest_mlready.serving.plan import Plan

KEY = b"a key of the tests, and of nothing else"
BODY = {"instances": [{"x": 2.0}]}
REFUSED = {"reason": "refused"}


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(*, key=KEY, expires_in=3600, scope="predict", tenant="acme"):
    """A JSON Web Token, HS256."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"exp": time.time() + expires_in, "scope": scope, "tenant": tenant})
    head = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{head}.{encoded(hmac.digest(key, head.encode(), hashlib.sha256))}"


def credentials(**changed):
    made = {
        "good": token(), "expired": token(expires_in=-60), "wrong_scope": token(scope="profile"),
        "other_tenant": token(tenant="other"),
    }  # fmt: skip
    return {kind: f"Bearer {value}" for kind, value in (made | changed).items() if value is not None}


def document(**more):
    """The OpenAPI document; `more` are further paths."""
    secured = {"security": [{"bearer": []}], "responses": {"200": {"description": "ok"}}}
    content = {"application/json": {"example": BODY, "schema": {"type": "object"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "doubles", "version": "1"},
        "paths": {
            "/livez": {"get": {"responses": {"200": {"description": "alive"}}}},
            "/readyz": {"get": {"responses": {"200": {"description": "ready"}}}},
            "/models": {"get": secured},
            "/predict": {"post": {**secured, "requestBody": {"content": content}}},
            **{f"/{path}": item for path, item in more.items()},
        },
    }


class Service:
    """Answers requests; `faults` say how it fails to guard itself, `routes` add what it answers.

    Attributes:
        asked: (method, path, Authorization) of every request.
        routes: (method, path) -> (status, value), for callers who may.
    """

    def __init__(self, *faults, routes=None):
        self.faults, self.asked, self.refusals = set(faults), [], 0
        self.routes = {("GET", "/models"): (200, {"models": ["doubles"]}), **(routes or {})}

    def answer(self, method, path, headers, body):
        """(status, value, further headers)."""
        path = path.partition("?")[0]
        self.asked.append((method, path, headers.get("Authorization")))
        if "trusts X-Original-URL" in self.faults and headers.get("X-Original-URL"):
            return self.served(method, headers["X-Original-URL"], body)
        if method == "GET" and path in ("/livez", "/readyz"):
            return 200, {"status": "well"}, {}
        if "single page" in self.faults and method == "GET" and (method, path) not in self.routes:
            return 200, f"<html>{path} is drawn in the browser</html>", {}
        if ("route order" in self.faults and not self.known(method, path)) or f"closed {path}" in self.faults:
            return 404, {"reason": "no such path"}, {}
        if "validates first" in self.faults and path == "/predict" and body != json.dumps(BODY).encode():
            return 422, {"reason": "invalid"}, {}
        return self.refusal(method, path, headers) or self.served(method, path, body)

    def known(self, method, path):
        return (method, path) in {*self.routes, ("POST", "/predict")}

    def refusal(self, method, path, headers):
        given = headers.get("Authorization", "")
        if f"open {path}" in self.faults or (given and "presence only" in self.faults):
            return None
        if "trusts loopback" in self.faults and headers.get("X-Forwarded-For") == "127.0.0.1":
            return None
        if "exact path" in self.faults and path != "/predict":
            return None
        if "PUT forgotten" in self.faults and method == "PUT":
            return None
        if "crashes" in self.faults and given == "Bearer null":
            return 500, {"reason": "'NoneType' object is not subscriptable"}, {}
        wrong = self.wrong_with(given)
        if wrong == 403 and f"any scope {path}" in self.faults:
            return None
        self.refusals += bool(wrong)
        if "locks out" in self.faults and self.refusals > 3:
            return 403, {"reason": "your address is blocked"}, {}
        if not wrong:
            return None
        return self.how_refused(wrong)

    def how_refused(self, wrong):
        if "error body" in self.faults:
            return 200, {"error": "unauthorized"}, {}
        if "redirects" in self.faults:
            return 302, {}, {"Location": "https://sso.example.org/login?next=/"}
        if "hides" in self.faults:
            return 404, {"reason": "no such path"}, {}
        if "throttles" in self.faults:
            return 429, {"reason": "slow down"}, {}
        return wrong, REFUSED, {}

    def wrong_with(self, given):
        """The status that this credential deserves; 0 for a good one."""
        head, _, signature = given.removeprefix("Bearer ").rpartition(".")
        try:
            header, claims = (json.loads(base64.urlsafe_b64decode(p + "==")) for p in head.split("."))
        except ValueError:
            return 401
        right = encoded(hmac.digest(KEY, head.encode(), hashlib.sha256))
        unsigned = header["alg"] == "none" and "alg none" in self.faults
        if signature != right and not unsigned and "signature unread" not in self.faults:
            return 401
        if claims["exp"] < time.time() and "expired accepted" not in self.faults:
            return 401
        if claims["scope"] != "predict" and "scope unread" not in self.faults:
            return 403
        return 0 if claims["tenant"] == "acme" or "tenant unread" in self.faults else 403

    def served(self, method, path, body):
        if (method, path) in self.routes:
            return *self.routes[method, path], {}
        loose = "exact path" in self.faults and path.lower().strip("/") == "predict"
        if (path == "/predict" or loose) and method in ("POST", "PUT" if "PUT forgotten" in self.faults else "POST"):
            rows = json.loads(body)["instances"]
            return 200, {"predictions": [2 * row["x"] for row in rows]}, {}
        return 405 if path == "/predict" else 404, {"reason": "no such path"}, {}


@contextlib.contextmanager
def listening(answer):
    """The URL of a server in a thread; `answer` is as `Service.answer`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, value, headers = answer(self.command, self.path, self.headers, body)
            raw = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"Content-Length": str(len(raw)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = handle_any

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def running(service, **fields):
    """The Endpoint of a service in a thread, as the checks reach it; `fields` are those of its Plan."""
    fields.setdefault("credentials", credentials())
    fields.setdefault("document", document())
    fields.setdefault("predict", "POST /predict")
    fields.setdefault("example", json.dumps(BODY).encode())
    secrets = tuple(text for value in fields["credentials"].values() for text in (value, value.split()[-1]))
    with listening(service.answer) as url:
        plan = Plan(folder=Path(), url=url, secrets=secrets, **fields)
        endpoint = Endpoint(plan, Elsewhere(plan))
        try:
            yield endpoint
        finally:
            endpoint.close()


@contextlib.contextmanager
def guarded(*faults, routes=None, **fields):
    """(Endpoint, Service) with these faults."""
    service = Service(*faults, routes=routes)
    with running(service, **fields) as endpoint:
        yield endpoint, service
