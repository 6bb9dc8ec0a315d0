"""Tries out the criteria for a rollback: each on a breach, on a good day, and without data."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pytest_mlready.manifests.rules import errors_seen, firing, judging, latency, traffic
from pytest_mlready.manifests.rules.judging import Trial
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.manifests.rules.errors_seen import Seen
    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet
    from pytest_mlready.manifests.rules.traffic import Promise, Scenario
    from pytest_mlready.manifests.rules.triggers import Trigger

SEVERE = 8.0  # times the objective for latency, up to which a rollback may wait
BEYOND = 2.0  # times the threshold that a figure of drift stands at in a breach
BELOW = 0.4  # of the threshold at which it stands when healthy
SHARE = re.compile(r"_(share|ratio|fraction|probability|pvalue|p_value)$")  # between 0 and 1, by Prometheus' own naming


def drift_grows(calm: Scenario, trigger: Trigger, names: frozenset[str]) -> Trial:
    """The figure far below its threshold, and at twice of it (the other way round for a threshold from below)."""
    good, bad = _sides(trigger, shares=bool(names) and all(SHARE.search(name) for name in names))
    tracks = {
        series: traffic.steady(track, good, good) if track.name in names else track
        for series, track in calm.tracks.items()
    }
    quiet = traffic.Scenario(name="healthy", says=f"drift at {good:g}", tracks=tracks)
    loud = traffic.level(quiet, names, bad, name="bad", says=f"drift stands at {bad:g}")
    return Trial(about="drift", silent=(quiet,), loud=(loud,))


def _sides(trigger: Trigger, *, shares: bool) -> tuple[float, float]:
    """Where the figure stands on a good day and on a bad one; a share has no more than all of itself."""
    limit = trigger.threshold
    low, high = (BELOW * limit, BEYOND * limit) if limit > 0 else (limit - 1.0, limit + 1.0)
    if limit == 0 and trigger.direction == "above":
        low = 0.0  # an alarm that is 0 or 1
    if shares:
        low, high = min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)
    return (low, high) if trigger.direction == "above" else (high, low)


def latency_slow(exposed: Exposed, promise: Promise) -> Trial:
    """Healthy traffic, the tail at twice its objective, and nearly all predictions at eight times of it."""
    base = latency.trial(exposed, promise)
    assert promise.tail is not None, "the base has looked"
    slow = SEVERE * promise.tail[1]
    shares = ((promise.body, 1 - traffic.MOST_SLOW), (slow, traffic.MOST_SLOW))
    then: dict[traffic.Key, traffic.Track] = {}
    for name in exposed.latency:
        then |= traffic.latencies(exposed, name, promise, shares)
    for name in exposed.summaries:
        then |= traffic.quantiles(exposed, name, shares, promise)
    says = f"{traffic.MOST_SLOW:.0%} of the predictions take {slow * 1000:g} ms"
    worst = (*base.loud, base.silent[0].changed("severe", says, then))
    return Trial(about="latency", silent=base.silent, loud=(), worst=worst)


def errors_rise(exposed: Exposed, seen: Seen, promise: Promise) -> Trial:
    """Healthy traffic, the clients' own mistakes, a fast burn of the budget, and half of all requests failing."""
    base = errors_seen.trial(exposed, seen, promise)
    calm = base.silent[0]
    half = errors_seen.mixed(calm, seen, promise.rps, client=0.0, server=0.5)
    worst = (base.loud[0], calm.changed("half", "half of the requests fail", half))
    return Trial(about="errors", silent=base.silent, loud=(), worst=worst)


def tried(  # noqa: PLR0913, PLR0917 - what, against what, where
    trigger: Trigger, followed: Alert, rules: RuleSet, trial: Trial, quiet: Sequence[Scenario], setting: Setting
) -> list[Verdict]:
    """What one trigger does in its trial, and what is heard when there is no figure.

    Raises:
        Inconclusive: promtool is missing.
    """
    return [
        *judging.judge([followed], trial, setting),
        *without_data(trigger, followed, rules, quiet, setting),
    ]


def silences(calm: Scenario, figures: frozenset[str] = frozenset()) -> tuple[Scenario, ...]:
    """Ways in which there is nothing to compare: the service is not scraped; a figure is gone, or not a number."""
    gone = traffic.gone(calm)
    if not figures:
        return (gone,)
    shown = ", ".join(sorted(figures))
    absent = traffic.level(calm, figures, None, name="absent", says=f"{shown} is not there any more")
    strange = traffic.level(calm, figures, math.nan, name="NaN", says=f"{shown} is NaN")
    return (gone, absent, strange)


def without_data(
    trigger: Trigger, followed: Alert, rules: RuleSet, scenarios: Sequence[Scenario], setting: Setting
) -> list[Verdict]:
    """Whether somebody hears of it when there is no figure to compare.

    Any alert counts that reads one of the same series, or whether the service is scraped at all.

    Raises:
        Inconclusive: promtool is missing.
    """
    if trigger.no_data == "ignore":
        return []
    names = {s.name for s in followed.selectors} | {"up"}
    watching, doubts = _watching(rules, frozenset(n for n in names if n is not None))
    watching = watching or [followed]
    results = firing.run(watching, scenarios, scrape=setting.scrape, labels=setting.labels)
    unsure = doubts or bool(results.doubts)
    return [_unheard(trigger, s, unsure=unsure) for s in scenarios if not results.in_any_alert(s.name)]


def _watching(rules: RuleSet, names: frozenset[str]) -> tuple[list[Alert], bool]:
    """Alerts that read one of these series, and whether there are others that are not understood."""
    watching, doubts = [], False
    for rule in rules.alerts:
        try:
            alert = rules.follow(rule)
        except NotUnderstoodError:
            doubts = True
            continue
        if any(s.name in names for s in alert.selectors):
            watching.append(alert)
    return watching, doubts


def _unheard(trigger: Trigger, scenario: Scenario, *, unsure: bool) -> Verdict:
    message = (
        f"the trigger for {trigger.signal} looks healthy on this: {scenario.says}; no alert fires. "
        'Next step: an alert on absent(…) and on x != x, or no_data = "ignore" in the trigger, if that was decided'
    )
    return Verdict(outcome="inconclusive" if unsure else "failed", message=message)
