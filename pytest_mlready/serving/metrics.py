"""Reads a service's page of metrics and tells which series requests move."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.http import NoAnswerError, Request, Response

Series = tuple[str, frozenset[tuple[str, str]]]
Read = Callable[[], "tuple[Sample, ...]"]
REQUESTS = 5  # of each kind: enough to tell a count from a coincidence
SETTLE = 2.0  # seconds within which what was answered must be counted
STEP = 0.1
MOST = 200_000  # series of one page
COUNTING = ("counter", "histogram", "summary")
OPEN_METRICS = "application/openmetrics-text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series of a page.

    Attributes:
        name: As PromQL selects it, with "_total", "_bucket", "_sum" or "_count".
        labels: As exposed.
        value: At the time of reading.
        kind: "counter", "gauge", "histogram", "summary" or "unknown".
        time: Unix time that the page gives it; None where it gives none, which means now.
    """

    name: str
    labels: Mapping[str, str]
    value: float
    kind: str
    time: float | None = None

    @property
    def series(self) -> Series:
        return self.name, frozenset(self.labels.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What a number of equal requests did to the page.

    Attributes:
        samples: The page afterwards.
        moved: By how much each series of a counter or histogram rose in all, scrapes taken off.
        sent: Number of requests.
        statuses: Of the answers.
        seconds: Mean time until an answer had arrived.
    """

    samples: tuple[Sample, ...]
    moved: Mapping[Series, float]
    sent: int
    statuses: tuple[int, ...]
    seconds: float

    @property
    def each(self) -> dict[Series, float]:
        """By how much one request raises each series."""
        return {series: by / self.sent for series, by in self.moved.items()}


class MetricsError(Inconclusive):
    """The page of metrics cannot be read, or cannot be trusted."""


def parse(text: str, content_type: str = "") -> tuple[Sample, ...]:
    """All series of a page in Prometheus' text format, or in OpenMetrics where its type says so.

    Raises:
        MetricsError: It is neither, or empty.
    """
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as open_parser

    chosen: Any = open_parser if OPEN_METRICS in content_type else parser
    try:
        found = [
            Sample(name=s.name, labels=dict(s.labels), value=float(s.value), kind=_kind(str(f.type), s.name),
                   time=None if s.timestamp is None else float(s.timestamp))
            for f in chosen.text_string_to_metric_families(text)
            for s in f.samples
            if not s.name.endswith("_created")
        ]  # fmt: skip
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise MetricsError(f"the page of metrics is not in Prometheus' format: {error}") from None
    if not found:
        raise MetricsError("the page of metrics is empty", fix="expose metrics with prometheus-client")
    if len(found) > MOST:
        raise MetricsError(f"the page of metrics has more than {MOST:,} series", fix="take labels off")
    return tuple(found)


def _kind(told: str, name: str) -> str:
    """The type as the page has it; older clients give it to a counter under the name without "_total"."""
    return "counter" if told in ("unknown", "untyped") and name.endswith("_total") else told


def read(send: Callable[[Request], Response], path: str) -> tuple[Sample, ...]:
    """The page at a path of the service, or at a whole URL.

    Raises:
        MetricsError: It does not answer, or not with metrics.
    """
    try:
        answer = send(Request(path=path))
    except NoAnswerError as error:
        raise MetricsError(f"the page of metrics does not answer: {error.found}") from None
    if not answer.ok or answer.cut:
        what = "is too long" if answer.cut else f"answers {answer.status}: {answer.shown(120)}"
        raise MetricsError(
            f"GET {path} {what}",
            expected="a page of metrics, given to the good credential",
            fix='metrics = "/metrics" in the item\'s settings names another path or a whole URL',
        )
    return parse(answer.text, answer.headers.get("content-type", ""))


def risen(before: Sequence[Sample], after: Sequence[Sample]) -> dict[Series, float]:
    """By how much each counting series rose; new ones from 0.

    Raises:
        MetricsError: One fell: several processes answer in turn, each with a count of its own.
    """
    old = {s.series: s.value for s in before if s.kind in COUNTING}
    changes = {s.series: s.value - old.get(s.series, 0.0) for s in after if s.kind in COUNTING and _grows(s)}
    fallen = [series for series, by in changes.items() if by < 0]
    if fallen:
        raise MetricsError(
            f"{fallen[0][0]} fell between two readings: several processes answer in turn, each with a count of its own",
            fix="use prometheus-client's multiprocess mode, or scrape every process by itself",
        )
    return {series: by for series, by in changes.items() if by > 0}


def _grows(sample: Sample) -> bool:
    return "quantile" not in sample.labels and math.isfinite(sample.value)


def movement(send: Callable[[], Response], page: Read, *, times: int = REQUESTS) -> Movement:
    """Sends one request several times and reads the page before and after.

    What two readings move by themselves is taken off. A service may count a little after it has answered.

    Raises:
        NoAnswerError: A request is not answered.
        MetricsError: The page cannot be read.
    """
    idle, before = page(), page()
    by_reading = risen(idle, before)
    answers = [send() for _ in range(times)]
    readings, deadline = 0, time.monotonic() + SETTLE
    last: dict[Series, float] | None = None
    while True:
        after, readings = page(), readings + 1
        rise = _without(risen(before, after), by_reading, readings)
        # The number of requests is reached, and the last two readings agree.
        whole = {series: by for series, by in rise.items() if by >= 1 and by == int(by)}
        if time.monotonic() > deadline or (whole == last and max(whole.values(), default=0) >= times):
            break
        last = whole
        time.sleep(STEP)
    return Movement(
        samples=after, moved=rise, sent=times, statuses=tuple(a.status for a in answers),
        seconds=sum(a.seconds for a in answers) / times,
    )  # fmt: skip


def _without(rise: Mapping[Series, float], by_reading: Mapping[Series, float], readings: int) -> dict[Series, float]:
    left = {series: by - readings * by_reading.get(series, 0.0) for series, by in rise.items()}
    new = {series: round(by, 9) for series, by in left.items() if by > 1e-9}
    return {s: by for s, by in new.items() if s not in by_reading or by >= 1}


def stale(samples: Iterable[Any], names: Sequence[str], *, now: float, most: float) -> list[str]:
    """Series of these names whose own time is further back than `most` seconds."""
    return [
        f"{s.name} is {now - s.time:.0f} s old" for s in samples
        if s.name in names and s.time is not None and now - s.time > most
    ]  # fmt: skip
