"""Receives on loopback what a team's notifier sends, and gives it back as text."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 256 * 1024  # bytes of a message that are read
MOST = 100  # messages that are kept
STEP = 0.02
IDLE = 5.0  # seconds that a connection may be idle


class Webhook:
    """An address that takes whatever is sent to it, and answers 200.

    Attributes:
        url: Where it listens.
    """

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self._bodies))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(STEP,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> Webhook:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def messages(self) -> list[str]:
        """What arrived so far, each as text."""
        return [words(body) for body in self._bodies]

    def wait(self, seconds: float) -> list[str]:
        """The same, once something has arrived or the time is over."""
        end = time.monotonic() + seconds
        while not self._bodies and time.monotonic() < end:
            time.sleep(STEP)
        return self.messages()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is no message, and nobody's failure."""


def _handler(bodies: list[bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            body = self.rfile.read(min(int(length), LARGEST)) if length.isdigit() else b""
            if len(bodies) < MOST:
                bodies.append(body or self.path.encode())
            self.send_response(200)
            self.send_header("content-type", "text/plain")
            self.send_header("content-length", "2")
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(b"ok")

        do_PUT = do_GET = do_POST  # noqa: N815 - names of the standard library's server

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler


def words(body: bytes) -> str:
    """All texts of a message: of JSON its strings and numbers, else the body itself, and of a form its values too."""
    text = body.decode("utf-8", errors="replace")
    try:
        return "\n".join(_texts(json.loads(text)))
    except (ValueError, RecursionError):
        return "\n".join([text, *(words(value.encode()) for _, value in parse_qsl(text) if value != text)])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif value is not None:
        yield str(value)
