"""Holds what a service really exposes, and tells which of its series speak of latency."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pytest_mlready.errors import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.manifests.rules.selectors import Selector

Key = tuple[str, frozenset[tuple[str, str]]]  # a series: its name and its labels
# Labels that Prometheus or its operator adds when it scrapes; no service exposes them itself.
SCRAPED = frozenset({
    "job", "instance", "namespace", "pod", "service", "container", "endpoint", "cluster", "node", "region", "zone",
    "env", "environment", "app", "team", "tenant_id", "prometheus", "kubernetes_namespace", "kubernetes_pod_name",
    "stage", "release",
})  # fmt: skip
_LATENCY = re.compile(r"duration|latency|seconds|millis|_ms$|_time$|time_|response_time|elapsed")
_MILLISECONDS = re.compile(r"(_ms|_millis|_milliseconds|_msec)$")
_SECONDS = re.compile(r"(_s|_sec|_seconds)$")
HALF = 0.5  # of a count for each request: garbage collections are timed too, and now and then fall among requests
SLACK = 2.0  # how many times longer than the client waited a service may say it took, for coarse clocks


class Sample(Protocol):
    """One series of a page of metrics, as `serving.metrics` reads it."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def time(self) -> float | None: ...


def key(name: str, labels: Mapping[str, str]) -> Key:
    return name, frozenset(labels.items())


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """What a service exposes, and what good requests move.

    Attributes:
        samples: All series of its pages.
        moved: By how much each good request raised a series; those that did not move are left out.
        seconds: Mean time that the client waited for a good request; NaN where none was sent.
        where: The page, for a message.
    """

    samples: tuple[Sample, ...]
    moved: Mapping[Key, float] = field(default_factory=dict)
    seconds: float = math.nan
    where: str = "/metrics"

    @cached_property
    def by_name(self) -> dict[str, list[Sample]]:
        found: dict[str, list[Sample]] = {}
        for sample in self.samples:
            found.setdefault(sample.name, []).append(sample)
        return found

    @cached_property
    def labels(self) -> dict[str, frozenset[str]]:
        """Names of labels, by series name."""
        return {name: frozenset(label for s in series for label in s.labels) for name, series in self.by_name.items()}

    def moves(self, sample: Sample) -> float:
        """By how much a good request raises a series."""
        return self.moved.get(key(sample.name, sample.labels), 0.0)

    @cached_property
    def latency(self) -> tuple[str, ...]:
        """Histograms of time that good requests moved, by the name before "_bucket"."""
        names = [n.removesuffix("_bucket") for n in self.by_name if n.endswith("_bucket")]
        return tuple(n for n in names if self._times_requests(n))

    def _times_requests(self, name: str) -> bool:
        """Whether every good request is counted by it, and its name speaks of time."""
        counted = any(self.moves(s) > HALF for s in self.by_name.get(f"{name}_count", ()))
        return counted and _LATENCY.search(name.lower()) is not None

    @cached_property
    def summaries(self) -> tuple[str, ...]:
        """Summaries of time with quantiles that good requests moved."""
        names = [n for n, series in self.by_name.items() if any("quantile" in s.labels for s in series)]
        return tuple(n for n in names if self._times_requests(n))

    def edges(self, name: str) -> tuple[float, ...]:
        """Finite bucket edges of a histogram, ascending, in its own unit."""
        edges = {_float(s.labels.get("le", "")) for s in self.by_name.get(f"{name}_bucket", ())}
        return tuple(sorted(e for e in edges if math.isfinite(e)))

    def measured(self, name: str) -> float:
        """Mean that the service says a good request took, in the metric's own unit; NaN where it does not say."""
        total = sum(self.moves(s) for s in self.by_name.get(f"{name}_sum", ()))
        count = sum(self.moves(s) for s in self.by_name.get(f"{name}_count", ()))
        return total / count if count else math.nan

    def scale(self, name: str) -> float:
        """How many of the metric's units make a second: 1, or 1000 for milliseconds.

        The name says it; where it does not, the measured time does: no service can take longer than its client waits.
        """
        if _MILLISECONDS.search(name):
            return 1000.0
        ratio = self.measured(name) / self.seconds
        return 1000.0 if not _SECONDS.search(name) and ratio > SLACK else 1.0

    def mistaken_unit(self, name: str) -> str:
        """Why the values of a histogram cannot be what its name says; "" where they can."""
        measured = self.measured(name)
        if not measured / self.scale(name) > SLACK * self.seconds:
            return ""
        return (
            f"{name} says that a good request took {measured:.3g}, while its client waited {self.seconds:.3g} s: "
            "the values are not in the unit of the name. Next step: observe seconds"
        )

    def unknown(self, selectors: Iterable[Selector]) -> tuple[str, ...]:
        """Names among the selectors that are not exposed."""
        names = (s.name for s in selectors if s.name is not None)
        return tuple(dict.fromkeys(n for n in names if n not in self.by_name))

    def near(self, name: str) -> str:
        return near(name, self.by_name)

    def misses(self, selector: Selector) -> str:
        """Why a selector on an exposed metric finds no series: a label that the metric does not have; else ""."""
        have = self.labels.get(selector.name or "", frozenset())
        for matcher in selector.matchers:
            if matcher.label not in have | SCRAPED | {"__name__"} and not matcher.accepts(""):
                shown = ", ".join(sorted(have)) or "no labels"
                return f"{selector} finds nothing: {selector.name} has {shown}{near(matcher.label, have)}"
        return ""


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def matching(samples: Sequence[Sample], selector: Selector) -> list[Sample]:
    """Series that a selector chooses; conditions on labels of the scrape are taken as met."""
    return [s for s in samples if selector.chooses(s.name, s.labels, assumed=SCRAPED)]
