"""Makes series as a service would send them, from what it exposes and what was agreed: healthy, and in breach."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_mlready.manifests.rules.exposed import Key as Key  # noqa: PLC0414 - part of this module's face
from pytest_mlready.manifests.rules.exposed import key

if TYPE_CHECKING:
    from pytest_mlready.manifests.rules.exposed import Exposed, Sample

ASIDE = 0.01  # requests on other routes, as a share of those for predictions
USUAL_RPS = 10.0  # where no peak is stated
TAIL = 20.0  # times the allowed share of slow requests in a breach: above the 14.4 of the fastest burn-rate alert
MOST_SLOW = 0.8
SLOWER = 2.0  # times the objective that a slow request takes in a breach
WITHIN = 0.1  # share of the budget that healthy traffic uses
CPU = 0.3  # cores that a healthy process uses
_CLOCK = re.compile(r"_timestamp(_seconds)?$|_time_seconds$")
Shares = tuple[tuple[float, float], ...]  # (seconds, share of requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """How one series runs: first healthy, then in the second phase.

    Attributes:
        name, labels: The series.
        rate: Whether the numbers are growth a second (of a counter, a clock), or levels.
        first, then: Growth or level in each phase; NaN is NaN, None is no series.
    """

    name: str
    labels: Mapping[str, str]
    rate: bool
    first: float | None
    then: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Series of a whole service over two phases.

    Attributes:
        name: Short, for results.
        says: What happens in the second phase, for a message.
        tracks: All series.
        within: Seconds of the second phase after which an alert comes too late; infinite: its own windows decide.
    """

    name: str
    says: str
    tracks: Mapping[Key, Track]
    within: float = math.inf

    def changed(self, name: str, says: str, then: Mapping[Key, Track], *, within: float = math.inf) -> Scenario:
        """This one with other tracks in the second phase."""
        return Scenario(name=name, says=says, tracks={**self.tracks, **then}, within=within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was agreed about a service, and how much traffic it has.

    Attributes:
        latency: Objective in seconds, by quantile.
        errors: Share of requests that may fail; None where nothing is agreed.
        rps: Requests a second.
    """

    latency: Mapping[float, float] = field(default_factory=dict)
    errors: float | None = None
    rps: float = USUAL_RPS

    @property
    def tail(self) -> tuple[float, float] | None:
        """The objective for the highest quantile: (quantile, seconds)."""
        return max(self.latency.items()) if self.latency else None

    @property
    def body(self) -> float:
        """Seconds that most requests take when all is well: half of the median's objective, a tenth of the tail's."""
        parts = [seconds * (0.5 if q <= 0.5 else 0.25 if q <= 0.95 else 0.1) for q, seconds in self.latency.items()]
        return min(parts, default=0.025)

    def healthy(self) -> Shares:
        """A tenth of the requests that may be slow are slow."""
        if self.tail is None:
            return ((self.body, 1.0),)
        quantile, seconds = self.tail
        slow = WITHIN * (1 - quantile)
        return ((self.body, 1 - slow), (1.5 * seconds, slow))

    def breach(self, quantile: float, seconds: float) -> Shares:
        """Far more requests than allowed take twice the objective."""
        slow = min(MOST_SLOW, TAIL * (1 - quantile))
        return ((self.body, 1 - slow), (SLOWER * seconds, slow))


def healthy(exposed: Exposed, promise: Promise) -> Scenario:
    """Every series of the page as it runs on a good day, at the expected peak."""
    tracks: dict[Key, Track] = {}
    latency = set(exposed.latency)
    for sample in exposed.samples:
        base = sample.name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
        if base not in latency and base not in exposed.summaries:
            tracks[key(sample.name, sample.labels)] = _usual(exposed, sample, promise)
    for name in latency:
        tracks |= latencies(exposed, name, promise, promise.healthy())
    for name in exposed.summaries:
        tracks |= quantiles(exposed, name, promise.healthy(), promise)
    up = Track(name="up", labels={}, rate=False, first=1.0, then=1.0)
    return Scenario(name="healthy", says="healthy traffic", tracks={key("up", {}): up, **tracks})


def _usual(exposed: Exposed, sample: Sample, promise: Promise) -> Track:
    level = Track(name=sample.name, labels=sample.labels, rate=False, first=sample.value, then=sample.value)
    if sample.kind in ("gauge", "unknown") and "quantile" not in sample.labels:
        clock = _CLOCK.search(sample.name) and sample.name != "process_start_time_seconds"
        return replace(level, rate=True, first=1.0, then=1.0) if clock else level
    if sample.name == "process_cpu_seconds_total":
        return replace(level, rate=True, first=CPU, then=CPU)
    if sample.kind not in ("counter", "histogram", "summary") or "quantile" in sample.labels:
        return level
    growth = exposed.moves(sample) * promise.rps
    return replace(level, rate=True, first=growth, then=growth)


def _rate(exposed: Exposed, name: str, labels: Mapping[str, str], promise: Promise) -> float:
    """Requests a second of one set of labels: the peak where good requests are counted, little elsewhere."""
    moved = exposed.moved.get(key(f"{name}_count", labels), 0.0)
    return promise.rps * (min(moved, 1.0) if moved else ASIDE)


def latencies(exposed: Exposed, name: str, promise: Promise, then: Shares, *, beyond: bool = False) -> dict[Key, Track]:
    """Series of a histogram whose predictions take `then` in the second phase; other routes stay as they are.

    Args:
        exposed: What the service exposes.
        name: Name before "_bucket".
        promise: What is agreed, and the traffic.
        then: Seconds and shares.
        beyond: All predictions take longer than the last edge instead.
    """
    tracks: dict[Key, Track] = {}
    scale, first = exposed.scale(name), promise.healthy()
    for suffix in ("_bucket", "_sum", "_count"):
        for sample in exposed.by_name.get(f"{name}{suffix}", ()):
            labels = {k: v for k, v in sample.labels.items() if k != "le"}
            rate, moved = _rate(exposed, name, labels, promise), key(f"{name}_count", labels) in exposed.moved
            edge = float(sample.labels.get("le", "inf")) / scale
            after = ((math.inf, 1.0),) if beyond else then
            later = after if moved else first
            tracks[key(sample.name, sample.labels)] = Track(
                name=sample.name, labels=sample.labels, rate=True,
                first=rate * _grown(first, suffix, edge, scale), then=rate * _grown(later, suffix, edge, scale),
            )  # fmt: skip
    return tracks


def _grown(shares: Shares, suffix: str, edge: float, scale: float) -> float:
    """By how much one request raises a series of a histogram."""
    if suffix == "_sum":
        return sum(share * (seconds if math.isfinite(seconds) else 60.0) for seconds, share in shares) * scale
    return sum(share for seconds, share in shares if suffix == "_count" or seconds <= edge * (1 + 1e-9))


def quantiles(exposed: Exposed, name: str, then: Shares, promise: Promise) -> dict[Key, Track]:
    """Series of a summary whose quantiles are those of `then` in the second phase."""
    tracks: dict[Key, Track] = {}
    scale, first = exposed.scale(name), promise.healthy()
    for sample in exposed.by_name.get(name, ()):
        quantile = float(sample.labels.get("quantile", "nan"))
        tracks[key(sample.name, sample.labels)] = Track(
            name=sample.name, labels=sample.labels, rate=False,
            first=scale * _quantile(first, quantile), then=scale * _quantile(then, quantile),
        )  # fmt: skip
    for suffix in ("_sum", "_count"):
        for sample in exposed.by_name.get(f"{name}{suffix}", ()):
            rate = promise.rps
            tracks[key(sample.name, sample.labels)] = Track(
                name=sample.name, labels=sample.labels, rate=True,
                first=rate * _grown(first, suffix, 0, scale), then=rate * _grown(then, suffix, 0, scale),
            )  # fmt: skip
    return tracks


def _quantile(shares: Shares, quantile: float) -> float:
    passed = 0.0
    for seconds, share in sorted(shares):
        passed += share
        if passed >= quantile:
            return seconds if math.isfinite(seconds) else 60.0
    return max(shares)[0] if shares else math.nan


def gone(scenario: Scenario) -> Scenario:
    """The service does not answer scrapes any more: all its series end, `up` is 0."""
    then = {k: replace(t, then=0.0 if t.name == "up" else None) for k, t in scenario.tracks.items()}
    return scenario.changed("gone", "no data: the service is not scraped any more", then)


def level(scenario: Scenario, names: frozenset[str], value: float | None, *, name: str, says: str) -> Scenario:
    """Gauges of these names stand at `value` in the second phase; None ends them."""
    then = {k: steady(t, t.first, value) for k, t in scenario.tracks.items() if t.name in names}
    return scenario.changed(name, says, then)


def steady(track: Track, first: float | None, then: float | None) -> Track:
    """The same series at these levels."""
    return replace(track, rate=False, first=first, then=then)
