"""Judges alerts on a counter of what must not happen: rows that break the schema, answers that are no numbers."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_mlready.errors import near
from pytest_mlready.manifests.rules import errors_seen, judging, traffic
from pytest_mlready.manifests.rules.exposed import Key  # noqa: TC001 - of a dataclass
from pytest_mlready.manifests.rules.judging import Trial
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet
    from pytest_mlready.manifests.rules.traffic import Promise, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A counter, and what raises it.

    Attributes:
        about: "rows that break the schema", for messages.
        good: By how much a good request raises each series.
        bad: By how much a bad one does, all bad ones alike.
        any_bad: By how much bad ones of every kind do, on average.
        series: Those of the counter.
        share: Share of the requests that are bad in a breach.
        normal: Share that is bad on a good day.
    """

    about: str
    good: Mapping[Key, float]
    bad: Mapping[Key, float]
    any_bad: Mapping[Key, float]
    series: frozenset[Key]
    share: float
    normal: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({name for name, _ in self.series}))


def trial(counted: Counted, exposed: Exposed, promise: Promise) -> Trial:
    """A good day, a breach, and a day on which nothing else comes."""
    base = traffic.healthy(exposed, promise)

    def case(name: str, bad: Mapping[Key, float], share: float, says: str) -> Scenario:
        seen = errors_seen.Seen(good=counted.good, client=bad, server={})
        before = errors_seen.mixed(base, seen, promise.rps, client=counted.normal, server=0.0)
        after = errors_seen.mixed(base, seen, promise.rps, client=share, server=0.0)
        tracks = {series: replace(track, first=before[series].then) for series, track in after.items()}
        return base.changed(name, says, tracks)

    about, usual = counted.about, f"{counted.normal:.2%}" if counted.normal else "no"
    return Trial(
        about=about,
        silent=(case("healthy", counted.any_bad, counted.normal, f"healthy traffic with {usual} {about}"),),
        loud=(case("breach", counted.bad, counted.share, f"{counted.share:.2%} of what is asked are {about}"),),
        worst=(case("worst", counted.any_bad, 1.0, f"nothing but {about}"),),
    )


def alerts(rules: RuleSet, counted: Counted, promise: Promise, setting: Setting) -> list[Verdict]:
    """Judges the alerts on the counter."""
    told = errors_seen.Seen(good=counted.good, client={}, server=dict.fromkeys(counted.series, 1.0))
    chosen = judging.choose(
        rules, lambda alert: errors_seen.about(alert, told), names=counted.names, ignore=setting.ignore
    )
    misses = [*_misses(chosen.others, counted, setting)]
    if chosen.alerts:
        judged = judging.judge(chosen.alerts, trial(counted, setting.exposed, promise), setting)
        return [*judged, *misses, *chosen.doubts]
    message = f"none of {len(rules.alerts)} alerts reads {' or '.join(counted.names)}: nobody hears of {counted.about}"
    lacking = Verdict(outcome="inconclusive" if chosen.doubts or rules.problems else "failed", message=message)
    return [lacking, *misses, *chosen.doubts]


def _misses(others: Sequence[Alert], counted: Counted, setting: Setting) -> Iterator[Verdict]:
    """Alerts on the counter by a label that it does not have, or by a name that is nearly its own: they never fire."""
    for alert in others:
        for selector in alert.selectors:
            if selector.name in counted.names and (why := setting.exposed.misses(selector)):
                yield Verdict(outcome="failed", message=f"{alert.rule.place}: {why}")
        for name in setting.exposed.unknown(alert.selectors):
            if hint := near(name, counted.names):
                told = f"{alert.rule.place} reads {name}, which the service does not expose{hint}"
                yield Verdict(outcome="failed", message=told)
