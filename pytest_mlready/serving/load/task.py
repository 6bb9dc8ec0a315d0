"""Plans a load: how long it must last to tell anything, how many connections it may open, which bodies it sends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_mlready import hosts
from pytest_mlready.errors import Inconclusive, ReadinessError, near
from pytest_mlready.serving import conventions
from pytest_mlready.serving.http import Request
from pytest_mlready.serving.load import payloads as load_payloads
from pytest_mlready.serving.load import verdict
from pytest_mlready.serving.load.sending import Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.load.verdict import Objectives

SHORTEST, LONGEST = 10.0, 120.0  # seconds that are measured, unless somebody says otherwise
# A warm-up of 30 s or a tenth is the custom for services that compile while they run, or scale; a Python service has
# warmed up when every worker and connection was used, and a check of a minute must not double.
WARM_UP, WARM_UP_SHARE = 5.0, 0.10
TIMEOUT = 10.0
ROWS = 50  # held-out rows that become bodies
CONNECTIONS = 1000
ARRIVALS = ("poisson", "fixed")
HERE = '[tool.mlready.items."infrastructure.load_test"]'


def seconds(given: float | None, asked: Objectives, *, confidence: float) -> float:
    """How long is measured: as given, else what it takes to show the objectives, from 10 s to 120 s.

    Raises:
        Inconclusive: It would take longer than 120 s, so that a shorter run could not pass.
    """
    if given:
        return given
    needed = verdict.requests_needed(asked, confidence=confidence)
    if not math.isfinite(needed):
        raise Inconclusive(
            f"no number of requests shows an error rate of {asked.errors:g}", fix="slo = { …, errors = 0.001 }"
        )
    found = math.ceil(needed / asked.rate)
    if found > LONGEST:
        raise Inconclusive(
            f"to show these objectives takes {math.ceil(needed):,} requests, at {asked.rate:g} a second "
            f"{found} s: more than the {LONGEST:g} s that are sent unasked",
            fix=f'{HERE} seconds = "{found} s" (or a higher factor, or objectives that fewer requests show)',
        )
    return max(SHORTEST, float(found))


def warm_up(given: float | None, measured: float) -> float:
    return max(WARM_UP, math.ceil(WARM_UP_SHARE * measured)) if given is None else given


def timeout(given: float | None, asked: Objectives) -> float:
    """Seconds after which a request has failed.

    Raises:
        ReadinessError: An objective is not below it: a request without an answer would be within the objective.
    """
    largest = max(asked.limits.values())
    found = max(TIMEOUT, 2 * largest) if given is None else given
    if found <= largest:
        raise ReadinessError(
            f"timeout = {found:g} s is not above the objective of {largest:g} s", fix=f"raise timeout in {HERE}"
        )
    return found


def connections(given: int | None, asked: Objectives, limit: float) -> int:
    """Connections that may be open at once.

    Raises:
        ReadinessError: They cannot carry the rate though every answer comes just within the objective (Little's law).
    """
    largest = math.ceil(asked.rate * max(asked.limits.values()))
    if given is None:
        return max(100, largest, min(CONNECTIONS, math.ceil(asked.rate * limit)))
    if given < largest:
        raise ReadinessError(
            f"concurrency = {given} connections cannot carry {asked.rate:g} requests a second that may take "
            f"{max(asked.limits.values()):g} s each",
            expected=f"at least {largest}",
        )
    return given


def bodies(endpoint: Endpoint, payloads: Path | None) -> tuple[str | None, ...]:
    """What is sent in turn: the lines of a file, or held-out rows in the form of the good request, or that alone.

    A row that the service refuses as a bad request is left out; whatever else it answers is the service's own.
    """
    good = endpoint.good
    if payloads is not None:
        return load_payloads.from_file(payloads)
    own: tuple[str | None, ...] = (good.body.decode("utf-8") if good.body is not None else None,)
    rows = endpoint.plan.rows(ROWS) if endpoint.plan.rows else []
    made = load_payloads.varied(good.body, rows) or _by_convention(endpoint, rows)
    accepted = []
    for body in made:
        request = Request(method=good.method, path=good.path, headers=good.headers, body=body.encode())
        if not 400 <= endpoint.send(request).status < 500:
            accepted.append(body)
    return own + tuple(accepted)


def _by_convention(endpoint: Endpoint, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """One body for each row, where the good request is what the protocol makes of the first."""
    import json

    convention, model = endpoint.probes.convention, endpoint.probes.model
    made = [conventions.body(convention, [row], model=model) for row in rows]
    if not made or json.dumps(made[0]).encode() != endpoint.good.body:
        return ()
    return tuple(dict.fromkeys(json.dumps(body) for body in made[1:]))


def task(  # noqa: PLR0913 - one argument for each thing that a load follows from
    endpoint: Endpoint,
    options: Mapping[str, Any],
    asked: Objectives,
    *,
    measured: float,
    good: Any,
    payloads: Path | None,
) -> Task:
    """The load as the options have it.

    Args:
        endpoint: The service.
        options: Of the item, durations in seconds.
        asked: The objectives.
        measured: Seconds that count.
        good: The value of a good answer.
        payloads: File with bodies.

    Raises:
        ReadinessError: An option cannot be.
    """
    check(options, endpoint.url)
    request, limit = endpoint.good, timeout(options["timeout"], asked)
    return Task(
        url=endpoint.url,
        method=request.method,
        path=request.path,
        headers=dict(request.headers),
        bodies=bodies(endpoint, payloads),
        rate=asked.rate,
        seconds=measured,
        warm_up=warm_up(options["warm_up"], measured),
        timeout=limit,
        arrivals=options["arrivals"],
        concurrency=connections(options["concurrency"], asked, limit),
        workers=options["workers"],
        master=options["master"],
        answer_keys=tuple(map(str, good)) if isinstance(good, dict) else (),
        credentials=tuple(endpoint.plan.headers()),
    )


def check(options: Mapping[str, Any], url: str) -> None:
    """Refuses options that cannot be, before anything is started.

    Raises:
        ReadinessError: With the option and what it may be.
    """
    arrivals, workers, master = options["arrivals"], options["workers"], options["master"]
    if arrivals not in ARRIVALS:
        raise ReadinessError(f'arrivals = "{arrivals}"{near(arrivals, ARRIVALS)}', expected=" or ".join(ARRIVALS))
    if workers < 1 or options["factor"] <= 0:
        raise ReadinessError(f"workers = {workers}, factor = {options['factor']}", expected="more than nothing")
    if master is None:
        return
    host, _, port = master.rpartition(":")
    if not host or not port.isdigit():
        raise ReadinessError(f'master = "{master}"', expected='"host:port"')
    if hosts.is_loopback(hosts.of(url)) and not hosts.is_loopback(host.strip("[]")):
        raise ReadinessError(
            f"workers of the master at {host} cannot reach the service at {url}, which is on this machine only",
            fix="url in [tool.mlready.endpoint] with an address that they reach, or workers without master",
        )
