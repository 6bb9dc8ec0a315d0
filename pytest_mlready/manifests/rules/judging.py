"""Judges alerts by what they do: fire on every breach, stay silent otherwise, and say whom to wake and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_mlready.errors import MissingExtra
from pytest_mlready.manifests.rules import explaining, firing
from pytest_mlready.manifests.rules.exposed import Exposed  # noqa: TC001 - of a dataclass
from pytest_mlready.manifests.rules.selectors import NotUnderstoodError
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.rules.firing import Results
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet
    from pytest_mlready.manifests.rules.traffic import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where alerts are evaluated.

    Attributes:
        exposed: What the service exposes.
        scrape: Seconds between two scrapes.
        labels: What Prometheus adds when it scrapes.
        ignore: Names of alerts that are about something else.
    """

    exposed: Exposed
    scrape: float = firing.SCRAPE
    labels: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What alerts must do.

    Attributes:
        about: "latency", for messages.
        silent: Scenarios in which none may fire.
        loud: Scenarios in each of which at least one must fire.
        worst: Further ones; an alert that is silent in all of `loud` and `worst` can never fire.
    """

    about: str
    silent: tuple[Scenario, ...]
    loud: tuple[Scenario, ...]
    worst: tuple[Scenario, ...] = ()

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        return (*self.silent, *self.loud, *self.worst)


@dataclass(slots=True, kw_only=True)
class Chosen:
    """Alerts that are about one thing, and what stands in the way of knowing all of them."""

    alerts: list[Alert] = field(default_factory=list)
    others: list[Alert] = field(default_factory=list)
    doubts: list[Verdict] = field(default_factory=list)


def choose(
    rules: RuleSet, about: Callable[[Alert], bool], *, names: Sequence[str], ignore: Sequence[str] = ()
) -> Chosen:
    """The alerts for which `about` is true; one that is not understood is a doubt where its text has one of `names`.

    Raises:
        MissingExtra: The parser of PromQL is not installed.
    """
    chosen = Chosen()
    for rule in rules.alerts:
        if rule.name in ignore:
            continue
        try:
            alert = rules.follow(rule)
            (chosen.alerts if about(alert) else chosen.others).append(alert)
        except MissingExtra:
            raise
        except NotUnderstoodError as error:
            if any(name in rule.expr for name in names):
                chosen.doubts.append(Verdict(outcome="inconclusive", message=f"{rule.place}: {error}"))
    return chosen


def judge(alerts: Sequence[Alert], trial: Trial, setting: Setting) -> list[Verdict]:
    """One finding for each alert that does not do what it must, and for each breach that wakes nobody; else a pass.

    Raises:
        Inconclusive: promtool is missing or too slow.
    """
    results = firing.run(alerts, trial.scenarios, scrape=setting.scrape, labels=setting.labels)
    verdicts = [v for n, alert in enumerate(alerts) for v in _of(n, alert, results, trial, setting)]
    doubtful = bool(results.doubts)
    verdicts += [v for breach in trial.loud if (v := _unheard(breach, alerts, results, trial, doubtful=doubtful))]
    if verdicts or not alerts:
        return verdicts
    names = ", ".join(alert.rule.name for alert in alerts)
    counted = Measurement(name=f"alerts on {trial.about} that fire on a breach and are silent otherwise",
                          value=len(alerts), min=1, note=names[:200])  # fmt: skip
    return [Verdict(outcome="passed", message=f"{names}: fire on a breach, silent otherwise", measurements=(counted,))]


def _of(number: int, alert: Alert, results: Results, trial: Trial, setting: Setting) -> Iterator[Verdict]:
    place = alert.rule.place
    if why := results.doubts.get(number):
        yield Verdict(outcome="inconclusive", message=f"{place}: {why}")
        return
    for calm in trial.silent:
        if results.fired[number, calm.name]:
            why = explaining.noise(alert, setting)
            yield _failed(f"{place} fires on {calm.says}{why}. Its query: {_short(alert.rule.expr)}")
    if not results.in_any(number, [s.name for s in (*trial.loud, *trial.worst)]):
        worst = (*trial.loud, *trial.worst)[-1]
        why = explaining.silence(alert, setting)
        yield _failed(f"{place} stays silent even on this: {worst.says}{why}. Its query: {_short(alert.rule.expr)}")
    if short := explaining.too_short(alert, setting):
        yield _failed(f"{place}: {short}")
    yield from _labels(alert)


def _labels(alert: Alert) -> Iterator[Verdict]:
    place = alert.rule.place
    if not alert.rule.severity:
        yield _failed(f"{place} has no label severity. Next step: labels: {{ severity: page }}, or ticket")
    if not alert.rule.runbook:
        step = "annotations: { runbook_url: docs/runbook.md#… }"
        yield _failed(f"{place} has no link to a runbook (annotation runbook_url). Next step: {step}")


def _unheard(
    breach: Scenario, alerts: Sequence[Alert], results: Results, trial: Trial, *, doubtful: bool
) -> Verdict | None:
    fired = any(results.fired.get((n, breach.name)) for n in range(len(alerts)))
    if fired:
        return None
    names = ", ".join(alert.rule.name for alert in alerts) or "there is none"
    message = f"no alert on {trial.about} fires on this: {breach.says} (alerts tried: {names})"
    return Verdict(outcome="inconclusive" if doubtful else "failed", message=message)


def _failed(message: str) -> Verdict:
    return Verdict(outcome="failed", message=message)


def _short(expr: str) -> str:
    text = " ".join(expr.split())
    return text if len(text) <= 200 else f"{text[:200]}…"
