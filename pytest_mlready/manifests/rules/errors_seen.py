"""Judges alerts on the error budget with the series that provoked errors really moved."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.manifests.rules import judging, traffic
from pytest_mlready.manifests.rules.exposed import SCRAPED, Key
from pytest_mlready.manifests.rules.judging import Trial
from pytest_mlready.manifests.rules.traffic import Track
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet
    from pytest_mlready.manifests.rules.selectors import Selector
    from pytest_mlready.manifests.rules.traffic import Promise, Scenario

HALF = 0.5  # of a count for each request: what moves less does not count requests
HOUR, DAY = 3600.0, 86400.0
# (name, times the allowed rate of errors, seconds until somebody must know): above the factors 14.4, 6 and 1 that the
# Site Reliability Workbook, Alerting on SLOs, alerts on, within the windows that belong to them.
BURNS = (("fast", 20.0, HOUR), ("medium", 8.0, 6 * HOUR), ("slow", 1.5, 3 * DAY))
CLIENTS = 0.3  # share of requests that the clients themselves spoil, for which nobody is woken


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """By how much one request raises each series: one that succeeds, a client's mistake, a failure of the service."""

    good: Mapping[Key, float]
    client: Mapping[Key, float]
    server: Mapping[Key, float]


def told(seen: Seen) -> frozenset[Key]:
    """Counters that only failures of the service move."""
    return frozenset(k for k in _counts(seen.server) if k not in seen.good and k not in seen.client)


def _counts(moved: Mapping[Key, float]) -> set[Key]:
    """Series that count requests; seconds of time and CPU, and buckets of times, are not among them."""
    return {k for k, by in moved.items() if by >= HALF and not k[0].endswith(("_bucket", "_sum", "_seconds_total"))}


def about(alert: Alert, seen: Seen) -> bool:
    """Whether an alert tells failures from successes: by counting one without the other."""
    server = told(seen)
    good = [k for k in _counts(seen.good) if k not in seen.server]
    for selector in alert.selectors:
        if selector.for_absence:
            continue
        bad, fine = (any(_chooses(selector, k) for k in keys) for keys in (server, good))
        if bad and not fine:
            return True
        if fine and not bad and any(k[0] == selector.name for k in server):
            return True
    return False


def _chooses(selector: Selector, series: Key) -> bool:
    return selector.chooses(series[0], dict(series[1]), assumed=SCRAPED)


def mixed(calm: Scenario, seen: Seen, rps: float, *, client: float, server: float) -> Mapping[Key, Track]:
    """Series whose requests fail in these shares in the second phase, and hardly in the first."""
    kinds = (seen.good, seen.client, seen.server)
    before, after = (1.0, 0.0, 0.0), (1.0 - client - server, client, server)
    tracks: dict[Key, Track] = {}
    for series in {k for kind in kinds for k in kind}:
        if series in calm.tracks and not calm.tracks[series].rate:
            continue
        first, then = (
            rps * sum(share * kind.get(series, 0.0) for share, kind in zip(shares, kinds, strict=True))
            for shares in (before, after)
        )
        tracks[series] = Track(name=series[0], labels=dict(series[1]), rate=True, first=first, then=then)
    return tracks


def trial(exposed: Exposed, seen: Seen, promise: Promise) -> Trial:
    """Healthy traffic, spoilt requests, three burns of the budget, and an outage. Needs `promise.errors`."""
    assert promise.errors is not None, "the caller has looked"
    base = traffic.healthy(exposed, promise)

    def case(name: str, says: str, *, client: float = 0.0, server: float = 0.0, within: float = DAY * 60) -> Scenario:
        return base.changed(name, says, mixed(base, seen, promise.rps, client=client, server=server), within=within)

    few = traffic.WITHIN * promise.errors
    burns = [
        case(name, f"{share:.3%} of the requests fail, {share / promise.errors:.3g} times what is allowed, "
             f"for {within / HOUR:g} h", server=share, within=within)
        for name, factor, within in BURNS
        for share in [min(1.0, factor * promise.errors)]
    ]  # fmt: skip
    return Trial(
        about="errors",
        silent=(
            case("healthy", "healthy traffic", server=few),
            case("clients", f"{CLIENTS:.0%} of the requests are the clients' own mistakes", client=CLIENTS, server=few),
        ),
        loud=tuple(burns),
        worst=(case("outage", "every request fails", server=1.0),),
    )


def alerts(rules: RuleSet, seen: Seen, promise: Promise, setting: Setting) -> list[Verdict]:
    """Judges the alerts on errors."""
    names = sorted({k[0] for k in told(seen)})
    chosen = judging.choose(rules, lambda alert: about(alert, seen), names=names, ignore=setting.ignore)
    misses = [*_misses(chosen.others, names, setting)]
    if not chosen.alerts:
        counted = " or ".join(names)
        message = f"none of {len(rules.alerts)} alerts tells failures from successes by what counts them ({counted})"
        lacking = Verdict(outcome="inconclusive" if chosen.doubts else "failed", message=message)
        return [lacking, *misses, *chosen.doubts]
    return [*judging.judge(chosen.alerts, trial(setting.exposed, seen, promise), setting), *misses, *chosen.doubts]


def _misses(others: Iterable[Alert], names: list[str], setting: Setting) -> list[Verdict]:
    """Alerts on the counters of errors by a label that these do not have: they can never fire."""
    return [
        Verdict(outcome="failed", message=f"{alert.rule.place}: {why}")
        for alert in others
        for selector in alert.selectors
        if selector.name in names and (why := setting.exposed.misses(selector))
    ]
