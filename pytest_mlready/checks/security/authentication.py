"""Asks whether every endpoint refuses callers who may not use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint

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
        "Calls to the running service: the prediction, every operation of its OpenAPI document, the declared side "
        "ports, customary routes that are in no document (/metrics, /docs, /admin, /debug, /actuator, /models, "
        "predictions under other names), and on Linux ports that a started service listens on undeclared. Each is "
        "asked with no credential; with garbage (a random token, null, an empty one, a default password, the good "
        "token tampered with, unsigned or with alg none where it is a JSON Web Token); and with the expired, "
        "wrong-scope and other-tenant credentials that you configure. The prediction is also asked for in ways that go "
        "round a check: odd paths, other methods, headers that proxies trust. It passes when nothing outside the "
        "allow-list answers 2xx, and the good credential works before and after. Where another answer than 401 or 403 "
        "comes (404, 422, a redirect to a login), it is compared with what the good credential gets: if that is "
        "answered, the bad one was refused in an unusual way, which is recorded. It fails on any 2xx, one whose body "
        "tells of a refusal included, and on a credential that makes the service break. It is inconclusive where the "
        "good credential is refused as well or not configured, where no valid request for an operation is known, where "
        "a kind of credential is not configured and `kinds` does not leave it out, where a credential given cannot "
        "show what it should (an expired one that is still valid), and where a limit was reached. The good credential "
        "goes to what reads or predicts, and for comparison to documented POST operations; PUT, PATCH and DELETE get "
        "bad ones alone, and only on a service that may be changed. A side port that nobody answers is recorded. TLS, "
        "WebSockets and gRPC are not looked at."
    ),
    how_to_fix=(
        "Put authentication in front of the whole service with deny as the default, and list the few open routes, such "
        "as liveness. Check scope and tenant in the handler, not only the signature. Verify expiry, audience and "
        "algorithm of tokens. Bind metrics and administration ports to the inside. Issue test credentials of each bad "
        "kind, so that the check can run, and name what is open on purpose in `open`."
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
    options=(
        Option(
            name="open", type="strings", default=(),
            doc=(
                'Routes that may answer strangers, beside the service\'s own liveness and readiness: "GET /metrics", '
                'globs, a side port as `side` has it; "wrong_scope: GET /models" opens it to that kind alone.'
            ),
        ),
        Option(
            name="kinds", type="strings", default=("none", "garbage", "expired", "wrong_scope", "other_tenant"),
            doc="Kinds of bad credential that this system has; those that it has not are left out here.",
        ),
        Option(
            name="extra_paths", type="strings", default=(),
            doc='Further routes to try: "/path", or "POST /path", which gets the good request\'s body.',
        ),
    ),
)  # fmt: skip


@pytest.mark.security("authentication")
def test_bad_credentials_are_refused(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """Nothing outside the allow-list answers a caller without the right to ask."""
    import datetime as dt

    from pytest_mlready.serving.access import credentials
    from pytest_mlready.serving.access import survey as access
    from pytest_mlready.serving.access import verdicts as access_verdicts

    options = mlready.options(ITEM.id)
    kinds = credentials.chosen(options["kinds"])
    found = access.survey(
        mlready_endpoint.up(),
        kinds=kinds,
        open=options["open"],
        extra_paths=options["extra_paths"],
        progress=mlready.progress,
    )
    now = dt.datetime.now(tz=dt.UTC)
    mlready_evidence.conclude(
        access_verdicts.judge(found, mlready_endpoint.plan, kinds=kinds, open=options["open"], now=now)
    )
