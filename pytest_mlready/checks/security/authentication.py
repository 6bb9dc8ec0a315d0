"""Asks whether every endpoint refuses callers who may not use it."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="security.authentication",
    title="Authentication and authorisation on all inference endpoints",
    question="Does every inference endpoint refuse callers who have no right to use it?",
    why=(
        "An open endpoint lets strangers copy the model by asking it, run up the bill, or read answers about other "
        "people. The main route is usually protected; the metrics port, the debugging route, the batch route and the "
        "second model server behind the gateway are those that get forgotten. A token of another tenant that works is "
        "as bad as none."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: calls to a running service: "
        "every operation in its OpenAPI document and every side port that you declare, with no credential, garbage, an "
        "expired one, one of the wrong scope and one of another tenant. It passes when all of them get 401 or 403 "
        "outside the allow-list, and the good credential works. It fails on any other answer to a bad credential. If "
        "the good credential is refused too, the result is inconclusive, because a service that refuses everybody "
        "proves nothing. Gateway policies in files are static evidence."
    ),
    how_to_fix=(
        "Put authentication in front of the whole service with deny as the default, and list the few open routes, such "
        "as liveness. Check scope and tenant in the handler, not only the signature. Verify expiry, audience and "
        "algorithm of tokens. Bind metrics and administration ports to the inside. Issue test credentials of each bad "
        "kind, so that the check can run."
    ),
    attestation=(
        "Routes and ports that were tried, which bad credentials, the answers, which routes are open on purpose, "
        "against which version and when."
    ),
    lifetime_days=90,
    sources=(
        "OWASP API Security Top 10 2023, API1, API2 and API5: object level, authentication, function level",
        "RFC 9110 (2022), HTTP Semantics, status codes 401 and 403",
        "RFC 8725 (2020), JSON Web Token Best Current Practices",
    ),
)
