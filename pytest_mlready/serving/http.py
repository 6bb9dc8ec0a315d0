"""Sends single HTTP requests to the service under test and keeps what came back, bounded in time and size."""

from __future__ import annotations

import json as jsons
import shlex
import time
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

BODY_LIMIT = 4 << 20  # bytes of an answer that are read; what is longer is cut
SHOWN = 300  # characters of an answer that a message shows
HIDDEN = "***"  # what stands for a secret, wherever a person can see it
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, without a credential.

    Attributes:
        method: "GET", "POST", …
        path: From the root of the service, with "/" in front; a query may follow. A whole URL for a side port.
        headers: Sent besides what the client sends by itself.
        body: Bytes of the body; None for no body.
    """

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def json(self, value: Any) -> Request:
        """The same request with this value as its JSON body."""
        body = jsons.dumps(value).encode()
        return replace(self, body=body, headers={**self.headers, "content-type": "application/json"})

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back.

    Attributes:
        status: HTTP status code.
        headers: By lower-case name.
        body: At most `BODY_LIMIT` bytes.
        seconds: From sending to the last byte read.
        cut: Whether the body was longer than what was read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    cut: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON; NaN and Infinity, which JSON does not have, become floats.

        Raises:
            ValueError: It is no JSON, or nested too deeply.
        """
        try:
            return jsons.loads(self.body)
        except RecursionError:
            raise ValueError("JSON nested too deeply") from None

    def shown(self, limit: int = SHOWN) -> str:
        """The beginning of the body on one line, for a message."""
        line = " ".join(self.text.split())
        return line if len(line) <= limit else f"{line[:limit]}…"


class NoAnswerError(ReadinessError):
    """The service did not answer a request.

    Attributes:
        kind: "refused" (nobody listens), "timeout", or "broken" (the connection was closed, or what came was no HTTP).
    """

    def __init__(self, found: str, *, kind: str, fix: str = "") -> None:
        self.kind = kind
        super().__init__(found, fix=fix)


class Client:
    """Asks one service: no proxy of the environment, no redirect followed, no cookie kept.

    Args:
        base: URL that paths are put behind.
        timeout: Seconds for each single wait (connecting, writing, each read) and, all together, for an answer.
        secrets: Values that no message may show.
    """

    def __init__(self, base: str, *, timeout: float = 10.0, secrets: Iterable[str] = ()) -> None:
        import httpx

        self.base = base.rstrip("/")
        self.timeout = timeout
        self.secrets = tuple(s for s in secrets if s)
        self._http = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def mask(self, text: str) -> str:
        """The text without any of the secrets."""
        return masked(text, self.secrets)

    def send(self, request: Request, *, headers: Mapping[str, str] = NOTHING, timeout: float | None = None) -> Response:
        """Sends one request; `headers` carry what the request itself does not, such as a credential.

        Raises:
            NoAnswerError: Nobody listens, no answer in time, or the connection broke.
        """
        import httpx

        limit = self.timeout if timeout is None else timeout
        try:
            return self._send(request, headers, limit)
        except httpx.TimeoutException:
            raise NoAnswerError(f"{request} got no answer within {limit:g} s", kind="timeout") from None
        except httpx.ConnectError as error:
            raise NoAnswerError(
                self.mask(f"{request}: nobody answers at {self.base} ({error})"), kind="refused"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = str(error) or type(error).__name__
            raise NoAnswerError(self.mask(f"{request} got no whole answer: {said}"), kind="broken") from None

    def _send(self, request: Request, headers: Mapping[str, str], limit: float) -> Response:
        url = request.path if "://" in request.path else self.base + request.path
        self._http.cookies.clear()
        start = time.perf_counter()
        with self._http.stream(
            request.method, url, headers={**request.headers, **headers}, content=request.body, timeout=limit
        ) as answer:
            body, cut = _read(answer, start + limit)
            return Response(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=body,
                seconds=time.perf_counter() - start,
                cut=cut,
            )

    def curl(self, request: Request, *, headers: Mapping[str, str] = NOTHING) -> str:
        """The request as a line for a shell, secrets masked."""
        url = request.path if "://" in request.path else self.base + request.path
        words = ["curl", "-i", *(() if request.method == "GET" else ("-X", request.method)), url]
        for name, value in {**request.headers, **headers}.items():
            words += ["-H", f"{name}: {value}"]
        if request.body is not None:
            words += ["--data-binary", request.body.decode("utf-8", errors="backslashreplace")]
        return self.mask(shlex.join(words))


def _read(answer: httpx.Response, deadline: float) -> tuple[bytes, bool]:
    """The body up to the limit; a service that drips bytes for ever meets the deadline."""
    import httpx

    parts: list[bytes] = []
    size = 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT:
            return b"".join(parts)[:BODY_LIMIT], True
        if time.perf_counter() > deadline:
            raise httpx.ReadTimeout("the answer does not end")
    return b"".join(parts), False


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced, the longest first, so that no part of one remains."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, HIDDEN)
    return text
