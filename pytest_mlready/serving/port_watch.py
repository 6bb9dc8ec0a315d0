"""Watches whether anything comes to listen on a port of this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK = 0.02  # seconds between two looks
HOSTS = ("127.0.0.1", "::1")
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))  # Linux: every connection, those closed a minute ago too


class Watch:
    """Whether something listened on the port.

    Attributes:
        port: Watched.
        seen: Something accepted a connection there, ours or another's.
    """

    def __init__(self, port: int) -> None:
        self.port, self.seen = port, False
        self._over = threading.Event()

    def look(self) -> None:
        """Looks until something listens or the watch is over; sends nothing."""
        while not self._over.is_set() and not self.seen:
            self.seen = any(_accepts(host, self.port) for host in HOSTS)
            self._over.wait(LOOK)

    def end(self) -> None:
        """Ends the looks; a server that came and went between two of them has left its closed connections."""
        self._over.set()
        self.seen = self.seen or _connected(self.port)


@contextlib.contextmanager
def watched(port: int) -> Iterator[Watch]:
    """Watches a port while the body runs."""
    watch = Watch(port)
    thread = threading.Thread(target=watch.look, daemon=True, name=f"mlready-port-{port}")
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.2) as found:
            return bool(found.getsockname() != found.getpeername())  # or it met itself
    except OSError:
        return False


def _connected(port: int) -> bool:
    """Whether the system's tables name a connection with the port on one of its sides."""
    for table in TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        ends = [address.rpartition(":")[2] for line in lines for address in line.split()[1:3]]
        if f"{port:04X}" in ends:
            return True
    return False
