"""Serves an OpenAPI document and what it describes, on a thread of this process, with answers that a test may change."""

# ruff: noqa: N815 - names of the standard library's own server
from __future__ import annotations

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "doubles", "version": "1"},
    "paths": {
        "/livez": {
            "get": {"responses": {"200": {"description": "alive", "content": {"application/json": {
                "schema": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
            }}}}},
        },
        "/models/{name}": {
            "get": {
                "parameters": [{"in": "path", "name": "name", "required": True, "schema": {"type": "string"}, "example": "doubles"}],
                "responses": {"200": {"description": "one", "content": {"application/json": {
                    "schema": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
                }}}},
            },
            "delete": {
                "parameters": [{"in": "path", "name": "name", "required": True, "schema": {"type": "string"}, "example": "doubles"}],
                "responses": {"204": {"description": "gone"}},
            },
        },
        "/predict": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Row"},
                    "examples": {"two": {"value": {"x": 2}}, "invalid": {"value": {"x": "two"}}},
                }}},
                "responses": {"200": {"description": "ok", "content": {"application/json": {
                    "schema": {"type": "object", "required": ["y"], "properties": {"y": {"type": "number"}}},
                }}}},
            },
        },
    },
    "components": {"schemas": {"Row": {
        "type": "object", "additionalProperties": False, "required": ["x"], "properties": {"x": {"type": "number"}},
    }}},
}  # fmt: skip


def changed(path, value):
    """The document with the value at a path ("paths./livez.get") replaced; None removes it."""
    document = copy.deepcopy(DOCUMENT)
    *steps, last = path.split("|")
    node = document
    for step in steps:
        node = node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return document


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def give(self, status, value, kind="application/json"):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if status != 204 else 0))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.server.asked.append(f"{self.command} {self.path}")
        given = self.server.answers.get(f"{self.command} {self.path}")
        if given is not None:
            return self.give(*given)
        if self.path == "/openapi.json" and self.server.document is not None:
            return self.give(200, self.server.document)
        if self.path == "/livez":
            return self.give(200, {"status": "alive"})
        if self.path == "/models/doubles":
            return self.give(204 if self.command == "DELETE" else 200, {"name": "doubles"})
        if self.path == "/predict" and self.command == "POST":
            value = json.loads(body)
            right = set(value) == {"x"} and isinstance(value["x"], int | float)
            return self.give(*((200, {"y": 2 * value["x"]}) if right else (422, {"reason": "x"})))
        return self.give(404, {"reason": "no such path"})

    do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = answer


class DocumentedService(ThreadingHTTPServer):
    """Running while it is entered; `url` says where."""

    daemon_threads = True

    def __init__(self, document=DOCUMENT, answers=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.document, self.answers, self.asked = document, answers or {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()
