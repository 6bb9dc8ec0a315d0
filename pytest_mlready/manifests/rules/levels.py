"""Judges alerts on gauges: memory, queues, accelerators, drift, business figures; and what is watched of each kind."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from pytest_mlready.errors import near
from pytest_mlready.manifests.rules import judging, traffic
from pytest_mlready.manifests.rules.exposed import Exposed
from pytest_mlready.manifests.rules.judging import Trial
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from pytest_mlready.manifests.rules.exposed import Sample
    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet
    from pytest_mlready.manifests.rules.traffic import Promise, Scenario

MEMORY = re.compile(r"memory|(^|_)rss(_|$)|resident|heap")
NO_MEMORY = re.compile(r"virtual|_max_|_max$|limit|gpu|DCGM|objects|total$")
# Prometheus client libraries, KServe and Triton, vLLM, TorchServe, gunicorn and uvicorn exporters name them so.
QUEUE = re.compile(
    r"queue|waiting|pending|backlog|in_?flight|in_progress|inprogress|active_requests|requests_running|saturation"
)
GPU = re.compile(r"^DCGM_FI_|^nv_gpu_|(^|_)gpu(_|$)|^nvidia_")
RATIO = re.compile(r"ratio$|saturation$|utili[sz]ation$|usage_perc$|percent")
# cAdvisor and kube-state-metrics: what most teams' alerts on memory read; no service exposes them itself.
CADVISOR = ("container_memory_working_set_bytes", "container_memory_usage_bytes", "container_memory_rss")
CAPACITY = ("container_spec_memory_limit_bytes", "kube_pod_container_resource_limits")
FULL = 0.98  # of the limit, at which memory counts as running out
CROWD = 10.0  # times the requests that healthy traffic has under way, at which a service counts as saturated
# Functions after which the number no longer says how high a gauge stands.
_ASIDE = frozenset({
    "timestamp", "changes", "resets", "deriv", "delta", "idelta", "absent", "absent_over_time", "present_over_time",
    "count", "count_over_time", "group",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """How gauges look on a good day and on a bad one.

    Attributes:
        about: "memory", for messages.
        names: Gauges that are about it.
        healthy: Level by name; those left out stand as the page shows them.
        bad: Level by name.
        says: What the bad day is, for a message.
        worse: Further bad days; an alert may wait for one of them.
    """

    about: str
    names: frozenset[str]
    healthy: Mapping[str, float]
    bad: Mapping[str, float]
    says: str
    worse: tuple[Mapping[str, float], ...] = ()


def named(exposed: Exposed, pattern: re.Pattern[str], but: re.Pattern[str] | None = None) -> tuple[str, ...]:
    """Gauges of the page whose name matches."""
    found = (s.name for s in exposed.samples if s.kind in ("gauge", "unknown") and pattern.search(s.name))
    return tuple(dict.fromkeys(name for name in found if but is None or not but.search(name)))


def about(alert: Alert, names: frozenset[str]) -> bool:
    """Whether an alert compares how high one of these gauges stands, rather than whether it is there or moves."""
    read = any(s.name in names and not _ASIDE & set(s.inside) for s in alert.selectors)
    return read and _compares(alert)


def _compares(alert: Alert) -> bool:
    return re.search(r"[<>]", alert.rule.expr) is not None or any("<" in r.expr or ">" in r.expr for r in alert.records)


def trial(breach: Breach, exposed: Exposed, promise: Promise) -> Trial:
    """The good day, and the bad one."""
    calm = _at(traffic.healthy(exposed, promise), breach.names, breach.healthy)
    worst = tuple(
        calm.changed(f"worse {n}", ", ".join(f"{k} is {v:g}" for k, v in levels.items()), _bad(calm, levels))
        for n, levels in enumerate(breach.worse)
    )
    loud = calm.changed("bad", breach.says, _bad(calm, breach.bad))
    return Trial(about=breach.about, silent=(calm,), loud=(loud,), worst=worst)


def _at(scenario: Scenario, names: frozenset[str], levels: Mapping[str, float]) -> Scenario:
    tracks = dict(scenario.tracks)
    for series, track in scenario.tracks.items():
        level = levels.get(track.name, track.first if track.first is None or math.isfinite(track.first) else 0.0)
        if track.name in names:
            tracks[series] = traffic.steady(track, level, level)
    return traffic.Scenario(name="healthy", says="a good day", tracks=tracks)


def _bad(calm: Scenario, levels: Mapping[str, float]) -> dict[traffic.Key, traffic.Track]:
    return {
        series: traffic.steady(track, track.first, levels[track.name])
        for series, track in calm.tracks.items()
        if track.name in levels
    }


def alerts(rules: RuleSet, breach: Breach, promise: Promise, setting: Setting) -> list[Verdict]:
    """Judges the alerts on these gauges."""
    names = sorted(breach.names)
    chosen = judging.choose(rules, lambda a: about(a, breach.names), names=names, ignore=setting.ignore)
    if chosen.alerts:
        return [*judging.judge(chosen.alerts, trial(breach, setting.exposed, promise), setting), *chosen.doubts]
    message = f"no alert compares {' or '.join(names[:6])}: nobody hears of {breach.about} before users do"
    lacking = Verdict(outcome="inconclusive" if chosen.doubts else "failed", message=message)
    return [lacking, *_strangers(chosen.others, breach, setting), *chosen.doubts]


def _strangers(others: Sequence[Alert], breach: Breach, setting: Setting) -> list[Verdict]:
    """Alerts on something of nearly that name: it was renamed, or never was."""
    return [
        Verdict(outcome="failed", message=f"{alert.rule.place} reads {name}, which the service does not expose{hint}")
        for alert in others
        for name in setting.exposed.unknown(alert.selectors)
        if (hint := near(name, breach.names))
    ]


def memory(exposed: Exposed, rules: RuleSet, limit: float, chosen: Sequence[str] = ()) -> tuple[Exposed, Breach]:
    """Memory as the process shows it, and as cAdvisor does where rules read that: now, and at its limit.

    Args:
        exposed: What the service exposes.
        rules: All rules.
        limit: Bytes that the service may take.
        chosen: Gauges of memory; found by name where none are given.
    """
    own = tuple(chosen) or named(exposed, MEMORY, NO_MEMORY)
    used = max((s.value for s in exposed.samples if s.name in own), default=limit / 4)
    text = "\n".join(rule.expr for rule in rules.rules)
    read = [name for name in CADVISOR if name in text]
    foreign = [_sample(name, used) for name in read] + [_sample(name, limit) for name in CAPACITY if name in text]
    wider = Exposed(samples=(*exposed.samples, *foreign), moved=exposed.moved, seconds=exposed.seconds,
                    where=exposed.where)  # fmt: skip
    names = frozenset((*own, *read))
    says = f"memory is at {FULL:.0%} of the limit of {limit / 1e6:,.0f} MB"
    return wider, Breach(about="memory", names=names, healthy={}, bad=dict.fromkeys(names, FULL * limit), says=says)


def _sample(name: str, value: float) -> Sample:
    labels = {"resource": "memory", "unit": "byte"} if name.startswith("kube_") else {"image": "mlready"}
    return SimpleNamespace(name=name, labels=labels, value=value, kind="gauge", time=None)


def queue(promise: Promise, names: Sequence[str], limit: float | None) -> Breach:
    """Requests that wait or are under way: as Little's law has it when all is well, and many times that.

    Args:
        promise: Traffic and objectives.
        names: Gauges of queues.
        limit: How many the service takes before it refuses; None: ten times what is under way when every request takes
            the objective of its tail.
    """
    seconds = promise.tail[1] if promise.tail else promise.body
    most = limit if limit is not None else max(CROWD, CROWD * promise.rps * seconds)
    usual = {name: 0.0 if RATIO.search(name) else _usual(name, promise) for name in names}
    bad = {name: 1.0 if RATIO.search(name) else most for name in names}
    says = f"{most:g} requests wait or are under way"
    return Breach(about="the queue", names=frozenset(names), healthy=usual, bad=bad, says=says)


def _usual(name: str, promise: Promise) -> float:
    """Little's law for what is under way; nothing waits on a good day."""
    return 0.0 if re.search(r"queue|waiting|pending|backlog", name) else promise.rps * promise.body


