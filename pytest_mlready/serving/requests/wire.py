"""Writes bytes to a service as they are, for requests that no HTTP library would send."""

from __future__ import annotations

import http.client
import shlex
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_mlready.serving.http import BODY_LIMIT, NoAnswerError, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.serving.http import Request

SHOWN = 600  # bytes that a line for a shell shows


def can_reach(url: str) -> bool:
    """Whether bytes can be written to this address as they are: not where TLS stands in between."""
    return urlsplit(url).scheme == "http"


def head(request: Request, url: str, headers: Mapping[str, str]) -> bytes:
    """Request line and headers, without the empty line that ends them."""
    fields = {"Host": urlsplit(url).netloc, **request.headers, **headers, "Connection": "close"}
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1", errors="replace") + b"\r\n"


def exchange(url: str, data: bytes, *, limit: float) -> Response:
    """Connects, writes the bytes, says that no more will come, and reads one answer.

    Raises:
        NoAnswerError: Nobody listens, no answer within `limit` seconds, or the connection was closed without one.
    """
    parts = urlsplit(url)
    start = time.perf_counter()
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=limit) as connection:
            broken = _write(connection, data)
            answer = http.client.HTTPResponse(connection)
            try:
                answer.begin()
                body = answer.read(BODY_LIMIT)
            finally:
                answer.close()
    except TimeoutError:
        raise NoAnswerError(f"no answer within {limit:g} s", kind="timeout") from None
    except ConnectionRefusedError:
        raise NoAnswerError(f"nobody answers at {url}", kind="refused") from None
    except (OSError, http.client.HTTPException) as error:
        said = str(error) or type(error).__name__
        raise NoAnswerError(f"the connection was closed without an answer ({said})", kind="broken") from None
    return Response(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.getheaders()},
        body=body,
        seconds=time.perf_counter() - start,
        cut=broken,
    )


def _write(connection: socket.socket, data: bytes) -> bool:
    """Sends it all and closes our half; True where the service stopped reading, which it may do and still answer."""
    try:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except TimeoutError:
        raise
    except OSError:
        return True
    return False


def shell(url: str, data: bytes) -> str:
    """The exchange as a line for a shell; long ones are cut, and say so."""
    parts = urlsplit(url)
    shown = data[:SHOWN].decode("latin-1").encode("unicode_escape").decode().replace("%", "%%")
    more = f"  # and {len(data) - SHOWN:,} bytes more" if len(data) > SHOWN else ""
    return f"printf {shlex.quote(shown)} | nc {parts.hostname} {parts.port or 80}{more}"
