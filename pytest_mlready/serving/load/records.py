"""Writes down a load run, request by request, and reads it back: one line of JSON, then records of fixed size.

Standard library alone: the program that sends the load shares it with the process that judges.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = "mlready-load-1"
# number in the schedule, intended start (s from the first), lateness, wait for a connection, latency (s), HTTP status,
# ending
RECORD = struct.Struct("<IdfffHB")
FIELDS = [
    ("number", "<u4"),
    ("at", "<f8"),
    ("late", "<f4"),
    ("waited", "<f4"),
    ("latency", "<f4"),
    ("status", "<u2"),
    ("ending", "u1"),
]
ENDINGS = ("answered", "error status", "error in the body", "time-out", "refused", "broken", "never sent")
ANSWERED, STATUS, BODY, TIMEOUT, REFUSED, BROKEN, UNSENT = range(len(ENDINGS))
HEADER_LIMIT = 65_536  # bytes
HEADERS = "MLREADY_LOAD_HEADERS"  # environment variable: JSON, headers with credentials by name
PATH = "MLREADY_LOAD_PATH"  # environment variable: where else the program looks for modules


def counts_of(spec: Mapping[str, Any]) -> tuple[int, int]:
    """Requests of the warm-up, and of the part that counts."""
    rate = float(spec["rate"])
    return round(rate * float(spec["warm_up"])), max(1, round(rate * float(spec["seconds"])))


def schedule(spec: Mapping[str, Any]) -> Iterator[tuple[int, float]]:
    """(number, intended start in seconds) of every request: the warm-up's, then those that count, each at the rate."""
    warm, counted = counts_of(spec)
    parts = (
        arrivals(spec["arrivals"], requests=n, seconds=seconds, seed=spec["seed"] + part)
        for part, (n, seconds) in enumerate(((warm, spec["warm_up"]), (counted, spec["seconds"])))
    )
    begin, rest = parts
    return enumerate(itertools.chain(begin, (spec["warm_up"] + at for at in rest)))


def arrivals(kind: str, *, requests: int, seconds: float, seed: int) -> Iterator[float]:
    """Starts of `requests` requests within a time, ascending, in constant memory.

    Args:
        kind: "fixed": equally spaced. "poisson": a Poisson process, given that it has this many arrivals in this time,
            so that the rate is met exactly: partial sums of exponentials, scaled (Devroye 1986, Non-Uniform Random
            Variate Generation, V.3).
        requests: How many.
        seconds: Length of the time.
        seed: Of the Poisson process.
    """
    if kind == "fixed":
        return (i * seconds / requests for i in range(requests))
    draw = random.Random(seed)  # noqa: S311 - a schedule, no secret
    total = sum(draw.expovariate(1.0) for _ in range(requests + 1))
    draw.seed(seed)
    sums = itertools.accumulate(draw.expovariate(1.0) for _ in range(requests))
    return (at / total * seconds for at in sums)


def header(spec: Mapping[str, Any]) -> bytes:
    """The first line of a file: what was asked for, without addresses, bodies or secrets."""
    kept = (
        "rate",
        "requests",
        "seconds",
        "warm_up",
        "timeout",
        "arrivals",
        "workers",
        "seed",
        "started",
        "model",
        "locust",
    )
    return json.dumps({"format": FORMAT, **{key: spec.get(key) for key in kept}}).encode() + b"\n"


def credentials() -> dict[str, str]:
    """Headers that no file and no message carries, from this process's environment."""
    return dict(json.loads(os.environ.get(HEADERS, "{}")))