def shown(exposed: Exposed, names: Sequence[str], what: str) -> list[Verdict]:
    """Whether series are there, with numbers in them."""
    if not names:
        message = f"{exposed.where} shows nothing about {what}"
        return [Verdict(outcome="failed", message=message)]
    odd = [s.name for s in exposed.samples if s.name in names and not math.isfinite(s.value)]
    noted = Measurement(name=f"series on {what}", value=", ".join(names)[:200], n=len(names))
    if odd:
        return [Verdict(outcome="failed", message=f"{odd[0]} is not a number", measurements=(noted,))]
    return [Verdict(outcome="passed", message=f"{what}: {', '.join(names)}", measurements=(noted,))]


def read_by_an_alert(rules: RuleSet, names: Sequence[str], what: str) -> list[Verdict]:
    """Whether some alert reads one of these series; how it behaves is not tried."""
    wanted = frozenset(names)
    chosen = judging.choose(rules, lambda a: about(a, wanted), names=names)
    if chosen.alerts:
        told = ", ".join(alert.rule.name for alert in chosen.alerts)
        return [Verdict(outcome="passed", message=f"alerts on {what}: {told}"), *chosen.doubts]
    return [Verdict(outcome="failed", message=f"no alert reads {what}"), *chosen.doubts] if names else []
