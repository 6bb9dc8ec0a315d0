"""Sends single HTTP requests to the service under test and keeps what came back, bounded in time and size."""

from __future__ import annotations

import json as jsons
import shlex
import time
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

BODY_LIMIT = 4 << 20  # bytes of an answer that are read; what is longer is cut
SHOWN = 300  # characters of an answer that a message shows
TYPED = 2000  # bytes of a body that a line for a shell carries
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
        timeout: Seconds until an answer has wholly arrived, from connecting on.
        secrets: Values that no message may show.
    """

    def __init__(self, base: str, *, timeout: float = 10.0, secrets: Iterable[str] = ()) -> None:
        import httpx

        from pytest_mlready.serving.transport import Transport

        self.base = base.rstrip("/")
        self.timeout = timeout
        self.secrets = tuple(s for s in secrets if s)
        self._transport = Transport()
        self._http = httpx.Client(
            timeout=timeout, transport=self._transport, trust_env=False, follow_redirects=False,
            headers={"accept-encoding": "gzip, deflate"},
        )  # fmt: skip

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
        import httpcore
        import httpx

        limit = self.timeout if timeout is None else timeout
        broken = (
            httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, httpx.HTTPError,
            httpx.InvalidURL,
        )  # fmt: skip
        try:
            return self._send(request, headers, limit)
        except httpcore.TimeoutException:
            found, kind = f"{request} got no answer within {limit:g} s", "timeout"
        except httpcore.ConnectError as error:
            found, kind = f"{request}: nobody answers at {self.base} ({error})", "refused"
        except (httpcore.LocalProtocolError, UnicodeEncodeError):  # what they say may quote a credential
            found, kind = f"{request} cannot be sent: a header has characters that HTTP does not allow", "broken"
        except broken as error:
            found, kind = f"{request} got no whole answer: {str(error) or type(error).__name__}", "broken"
        raise NoAnswerError(self.mask(found), kind=kind)

    def _send(self, request: Request, headers: Mapping[str, str], limit: float) -> Response:
        url = self._url(request)
        self._http.cookies.clear()
        start = time.perf_counter()
        self._transport.deadline.at = start + limit
        with self._http.stream(
            request.method, url, headers={**request.headers, **headers}, content=request.body, timeout=limit,
            extensions=_target(url),
        ) as answer:  # fmt: skip
            body, cut = _read(answer)
            return Response(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=body,
                seconds=time.perf_counter() - start,
                cut=cut,
            )

    def _url(self, request: Request) -> str:
        return request.path if "://" in request.path.partition("?")[0] else self.base + request.path

    def curl(self, request: Request, *, headers: Mapping[str, str] = NOTHING) -> str:
        """The request as a line for a shell, secrets masked."""
        words = ["curl", "-i", *(() if request.method == "GET" else ("-X", request.method)), self._url(request)]
        for name, value in {**request.headers, **headers}.items():
            words += ["-H", f"{name}: {value}"]
        line = shlex.join(words)
        if request.body is not None:
            line += _typed(request.body)
        return self.mask(line)


def _typed(body: bytes) -> str:
    """The body as an argument of curl; of a large one the beginning, in a comment."""
    if len(body) <= TYPED:
        return " " + shlex.join(["--data-raw", body.decode("utf-8", errors="backslashreplace")])
    return f" --data-binary @FILE  # FILE: {len(body)} bytes that begin with {body[:60]!r}"


def _target(url: str) -> dict[str, bytes]:
    """Lets a path with dots ("/static/../secret") go out as it is written: the library would resolve it."""
    parts = urlsplit(url)
    if "/." not in parts.path:
        return {}
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return {"target": quote(target, safe="%/:?[]@!$&'()*+,;=~").encode()}


def _read(answer: httpx.Response) -> tuple[bytes, bool]:
    """The body up to the limit, and whether there was more."""
    from pytest_mlready.serving import transport

    body, cut = bytearray(), False
    for part in answer.iter_raw():
        body += part
        if cut := len(body) > BODY_LIMIT:
            break
    whole, more = transport.decoded(bytes(body[:BODY_LIMIT]), answer.headers.get("content-encoding", ""), BODY_LIMIT)
    return whole, cut or more


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced, also as JSON or a URL writes it.

    The longest goes first, so that no part of one remains.
    """
    for form in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def masked_end(text: str, secrets: Iterable[str]) -> str:
    """The same for a text that was cut at its beginning, perhaps within a secret."""
    known = _forms(secrets)
    halves = (form[k:] for form in known for k in range(1, len(form)))
    return masked(text[max((len(half) for half in halves if text.startswith(half)), default=0) :], known)


def _forms(secrets: Iterable[str]) -> set[str]:
    return {form for s in secrets if s for form in (s, jsons.dumps(s)[1:-1], quote(s, safe=""))}
