"""Reads what a load run recorded, request by request: our own files, k6's and vegeta's; refuses what cannot tell."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import Inconclusive, ReadinessError
from pytest_mlready.serving.load import records

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LATE = 0.010  # seconds from which a send counts as late
LARGEST = 1 << 30  # bytes of a result file


class ResultError(ReadinessError):
    """A result file cannot be read, or is not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a load run recorded after its warm-up; n requests in the order of their intended start.

    Attributes:
        tool: What sent it, with its version where known.
        seconds: Length of the part that counts.
        warm_up: Seconds before it, which do not count.
        timeout: What a failed request counts as, in seconds, unless it took longer.
        arrivals: "poisson", "fixed", or "constant" where it was found from the sends.
        at: Intended start in seconds, shape (n,).
        latency: Seconds from the intended start; failures at the time-out, shape (n,).
        endings: Index into `records.ENDINGS`, shape (n,).
        statuses: HTTP status, 0 for none, shape (n,).
        late: Seconds by which a request was sent late through the generator's own fault, shape (n,).
        waited: Seconds by which it was sent late since all connections waited for answers, shape (n,).
        started: Unix time.
        missing: Requests of the whole schedule of which nobody told.
        workers: Processes that sent.
        model: Digest of the model that was served; None: unknown.
        examples: What the first request of each bad ending was told.
    """

    tool: str
    seconds: float
    warm_up: float
    timeout: float
    arrivals: str
    at: Floats
    latency: Floats
    endings: Ints
    statuses: Ints
    late: Floats
    waited: Floats
    started: float
    missing: int = 0
    workers: int = 1
    model: str | None = None
    examples: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.at)

    @property
    def failed(self) -> NDArray[np.bool_]:
        return np.asarray(self.endings != records.ANSWERED)

    @property
    def rate(self) -> float:
        """Requests a second that were sent, and sent before the time was over."""
        sent = (self.endings != records.UNSENT) & (self.at + self.late + self.waited <= self.seconds + LATE)
        return float(sent.sum()) / self.seconds if self.seconds > 0 else math.nan


def read(path: Path, *, warm_up: float, timeout: float) -> Load:
    """Reads a result file of any kind that is known.

    Args:
        path: The file.
        warm_up: Seconds at its beginning that do not count; our own files have their own.
        timeout: What failed requests count as; our own files have their own.

    Raises:
        ResultError: It is not there, not whole, or of no known kind.
        Inconclusive: It was made by a closed loop, or holds a summary without the requests behind it.
    """
    from pytest_mlready.serving.load import foreign

    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise ResultError(f"the result file {path.name} cannot be read: {error.strerror}") from None
    if not size or size > LARGEST:
        raise ResultError(
            f"the result file {path.name} has {size:,} bytes", expected=f"up to {LARGEST:,}, and not none"
        )
    if start.startswith(b'{"format": "mlready-load'):
        return ours(path)
    return foreign.read(path, start, warm_up=warm_up, timeout=timeout)


def ours(path: Path, *, examples: Mapping[str, str] | None = None, lost: int | None = None) -> Load:
    """Reads a file of `locust_driver.py`.

    Args:
        path: The file.
        examples: What the first request of each bad ending was told.
        lost: Shares that are missing, when that is known; None: a file with records missing is not whole.
    """
    with path.open("rb") as file:
        head = _header(file.readline(records.HEADER_LIMIT), path)
        body = file.read()
    count, rest = divmod(len(body), records.RECORD.size)
    missing = head["requests"] - count
    if rest or missing < 0 or (missing and lost is None):
        raise ResultError(
            f"{path.name} holds {count:,} records and {rest} bytes of {head['requests']:,} requests", expected="all"
        )
    table = np.frombuffer(body, np.dtype(records.FIELDS))
    table = table[np.argsort(table["at"], kind="stable")]
    if len(np.unique(table["number"])) != count or not _sound(table):
        raise ResultError(f"{path.name} holds records that cannot be", expected="what locust_driver.py wrote")
    counted = table[table["at"] >= head["warm_up"]]
    return Load(
        tool=f"Locust {head['locust']}, open loop",
        seconds=head["seconds"],
        warm_up=head["warm_up"],
        timeout=head["timeout"],
        arrivals=head["arrivals"],
        at=counted["at"] - head["warm_up"],
        latency=with_failures(counted["latency"], counted["ending"] != records.ANSWERED, head["timeout"]),
        endings=counted["ending"].astype(np.int64),
        statuses=counted["status"].astype(np.int64),
        late=counted["late"].astype(np.float64),
        waited=counted["waited"].astype(np.float64),
        started=head["started"],
        missing=missing,
        workers=head["workers"],
        model=head.get("model"),
        examples=examples or {},
    )


def _header(line: bytes, path: Path) -> dict[str, Any]:
    numbers = ("requests", "seconds", "warm_up", "timeout", "started", "workers")
    try:
        head: dict[str, Any] = json.loads(line)
    except ValueError:
        raise ResultError(f"the first line of {path.name} is damaged", expected="JSON") from None
    good = head.get("format") == records.FORMAT and all(_number(head.get(name)) for name in numbers)
    if not good or head["seconds"] <= 0 or not isinstance(head.get("arrivals"), str):
        raise ResultError(f"the first line of {path.name} is not what this release writes", expected=records.FORMAT)
    return head


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _sound(table: NDArray[Any]) -> bool:
    finite = all(bool(np.isfinite(table[name]).all()) for name in ("at", "late", "waited", "latency"))
    return finite and bool((table["ending"] < len(records.ENDINGS)).all()) and bool((table["at"] >= 0).all())


def with_failures(latency: Any, failed: Any, timeout: float) -> Floats:
    """Latencies with every failure at the time-out, or longer where it took longer."""
    seconds = np.asarray(latency, np.float64)
    return np.where(failed, np.maximum(seconds, timeout), seconds)


def closed_loop(tool: str) -> Inconclusive:
    return Inconclusive(
        f"{tool} waits for each answer before it sends the next request (closed loop), so its figures leave out what "
        "a stalled service would have made others wait",
        fix="send at a rate: without `result` we do; vegeta and k6 with constant-arrival-rate do as well",
    )


def summary(tool: str, instead: str) -> Inconclusive:
    return Inconclusive(
        f"{tool} holds percentiles without the requests behind them: neither a bound nor the arrival schedule can be "
        "told from them",
        fix=instead,
    )
