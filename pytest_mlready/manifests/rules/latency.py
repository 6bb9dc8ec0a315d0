"""Judges how latency is watched: buckets that can tell the objective, quantiles, and an alert that works."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_mlready.errors import near
from pytest_mlready.manifests.rules import judging, promql, traffic
from pytest_mlready.manifests.rules.judging import Trial
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet
    from pytest_mlready.manifests.rules.traffic import Promise

TRACKED = (0.5, 0.95, 0.99)


def trial(exposed: Exposed, promise: Promise) -> Trial:
    """Healthy traffic, the tail at twice its objective, and predictions slower than the last bucket.

    Needs an objective (`promise.tail`).
    """
    assert promise.tail is not None, "the caller has looked"
    quantile, seconds = promise.tail
    calm = traffic.healthy(exposed, promise)
    shares = promise.breach(quantile, seconds)
    slow = f"{shares[1][1]:.0%} of the predictions take {shares[1][0] * 1000:.0f} ms"
    breach: dict[traffic.Key, traffic.Track] = {}
    beyond: dict[traffic.Key, traffic.Track] = {}
    for name in exposed.latency:
        breach |= traffic.latencies(exposed, name, promise, shares)
        beyond |= traffic.latencies(exposed, name, promise, shares, beyond=True)
    for name in exposed.summaries:
        breach |= traffic.quantiles(exposed, name, shares, promise)
        beyond |= traffic.quantiles(exposed, name, ((math.inf, 1.0),), promise)
    objective = f"p{100 * quantile:g} ≤ {seconds * 1000:g} ms"
    return Trial(
        about="latency",
        silent=(calm,),
        loud=(calm.changed("tail", f"{slow}, against an objective of {objective}", breach),),
        worst=(calm.changed("beyond", "every prediction takes longer than the last bucket", beyond),),
    )


def about(alert: Alert, exposed: Exposed) -> bool:
    """Whether an alert reads the times of predictions, and not merely how many there are."""
    timed = {f"{name}{suffix}" for name in exposed.latency for suffix in ("_bucket", "_sum")}
    timed |= {*exposed.summaries, *(f"{name}_sum" for name in exposed.summaries)}
    return any(s.name in timed and not s.for_absence for s in alert.selectors)


def alerts(rules: RuleSet, promise: Promise, setting: Setting, *, elsewhere: Sequence[str] = ()) -> list[Verdict]:
    """Judges the alerts on latency.

    Args:
        rules: All rules.
        promise: With an objective for latency.
        setting: What is exposed and how it is scraped.
        elsewhere: Metrics that other services expose.
    """
    exposed = setting.exposed
    names = (*exposed.latency, *exposed.summaries)
    chosen = judging.choose(rules, lambda alert: about(alert, exposed), names=names, ignore=setting.ignore)
    gone = [v for alert in chosen.others if (v := _vanished(alert, setting, elsewhere))]
    if not chosen.alerts:
        looked = f"{len(rules.alerts)} alerts were looked at"
        message = f"no alert reads {' or '.join(names)}, where the service puts the times of predictions ({looked})"
        lacking = Verdict(outcome="inconclusive" if chosen.doubts else "failed", message=message)
        return [lacking, *gone, *chosen.doubts]
    return [*judging.judge(chosen.alerts, trial(exposed, promise), setting), *gone, *chosen.doubts]


def _vanished(alert: Alert, setting: Setting, elsewhere: Sequence[str]) -> Verdict | None:
    """A finding where an alert computes a quantile of something that nearly has the name of what is exposed."""
    known = [f"{name}_bucket" for name in setting.exposed.latency] + list(setting.exposed.summaries)
    for name in setting.exposed.unknown(alert.selectors):
        similar = near(name, known)
        if similar and (alert.quantiles or name.endswith("_bucket")) and name not in elsewhere:
            message = (
                f"{alert.rule.place} reads {name}, which {setting.exposed.where} does not have{similar} "
                "If another service exposes it, name it in the option elsewhere"
            )
            return Verdict(outcome="failed", message=message)
    return None


def histogram(exposed: Exposed, promise: Promise) -> list[Verdict]:
    """Whether the buckets can tell each objective: an edge there, and buckets beyond; one histogram is enough."""
    wrong = [told for name in exposed.latency if (told := exposed.mistaken_unit(name))]
    verdicts = [Verdict(outcome="failed", message=told) for told in wrong]
    sound = [name for name in exposed.latency if not exposed.mistaken_unit(name)]
    for quantile, seconds in sorted(promise.latency.items()):
        edges = [_edge(exposed, name, quantile, seconds) for name in sound]
        verdicts += [v for v in edges if v.outcome == "passed"] or edges
    return verdicts


def _edge(exposed: Exposed, name: str, quantile: float, seconds: float) -> Verdict:
    edges, wanted = exposed.edges(name), seconds * exposed.scale(name)
    at = any(math.isclose(edge, wanted, rel_tol=1e-6) for edge in edges)
    noted = Measurement(name=f"bucket edge of {name} at the objective for p{100 * quantile:g}", value=at,
                        note=f"{wanted:g} among {', '.join(f'{e:g}' for e in edges)}"[:200])  # fmt: skip
    if at and edges[-1] > wanted:
        return Verdict(outcome="passed", message=f"{name} has an edge at {wanted:g}", measurements=(noted,))
    beyond = [edge for edge in edges if edge > wanted]
    nearest = " and ".join(f"{e:g}" for e in (*[e for e in edges if e < wanted][-1:], *beyond[:1]))
    found = f"the nearest are {nearest}" if beyond else "none lies beyond, so that no percentile ever crosses it"
    message = (
        f"{name} has no bucket edge at the objective for p{100 * quantile:g}, {wanted:g}: {found}. What lies between "
        f"two edges is a guess. Next step: buckets=(…, {wanted:g}, …) with some beyond"
    )
    return Verdict(outcome="failed", message=message, measurements=(noted,))


def tracked(rules: RuleSet, exposed: Exposed, boards: Iterable[str]) -> frozenset[float]:
    """Quantiles of the exposed times that rules or dashboards compute."""
    found: set[float] = set()
    for rule in rules.rules:
        try:
            followed = rules.follow(rule)
        except NotUnderstoodError:
            continue
        if about(followed, exposed):
            found.update(followed.quantiles)
    bucket = {f"{name}_bucket" for name in exposed.latency} | set(exposed.summaries)
    for expr in boards:
        try:
            query = promql.parse(expr)
        except NotUnderstoodError:
            continue
        found |= set(query.quantiles) if any(s.name in bucket for s in query.selectors) else set()
    return frozenset(found)


def quantiles(rules: RuleSet, exposed: Exposed, promise: Promise, boards: Iterable[str]) -> Verdict:
    """Whether P50, P95 and P99 are there: computed somewhere, or computable from an edge at the objective."""
    found = tracked(rules, exposed, boards)
    missing = [q for q in TRACKED if not any(math.isclose(q, f, abs_tol=1e-9) for f in found)]
    shown = ", ".join(f"p{100 * q:g}" for q in sorted(found)) or "none"
    noted = Measurement(name="quantiles computed by rules and dashboards", value=shown)
    edged = any(v.outcome == "passed" for v in histogram(exposed, promise))
    if not missing or edged:
        return Verdict(outcome="passed", message=f"quantiles computed: {shown}", measurements=(noted,))
    lacking = ", ".join(f"p{100 * q:g}" for q in missing)
    step = "record histogram_quantile over the merged buckets of all replicas for each"
    return Verdict(
        outcome="failed", message=f"{lacking} is not computed anywhere. Next step: {step}", measurements=(noted,)
    )
