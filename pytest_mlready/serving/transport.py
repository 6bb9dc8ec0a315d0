"""Carries requests to the service so that each exchange ends in time, whatever the service sends and how slowly."""

from __future__ import annotations

import math
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

PIECE = (
    1 << 16
)  # bytes that are handed to the socket at a time, so that a service which reads slowly meets the deadline
CONNECTIONS = 100
CODINGS = 3  # content codings, one within another, that are undone


class Deadline(threading.local):
    """When the exchange of this thread must be over, by `time.perf_counter()`."""

    at = math.inf

    def left(self, timeout: float | None) -> float | None:
        """Seconds that one wait may take: its own limit, and no longer than to the deadline.

        Raises:
            httpcore.ReadTimeout: The deadline is over.
        """
        left = self.at - time.perf_counter()
        if left <= 0:
            raise httpcore.ReadTimeout("the exchange does not end")
        return timeout if left == math.inf else left if timeout is None else min(timeout, left)


class Stream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline: the library's own limit starts anew with each byte."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Backend(httpcore.SyncBackend):
    """Opens connections that keep the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        opened = super().connect_tcp(host, port, self._deadline.left(timeout), local_address, socket_options)
        return Stream(opened, self._deadline)


class Body(httpx.SyncByteStream):
    """The body of an answer, as it arrives."""

    def __init__(self, parts: Any) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    def close(self) -> None:
        self._parts.close()


class Transport(httpx.BaseTransport):
    """Carries each request over a connection of its own, without a proxy; errors are those of httpcore.

    Attributes:
        deadline: Set by who sends, in the sending thread.
    """

    def __init__(self) -> None:
        self.deadline = Deadline()
        # None is kept: a service that closes an idle connection just as we use it again would seem to have broken it.
        self._pool = httpcore.ConnectionPool(
            max_connections=CONNECTIONS, max_keepalive_connections=0, network_backend=Backend(self.deadline)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method, address, headers=request.headers.raw, content=request.stream,
                extensions=request.extensions,
            )
        )  # fmt: skip
        return httpx.Response(
            answer.status, headers=answer.headers, stream=Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


def decoded(body: bytes, codings: str, limit: int) -> tuple[bytes, bool]:
    """The body without the codings of its header, and whether it is longer than the limit in bytes.

    A few kilobytes may stand for gigabytes, so nothing is expanded beyond the limit.

    Raises:
        httpx.DecodingError: It is not coded as its header says.
    """
    cut = False
    for coding in [c.strip().lower() for c in codings.split(",")][::-1][:CODINGS]:
        if coding in ("gzip", "x-gzip", "deflate"):
            body, more = _inflated(body, limit)
            cut = cut or more
    return body, cut


def _inflated(body: bytes, limit: int) -> tuple[bytes, bool]:
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib by its head, else bare deflate
        try:
            whole = zlib.decompressobj(window).decompress(body, limit + 1)
        except zlib.error as error:
            why = error
        else:
            return whole[:limit], len(whole) > limit
    raise httpx.DecodingError(f"the body cannot be decompressed: {why}")
