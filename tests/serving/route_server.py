"""A server on loopback that answers from a table of routes: {"GET /ping": (200, {...})}; 404 for all others."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def _handler(routes, asked):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            asked.append((f"{self.command} {self.path}", dict(self.headers), self.rfile.read(length)))
            given = routes.get(f"{self.command} {self.path}", routes.get("*", (404, {})))
            status, body, *headers = given(self) if callable(given) else given
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers[0] if headers else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the standard library's names

    return Handler


class Quiet(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, *_):
        pass


@contextlib.contextmanager
def serving(routes):
    """The URL of such a server, and the list of what it was asked: (request line, headers, body)."""
    asked = []
    server = Quiet(("127.0.0.1", 0), _handler(routes, asked))
    server.timeout = 0.1
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
