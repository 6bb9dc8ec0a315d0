"""Sets traps that show whether a payload took effect: a folder, a file with a secret, a listener on loopback."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

READ_LIMIT = 0.5  # seconds that a caller has to say what it wants
READ_BYTES = 2048


class Canaries:
    """Traps on this machine; use it as a context, so that nothing of it remains.

    Attributes:
        folder: Where a payload that is executed makes a file.
        file: A file with a secret, which no answer may hold.
        secret: What it holds.
        port: Of the listener on loopback, which no service has a reason to call.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mlready-canary-"))
        self.folder.chmod(0o777)  # the service may run as somebody else
        self.secret = f"mlready{secrets.token_hex(8)}"
        self.file = self.folder / "readable.txt"
        self.file.write_text(f"{self.secret}\n", encoding="utf-8")
        self._calls: list[str] = []
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._listener.accept()
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        """Notes what a caller asks for, and answers it with the secret."""
        with connection:
            connection.settimeout(READ_LIMIT)
            said = ""
            with contextlib.suppress(OSError):
                said = connection.recv(READ_BYTES).decode("latin-1")
            self._calls.append(said)
            with contextlib.suppress(OSError):
                length = len(self.secret)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close"
                connection.sendall(f"{head}\r\n\r\n{self.secret}".encode())

    def executed(self, token: str) -> bool:
        """Whether a file of this name was made."""
        return (self.folder / token).exists()

    def called(self, token: str) -> bool:
        """Whether the listener was called for this token."""
        return any(token in said for said in self._calls)

    def settle(self, seconds: float = 0.3) -> None:
        """Waits for what a service does after it has answered."""
        time.sleep(seconds)

    def close(self) -> None:
        self._closed.set()
        self._thread.join(2.0)
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Canaries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
