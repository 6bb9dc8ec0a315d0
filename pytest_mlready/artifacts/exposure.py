"""Asks for an artifact as a stranger would, and says whether the store gives it away."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from pytest_mlready import hosts
from pytest_mlready.artifacts.loaded import one_line
from pytest_mlready.errors import DataError, clean
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    import httpx

TIMEOUT = 10.0  # seconds for one answer to begin, and for each part of it
MOST = 64 << 20  # bytes of an open answer that are compared with the artifact
LONGEST = 60.0  # seconds for a whole answer
_HOPS = 5
_DENIED = (401, 403)
_SIGNED = ("signature", "sig", "token", "key", "credential", "password", "secret")  # in the names of a query's fields


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """How a store answered: status, digest of the body as far as it was read, where it came from."""

    status: int
    html: bool
    sha256: str
    moved: str
    reason: str  # Azure's word for what is wrong, which tells a closed store from an unknown name


def verify(
    url: str, *, artifacts: Collection[str], allow_hosts: Collection[str] = (), credential_env: str | None = None
) -> Verdict:
    """Fetches without any credential, which must be denied.

    Args:
        url: Address of the artifact in its store, without a credential or signature in it.
        artifacts: SHA-256 of the artifacts, to know them again in an answer.
        allow_hosts: Hosts beyond this machine that may be asked.
        credential_env: Environment variable with the value of an Authorization header. Some stores answer 404 to
            strangers, as they do for a name that does not exist: then the credential must open what they hid.

    Returns:
        Passed on 401 or 403, and on 404 when the credential opens the same address; failed when the store answers
        anybody; otherwise inconclusive.

    Raises:
        DataError: the address is none, or carries a credential.
    """
    _refuse(url)
    if not hosts.may_be_asked(url, allow_hosts):
        host = hosts.of(url)
        told = f"{host} is not this machine, and the settings do not allow it"
        return _undecided(f'{told}: allow_hosts = ["{host}"] in [tool.mlready.endpoint]')
    try:
        answer = _fetch(url, allow_hosts, {})
        hidden = _hidden(url, allow_hosts, credential_env) if answer.status == 404 else ""
    except OSError as reason:
        return _undecided(f"{_shown(url)} does not answer: {one_line(reason)}")
    verdict = _closed(url, answer, hidden) or _open(url, answer, artifacts)
    noted = (Measurement(name=f"status of an anonymous GET {_shown(url)}", value=answer.status),)
    return Verdict(outcome=verdict.outcome, message=verdict.message, measurements=noted)


def _refuse(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        known = None
    if not known:
        raise DataError(f'url = "{_shown(url)}"', expected="an http or https address that a stranger could ask")
    telling = [name for name, _ in parse_qsl(parts.query) if any(word in name.lower() for word in _SIGNED)]
    if parts.username or parts.password or telling:
        raise DataError(
            f"url {_shown(url)} carries a credential ({', '.join(telling) or 'a user name'})",
            expected="the address without it: the question is what a stranger gets",
        )


def _shown(url: str) -> str:
    """The address without user and query, where secrets stand."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    begin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    return clean(f"{begin}{parts.path}")


def _fetch(url: str, allow_hosts: Collection[str], headers: dict[str, str]) -> _Answer:
    """Follows redirects as far as the hosts are allowed; raises OSError when there is no answer."""
    import httpx

    # trust_env would let a .netrc file or a proxy add the credential that must not be there.
    with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        here = url
        for _ in range(_HOPS):
            try:
                with client.stream("GET", here, headers=headers) as response:
                    answer = _read(response, here if here != url else "")
            except (httpx.LocalProtocolError, UnicodeEncodeError):  # what they say quotes the header
                raise OSError("the credential has characters that a header may not hold (a line feed?)") from None
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as reason:
                raise OSError(f"{type(reason).__name__}: {reason}") from None
            target = _target(here, response) if response.is_redirect else ""
            if not target or not hosts.may_be_asked(target, allow_hosts):
                return answer
            headers, here = ({} if hosts.of(target) != hosts.of(url) else headers), target
    return answer


def _target(here: str, response: httpx.Response) -> str:
    """Where a redirect leads; "" when that is no address."""
    try:
        target = urljoin(here, response.headers.get("location", ""))
        return target if urlsplit(target).hostname else ""
    except ValueError:
        return ""


def _read(response: httpx.Response, moved: str) -> _Answer:
    digest, size, deadline = hashlib.sha256(), 0, time.monotonic() + LONGEST
    if response.is_success:
        for part in response.iter_bytes():
            digest.update(part)
            size += len(part)
            if size > MOST or time.monotonic() > deadline:
                break
    told = response.headers
    return _Answer(
        status=response.status_code,
        html="html" in told.get("content-type", ""),
        sha256=digest.hexdigest() if response.is_success else "",
        moved=moved or told.get("location", ""),
        reason=told.get("x-ms-error-code", ""),
    )


def _hidden(url: str, allow_hosts: Collection[str], credential_env: str | None) -> str:
    """Empty when a credential opens what a stranger does not find; otherwise why that is not known."""
    if not credential_env:
        return "set `credential_env` to tell the two apart"
    credential = os.environ.get(credential_env)
    if not credential:
        return f"the environment variable {credential_env} is not set, whose credential would tell the two apart"
    status = _fetch(url, allow_hosts, {"Authorization": credential}).status
    return "" if 200 <= status < 300 else f"and {status} to the credential of {credential_env}"


def _closed(url: str, answer: _Answer, hidden: str) -> Verdict | None:
    """A verdict on every answer but a successful one."""
    shown, status = _shown(url), answer.status
    if status in _DENIED or answer.reason == "PublicAccessNotPermitted":
        return Verdict(outcome="passed", message=f"{shown} answers a stranger with {status}")
    if status == 404 and not hidden:
        return Verdict(outcome="passed", message=f"{shown} answers a stranger with 404, and opens to the credential")
    if 200 <= status < 300:
        return None
    if status == 404:
        return _undecided(f"{shown} answers a stranger with 404, as for a name that does not exist: {hidden}")
    if answer.moved:
        return _undecided(f"{shown} sends a stranger on with {status} to {_shown(answer.moved)}, which was not asked")
    return _undecided(f"{shown} answers a stranger with {status}, which neither gives nor denies")


def _open(url: str, answer: _Answer, artifacts: Collection[str]) -> Verdict:
    shown = _shown(url)
    if answer.sha256 in artifacts:
        told = f"{shown} gives the artifact to anybody (status {answer.status}, the same sha256)"
    elif answer.html:
        page = f" after a redirect to {_shown(answer.moved)}" if answer.moved else ""
        return _undecided(f"{shown} answers a stranger with a page{page} instead of the artifact: a form to sign in?")
    else:
        told = f"{shown} answers anybody with {answer.status} and a body"
    return Verdict(outcome="failed", message=f"{told}; turn anonymous reading off")


def _undecided(message: str) -> Verdict:
    return Verdict(outcome="inconclusive", message=message)
