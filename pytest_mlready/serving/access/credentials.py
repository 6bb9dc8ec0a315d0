"""Makes the credentials that a service must refuse, and tells which of those given cannot show what they should.

Sources of the shapes: RFC 8725 (JSON Web Token Best Current Practices), 2.1 and 3.1: "none" and unverified signatures;
OWASP Web Security Testing Guide, 4.5 and 4.10: default passwords, session tokens; RFC 9110, 11.1: the case of a scheme
does not matter, so the good credential under another case is none of them.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.serving.access import cookies
from pytest_mlready.serving.http import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_mlready.serving.plan import Plan

ALWAYS = ("none", "garbage")  # every service has callers with these
GIVEN = ("expired", "wrong_scope", "other_tenant")  # which only the service's owner can issue
KINDS = (*ALWAYS, *GIVEN)
RANDOM = hashlib.sha256(b"pytest-mlready: no credential").hexdigest()  # random to the service, the same in every run
DEFAULT_PASSWORD = base64.b64encode(b"admin:admin").decode()
UNSIGNED = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")  # "session=…; theme=dark" has none
LAST = 1 << 35  # seconds since 1970 that a date can still be written for
SETTING = '[tool.mlready.items."security.authentication"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A credential that must not be let in.

    Attributes:
        kind: One of `KINDS`.
        shape: What makes it a bad one, in words; "" where the kind says it.
        headers: As sent.
        shown: As a message may show them: what was made from a secret is hidden.
    """

    kind: str
    shape: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    shown: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} ({self.shape})" if self.shape else self.kind


NONE = Credential(kind="none")


def chosen(kinds: Iterable[str]) -> tuple[str, ...]:
    """The kinds that the settings ask for, in our order.

    Raises:
        ReadinessError: One is unknown, or one is left out that every service meets.
    """
    asked = list(kinds)
    for kind in asked:
        if kind not in KINDS:
            raise ReadinessError(
                f'kinds under {SETTING} has "{kind}"{near(kind, KINDS)}', expected=f"some of {', '.join(KINDS)}"
            )
    for kind in ALWAYS:
        if kind not in asked:
            raise ReadinessError(
                f'kinds under {SETTING} leaves out "{kind}"',
                expected='at least "none" and "garbage": every service has such callers',
            )
    return tuple(kind for kind in KINDS if kind in asked)


def bad(plan: Plan, kinds: Iterable[str], *, shapes: int | None = None) -> list[Credential]:
    """The bad credentials of these kinds that are at hand: none, those given, then garbage of several shapes.

    Args:
        plan: The service, with the credentials given.
        kinds: Some of `KINDS`.
        shapes: At most so many shapes of garbage; None for all.
    """
    asked = set(kinds)
    made = [NONE] if "none" in asked else []
    for kind in GIVEN:
        if kind in asked and kind in plan.credentials:
            shown = {plan.header: _hidden(plan, plan.credentials[kind])}
            made.append(Credential(kind=kind, headers=plan.headers(kind), shown=shown))
    return made + (list(_garbage(plan))[:shapes] if "garbage" in asked else [])


def _garbage(plan: Plan) -> Iterator[Credential]:
    good = plan.credentials.get("good")
    if good is not None and cookies.is_header(plan.header) and cookies.values(good):
        yield from _garbage_cookies(plan, good)
        return
    authorization = plan.header.lower() == "authorization"
    scheme, token = split(good) if good is not None else ("Bearer" if authorization else "", "")

    def made(shape: str, value: str, shown: str | None = None) -> Credential:
        sent = {plan.header: value}
        return Credential(
            kind="garbage", shape=shape, headers=sent, shown=sent if shown is None else {plan.header: shown}
        )

    yield made("a random token", _joined(scheme, RANDOM))
    yield made('the word "null"', _joined(scheme, "null"))
    yield made("an empty token", scheme)
    if authorization and scheme.lower() != "basic":
        yield made("a default password", f"Basic {DEFAULT_PASSWORD}")
    for shape, forged in _forged(token):
        yield made(shape, _joined(scheme, forged), _joined(scheme, HIDDEN))


def _garbage_cookies(plan: Plan, good: str) -> Iterator[Credential]:
    """Every value of the good cookies made into garbage."""
    for shape, value in (("a random token", RANDOM), ('the word "null"', "null"), ("an empty token", "")):
        sent = {plan.header: cookies.replaced(good, {}, value)}
        yield Credential(kind="garbage", shape=shape, headers=sent, shown=sent)
    longest = next(iter(cookies.values(good)), "")
    for shape, forged in _forged(longest):
        rest = {value: next(_forged(value), ("", "null"))[1] for value in cookies.values(good)}
        changed = cookies.replaced(good, {**rest, longest: forged}, "null")
        yield Credential(
            kind="garbage", shape=shape, headers={plan.header: changed}, shown={plan.header: _hidden(plan, good)}
        )


