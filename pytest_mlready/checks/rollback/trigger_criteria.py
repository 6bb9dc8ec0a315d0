"""Asks whether limits on latency, errors and drift that trigger a rollback are written and fire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import Alert, RuleSet
    from pytest_mlready.manifests.rules.traffic import Promise
    from pytest_mlready.manifests.rules.triggers import Trigger
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.provoked import Provoked
    from pytest_mlready.values import Verdict

    Tried = Callable[[Trigger, Alert, RuleSet], list[Verdict]]

EXAMPLE = (
    '[tool.mlready.items."rollback.trigger_criteria"] triggers = [{ signal = "latency", rule = "HighLatency", '
    'query = "job:latency:p99", threshold = 0.25, window = "5m", action = "roll back" }, …] for latency, errors, drift'
)

ITEM = Item(
    id="rollback.trigger_criteria",
    title="Trigger criteria: latency, error rate, drift",
    question=(
        "Is it fixed beforehand, for latency, error rate and drift, at which value you roll back, and does the trigger "
        "fire?"
    ),
    why=(
        "During an incident people hope for one more minute, and nobody wants to be the one who reverts. Limits agreed "
        "on in calm turn that into a rule. Limits in a wiki do not page anybody, and a query that returns nothing or "
        "NaN never crosses any limit."
    ),
    looks_at=(
        "The criteria in the option triggers, one table each: signal (latency, errors or drift), query, threshold, "
        "window, action, and rule, the alert that watches it. It fails when one of the three signals is missing, when "
        "a criterion lacks something, when it names a rule that is not there, or one that compares with another "
        "number, in the other direction, over another window, or reads something else. Each rule (or, without one, the "
        "query with its threshold) is evaluated by promtool. Latency and errors: on series made of what the running "
        "service exposes and of endpoint.slo, errors with the counters that provoked failures moved; it must fire at "
        "the latest when 80 % of the predictions take eight times the objective, or half of the requests fail, and be "
        "silent on healthy traffic and on the clients' own mistakes. Drift: the series that the query reads, found on "
        "the live page, stand at twice the stated threshold, where it must fire, and at 0.4 of it, where it must not. "
        "No data: the service is not scraped any more, and the drift figure is gone, or NaN; some alert on the same "
        'series, or on up, must fire then, unless the trigger says no_data = "ignore". Without triggers it is '
        "unverified. Without promtool, without objectives, where failures cannot be provoked, and for queries that are "
        "not understood it is inconclusive."
    ),
    how_to_fix=(
        "Take latency and errors from the SLO, and drift from the false-alarm rate that you can bear. State the window "
        "and who or what acts: automatic for a canary, a page for full traffic. Decide what NaN and missing data mean, "
        "and write it into the query. Test the rules in CI. Compare the limits with past incidents: would they have "
        "fired in time?"
    ),
    attestation=(
        "The three criteria with query, threshold, window and action, who agreed on them and when, when each was last "
        "made to fire, and what happens without data."
    ),
    lifetime_days=90,
    sources=(
        "Beyer et al. 2018, The Site Reliability Workbook, Alerting on SLOs",
        "Beyer et al. 2018, The Site Reliability Workbook, Canarying Releases",
        "Prometheus documentation, Unit testing for rules",
    ),
    options=(
        Option(
            name="triggers", type="tables", default=(),
            doc="Criteria: signal, rule, query, threshold, window, action; direction (above, below), no_data (alert, "
            "ignore).",
        ),
        *alerting.SHARED,
    ),
)  # fmt: skip


@pytest.mark.rollback("trigger_criteria")
def test_criteria_are_complete_and_agree_with_their_rules(mlready: Project, mlready_evidence: Evidence) -> None:
    """Latency, errors and drift each have query, threshold, window and action, and the rule says the same."""
    from pytest_mlready.manifests.rules import triggers
    from pytest_mlready.manifests.rules.selectors import NotUnderstoodError
    from pytest_mlready.values import Verdict

    stated, verdicts = _stated(mlready, mlready_evidence)
    rules = alerting.rules(mlready, mlready_evidence, mlready.options(ITEM.id))
    for trigger in stated:
        try:
            verdicts += triggers.alert(trigger, rules)[1]
        except NotUnderstoodError as error:
            verdicts.append(Verdict(outcome="inconclusive", message=f"the trigger for {trigger.signal}: {error}"))
    if not verdicts:
        message = f"{len(stated)} criteria are complete and agree with their rules"
        verdicts = [Verdict(outcome="passed", message=message)]
    mlready_evidence.grade("static")
    mlready_evidence.conclude(verdicts)


@pytest.mark.rollback("trigger_criteria")
@pytest.mark.parametrize("signal", ["latency", "errors", "drift"])
def test_the_trigger_fires(
    signal: str,
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_endpoint: Endpoint,
    request: pytest.FixtureRequest,
) -> None:
    """On a breach it fires, on a good day it does not, and without data it does not look healthy."""
    from pytest_mlready.manifests.rules import triggers
    from pytest_mlready.manifests.rules.selectors import NotUnderstoodError

    stated, _ = _stated(mlready, mlready_evidence)
    options = mlready.options(ITEM.id)
    rules = alerting.rules(mlready, mlready_evidence, options)
    mlready_evidence.grade("replayed")
    chosen = [trigger for trigger in stated if trigger.signal == signal]
    if not chosen:
        mlready_evidence.inconclusive(f"there is no complete trigger for {signal} that could be tried")
    verdicts: list[Verdict] = []
    try:
        trial = _trial(signal, mlready, mlready_endpoint, request)
        for trigger in chosen:
            followed, differences = triggers.alert(trigger, rules)
            verdicts += differences if followed is None else trial(trigger, followed, rules)
    except NotUnderstoodError as error:
        mlready_evidence.inconclusive(f"the trigger for {signal}: {error}")
    mlready_evidence.conclude(verdicts)


def _stated(mlready: Project, evidence: Evidence) -> tuple[list[Trigger], list[Verdict]]:
    """The criteria of the settings, and what they lack."""
    from pytest_mlready.manifests.rules import triggers

    tables = mlready.options(ITEM.id)["triggers"]
    if not tables:
        evidence.unverified("no criteria for a rollback are configured", fix=EXAMPLE)
    return triggers.read(tables)


def _trial(signal: str, mlready: Project, endpoint: Endpoint, request: pytest.FixtureRequest) -> Tried:
    """How a trigger for this signal is tried."""
    from pytest_mlready.errors import Inconclusive

    options, promise = mlready.options(ITEM.id), alerting.promise(mlready)
    if signal == "errors":
        if not promise.errors:
            raise Inconclusive(f"no objective for errors is set. Next step: {alerting.NO_SLO}")
        return _errors(mlready, promise, alerting.provoked(mlready, endpoint, request, options["metrics"]), endpoint)
    exposed = alerting.exposed(mlready, options, alerting.asked(endpoint, options["metrics"]), endpoint)
    setting = alerting.setting(options, exposed)
    if signal == "drift":
        return _drift(promise, setting)
    if promise.tail is None or not (exposed.latency or exposed.summaries):
        raise Inconclusive(f"no objective for latency, or no histogram of it. Next step: {alerting.NO_SLO}")
    return _latency(promise, setting)


def _latency(promise: Promise, setting: Setting) -> Tried:
    from pytest_mlready.manifests.rules import trigger_trials

    trial = trigger_trials.latency_slow(setting.exposed, promise)
    quiet = trigger_trials.silences(trial.silent[0])
    return lambda trigger, followed, rules: trigger_trials.tried(trigger, followed, rules, trial, quiet, setting)


def _errors(mlready: Project, promise: Promise, provoked: Provoked, endpoint: Endpoint) -> Tried:
    from pytest_mlready.manifests.rules import errors_seen, trigger_trials

    options = mlready.options(ITEM.id)
    seen = errors_seen.Seen(good=provoked.good.each, client=provoked.client.each, server=provoked.server.each)
    exposed = alerting.exposed(mlready, options, provoked.server, endpoint)
    setting, trial = alerting.setting(options, exposed), trigger_trials.errors_rise(exposed, seen, promise)
    quiet = trigger_trials.silences(trial.silent[0])
    return lambda trigger, followed, rules: trigger_trials.tried(trigger, followed, rules, trial, quiet, setting)


def _drift(promise: Promise, setting: Setting) -> Tried:
    from pytest_mlready.manifests.rules import traffic, trigger_trials
    from pytest_mlready.values import Verdict

    def tried(trigger: Trigger, followed: Alert, rules: RuleSet) -> list[Verdict]:
        exposed = setting.exposed
        names = frozenset(s.name for s in followed.selectors if s.name in exposed.by_name)
        if not names:
            unknown = ", ".join(exposed.unknown(followed.selectors))
            message = f"{followed.rule.place} reads {unknown}, which is on no page of metrics{exposed.near(unknown)}"
            return [Verdict(outcome="failed", message=message)]
        trial = trigger_trials.drift_grows(traffic.healthy(exposed, promise), trigger, names)
        quiet = trigger_trials.silences(trial.silent[0], names)
        return trigger_trials.tried(trigger, followed, rules, trial, quiet, setting)

    return tried
