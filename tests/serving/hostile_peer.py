"""A listener on loopback that answers each connection with whatever bytes a test wants, as slowly as it wants."""

from __future__ import annotations

import contextlib
import socket
import threading


class Peer:
    """Answers connections in turn; `script(connection)` writes and may take its time.

    Attributes:
        url: Where it listens.
        asked: The requests, as bytes, in order.
    """

    def __init__(self, script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection) -> None:
        with connection, contextlib.suppress(OSError):
            self.asked.append(_request(connection))
            self._script(connection)

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


def _request(connection) -> bytes:
    """A whole request, unless it is a large one."""
    data = connection.recv(1 << 20)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    while len(body) < length < 1 << 16:
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer as bytes."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
