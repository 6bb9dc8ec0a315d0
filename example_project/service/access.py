"""Tells who may ask: signed tokens, the scopes in them, and the tenant they belong to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "HS256"
AUDIENCE = "income"
PREDICT = "predict"
METRICS = "metrics:read"


class TokenError(Exception):
    """The token is not one of ours, or no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    tenant: str
    scopes: frozenset[str]


def issue(key: str, *, scope: str, tenant: str, lifetime: float) -> str:
    """A token for `tenant` that may do what `scope` lists (words between spaces) for `lifetime` seconds from now."""
    now = time.time()
    claims = {"aud": AUDIENCE, "tenant": tenant, "scope": scope, "iat": int(now), "exp": int(now + lifetime)}
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def verified(token: str, key: str) -> Caller:
    """Who signed in with this token. Raises TokenError, and does not say to the sender which part was wrong."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["exp", "aud", "tenant", "scope"]},
        )
    # RecursionError: the header is parsed before the signature is verified, and may be nested as deep as it is long
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise TokenError(type(error).__name__) from None
    return Caller(tenant=str(claims["tenant"]), scopes=frozenset(str(claims["scope"]).split()))


def for_readiness(environment: Mapping[str, str]) -> dict[str, str]:
    """Credentials by kind for the service that runs with this environment: one that works, three that must not."""
    key, tenant = environment["INCOME_SIGNING_KEY"], environment.get("INCOME_TENANT", "acme")
    everything = f"{PREDICT} {METRICS}"
    return {
        "good": issue(key, scope=everything, tenant=tenant, lifetime=3600),
        "expired": issue(key, scope=everything, tenant=tenant, lifetime=-60),
        "wrong_scope": issue(key, scope="profile", tenant=tenant, lifetime=3600),
        "other_tenant": issue(key, scope=everything, tenant=f"not-{tenant}", lifetime=3600),
    }
