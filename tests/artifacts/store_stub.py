"""Serves an artifact over HTTP on this machine, in the ways that stores do; and an MLflow server's few answers."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = tuple[int, dict[str, str], bytes]


@contextlib.contextmanager
def serving(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[str]:
    """Address of a server that answers each GET with `answer(path, headers)`; stopped afterwards."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def mlflow_server(files: dict[str, bytes], *, token: str = "") -> Callable[[str, dict[str, str]], Answer]:
    """One registered model, "income", version 7 with the alias "champion", whose artifacts the server hands out."""

    def answer(path: str, headers: dict[str, str]) -> Answer:
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if token and headers.get("Authorization") != f"Bearer {token}":
            return 401, {}, b"You are not authenticated."
        if parts.path.endswith("registered-models/alias"):
            if asked.get("alias") != "champion":
                return 404, {}, json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no alias"}).encode()
            return _json({"model_version": {"name": "income", "version": "7", "current_stage": "None", "tags": []}})
        if parts.path.endswith("registered-models/get"):
            return _json({"registered_model": {"name": "income"}})
        if parts.path.endswith("get-download-uri"):
            return _json({"artifact_uri": "mlflow-artifacts:/1/model"})
        if parts.path.endswith("mlflow-artifacts/artifacts"):
            return _json({"files": [{"path": n, "is_dir": False, "file_size": len(d)} for n, d in files.items()]})
        name = parts.path.rpartition("/")[2]
        return (200, {}, files[name]) if name in files else (404, {}, b"{}")

    return answer


def _json(content: dict[str, Any]) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()
