from __future__ import annotations

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import polars as pl
import pytest

from pytest_mlready.artifacts import models
from pytest_mlready.errors import ModelError

ROWS = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "ü"], "f": [1.0, float("nan"), None]})


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["content-length"])))["instances"]
        self.server.seen.append(rows)
        if self.path == "/slow":
            time.sleep(1)
        status, body = {
            "/good": (
                200,
                {
                    "predictions": ["yes"] * len(rows),
                    "probabilities": [[0.2, 0.8]] * len(rows),
                    "classes": ["no", "yes"],
                },
            ),
            "/labels": (200, {"predictions": [1] * len(rows)}),
            "/short": (200, {"predictions": [1]}),
            "/other": (200, [1, 2, 3]),
            "/error": (500, "out of memory"),
        }.get(self.path, (200, {}))
        data = json.dumps(body).encode() if self.path != "/text" else b"hello"
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle(self):
        with contextlib.suppress(OSError):  # the client has gone
            super().handle()

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(service, path, **http):
    return models.load(f"http://127.0.0.1:{service.server_port}{path}", root=None, http=http)


def test_rows_go_out_in_batches_and_come_back_aligned(service):
    model = ask(service, "/good", batch=2)
    assert model.predict(ROWS).tolist() == ["yes"] * 3
    assert model.classes == ("no", "yes")
    assert model.predict_proba(ROWS).tolist() == [[0.2, 0.8]] * 3
    assert [len(rows) for rows in service.seen[:2]] == [2, 1]
    assert service.seen[0][1] == {"a": 2, "b": None, "f": None}
    assert (model.kind, model.sha256) == ("http", None)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/short", "3 rows with 1 predictions"),
        ("/other", r"3 rows with \[1, 2, 3\]"),
        ("/error", "answered 500"),
        ("/text", "no JSON: hello"),
        ("/slow", r"did not answer 3 rows in 0\.2 s"),
    ],
)
def test_an_answer_in_another_form_is_a_clear_error(service, path, message):
    with pytest.raises(ModelError, match=message):
        ask(service, path, timeout=0.2 if path == "/slow" else 5).predict(ROWS)


def test_an_endpoint_without_probabilities_says_so_once(service):
    model = ask(service, "/labels")
    assert model.predict(ROWS).tolist() == [1, 1, 1]
    assert model.predict_proba(ROWS) is None


def test_nothing_leaves_for_a_host_that_is_not_allowed():
    with pytest.raises(ModelError, match=r'allow_hosts = \["models\.example\.com"\]'):
        models.load("https://models.example.com/predict", root=None)
    assert (
        models.load("https://models.example.com/predict", root=None, allow_hosts=("models.example.com",)).kind == "http"
    )


def test_a_service_that_is_not_there_is_a_clear_error(service):
    service.server_close()
    with pytest.raises(ModelError, match="cannot be reached"):
        models.load("http://127.0.0.1:9/predict", root=None).predict(ROWS)