def _hidden(plan: Plan, value: str) -> str:
    """A credential as a message may show it."""
    if cookies.is_header(plan.header):
        return cookies.replaced(value, {}, HIDDEN) or HIDDEN
    return _joined(split(value)[0], HIDDEN)


def _forged(token: str) -> Iterator[tuple[str, str]]:
    """(what was done, result) of changes to the good token after which it must not work any more."""
    if claims(token) is not None:
        _, payload, signature = token.split(".")
        yield "the good token's claims unsigned, alg none", f"{UNSIGNED}.{payload}."
        yield "the good token without its signature", token[: -len(signature) or None]
        if signature:  # a bit of its beginning: the last character may hold bits that decoders ignore
            raw = _decoded(signature)
            changed = _encoded(bytes([raw[0] ^ 1]) + raw[1:])
            yield "the good token with one bit of its signature changed", token[: -len(signature)] + changed
    elif len(token) > 2:
        middle = len(token) // 2
        other = "b" if token[middle] in "aA" else "a"
        yield "the good token with one character changed", token[:middle] + other + token[middle + 1 :]
        yield "the first half of the good token", token[:middle]
        if not token.endswith("="):  # behind the padding of Base64 some decoders read no further
            yield "the good token with a letter behind it", f"{token}x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a given credential cannot show what it should.

    Attributes:
        why: The end of a sentence about it.
        valid: Whether it is a good credential after all, so that letting it in is no fault.
    """

    why: str
    valid: bool = False


def doubts(plan: Plan, kinds: Iterable[str], *, now: dt.datetime) -> dict[str, Doubt]:
    """Doubts by kind, of the credentials given.

    An expired credential that is still valid is let in rightly; one of another tenant that has expired itself is
    refused for another reason than the one that is asked about. Only what JSON Web Tokens say of themselves can be
    seen, and whether two are the same.
    """
    asked = [kind for kind in GIVEN if kind in set(kinds) and kind in plan.credentials]
    found = {kind: _same(plan, kind) or _doubt(plan, kind, now) for kind in asked}
    return {kind: doubt for kind, doubt in found.items() if doubt is not None}


def _same(plan: Plan, kind: str) -> Doubt | None:
    for other in ("good", *GIVEN[: GIVEN.index(kind)]):
        if plan.credentials.get(other) == plan.credentials[kind]:
            return Doubt(why=f"it is the same as the {other} one", valid=other == "good")
    return None


def _doubt(plan: Plan, kind: str, now: dt.datetime) -> Doubt | None:
    said, good = (claims(split(plan.credentials.get(k, ""))[1]) for k in (kind, "good"))
    if said is None:
        return None if good is None else Doubt(why="it is no JSON Web Token, and the good one is")
    expires = said.get("exp")
    if not isinstance(expires, int | float) or isinstance(expires, bool) or not 0 <= expires < LAST:
        return None
    when = f"{dt.datetime.fromtimestamp(expires, tz=dt.UTC):%Y-%m-%d %H:%M} UTC"
    over = expires <= now.timestamp()
    if kind == "expired":
        return None if over else Doubt(why=f"it says that it is valid until {when}", valid=True)
    return Doubt(why=f"it has expired itself, {when}") if over else None


def split(value: str) -> tuple[str, str]:
    """(scheme, token) of a header's whole value; the scheme is "" where there is none."""
    scheme, space, token = value.partition(" ")
    return (scheme, token) if space and SCHEME.fullmatch(scheme) else ("", value)


def claims(token: str) -> dict[str, Any] | None:
    """What a JSON Web Token says, unverified; None for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, payload = (json.loads(_decoded(part)) for part in parts[:2])
        _decoded(parts[2])
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(header, dict) and "alg" in header and isinstance(payload, dict) else None


def hidden(bad_ones: Iterable[Credential]) -> tuple[str, ...]:
    """Values made from secrets, with and without their scheme, which no message may show either."""
    whole = [v for c in bad_ones if c.shown != c.headers for v in c.headers.values()]
    return tuple(dict.fromkeys(text for v in whole for text in (v, split(v)[1], *cookies.values(v)) if len(text) > 3))


def _joined(scheme: str, token: str) -> str:
    return f"{scheme} {token}".strip()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    """Raises ValueError for what is no base64url."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from None
