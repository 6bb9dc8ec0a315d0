"""Asks whether errors are counted by status and a burn of the budget alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item
from pytest_mlready.checks import alerting

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint

ITEM = Item(
    id="monitoring.error_rates",
    title="Error rates and status codes",
    question="Are errors counted by status code, and does an alert fire when they eat the error budget?",
    why=(
        "A service can answer 200 with an error inside, count a time-out nowhere, or label each failure as the "
        "client's fault. Then the error rate stays at zero through the outage. An alert on a fixed percentage either "
        "wakes people for a blip or misses a slow leak that spends the month's budget."
    ),
    looks_at=(
        "Errors are provoked and what counts them is watched on the live page of metrics, whatever it is called. Five "
        "requests with half a body go to the running service and must be answered 4xx; five good ones go to a second "
        "process that is started without its model (without_model) and must be answered 5xx. It passes when for each "
        "of the two some counter rises by exactly as many (by at least as many while xdist workers ask too) that good "
        "requests do not move, the 5xx apart from the 4xx, and where a label has the form of a status it is the one "
        "that was answered. It fails when errors are counted not at all, twice, as successes or under another status. "
        "A service that may not be disturbed, ends without its model, or does not answer so is inconclusive. Then the "
        "alerts that tell these failures from successes (by their query, recording rules followed) are evaluated by "
        "promtool on those very series at the expected peak. From endpoint.slo.errors come three burns, each of which "
        "some alert must catch in time: 20 times the allowed rate within 1 h, 8 times within 6 h, 1.5 times within 3 "
        "d, above the factors 14.4, 6 and 1 of the Site Reliability Workbook. None may fire while a tenth of the "
        "budget is used, nor when 30 % of the requests are the clients' own mistakes; each must fire when everything "
        "fails. Pairs of windows that follow the Workbook are recorded. Severity and a link to a runbook are asked of "
        "each. Queries that are not understood and a missing promtool are inconclusive."
    ),
    how_to_fix=(
        "Count requests with method, route and status at the outermost layer, so that crashes and time-outs are "
        "included. Count fallbacks and empty predictions as errors of their own kind. Derive alerts from the objective "
        "by burn rate over a long and a short window. Add a way to provoke a failure on staging, and try it after each "
        "release."
    ),
    attestation=(
        "The objective, which errors were provoked and which counters moved, rules with windows, proof that each fired "
        "and stayed silent, date and recipients."
    ),
    lifetime_days=90,
    sources=(
        "Beyer et al. 2018, The Site Reliability Workbook, Alerting on SLOs",
        "Beyer et al. 2016, Site Reliability Engineering, Service Level Objectives",
        "Prometheus documentation, Unit testing for rules",
    ),
    options=alerting.SHARED,
)  # fmt: skip


@pytest.mark.monitoring("error_rates")
def test_provoked_errors_move_the_right_counters(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint, request: pytest.FixtureRequest
) -> None:
    """Refused requests and failures are counted apart, by as many, under the status that was answered."""
    from pytest_mlready.serving import provoked

    mlready_evidence.grade("live")
    options = mlready.options(ITEM.id)
    seen = alerting.provoked(mlready, mlready_endpoint, request, options["metrics"])
    exactly = not mlready.alone and mlready_endpoint.started
    names = {series[0] for series in provoked.apart(seen.client, (seen.good,))}
    mlready_evidence.conclude(
        [*provoked.judge(seen, exactly=exactly), *alerting.live(options, mlready_endpoint, sorted(names))]
    )


@pytest.mark.monitoring("error_rates")
def test_a_burning_error_budget_fires_an_alert(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint, request: pytest.FixtureRequest
) -> None:
    """Fast, medium and slow burns each fire an alert; healthy traffic and clients' mistakes fire none."""
    from pytest_mlready.manifests.rules import burn_rates, errors_seen, judging

    options, promise = mlready.options(ITEM.id), alerting.promise(mlready)
    rules = alerting.rules(mlready, mlready_evidence, options)
    if not promise.errors:
        mlready_evidence.inconclusive(f"no objective for errors is set. Next step: {alerting.NO_SLO}")
    mlready_evidence.grade("replayed")
    verdicts = alerting.sound(rules, mlready_evidence)
    provoked = alerting.provoked(mlready, mlready_endpoint, request, options["metrics"])
    seen = errors_seen.Seen(good=provoked.good.each, client=provoked.client.each, server=provoked.server.each)
    if not errors_seen.told(seen):
        mlready_evidence.inconclusive("no counter tells failures from successes, so that no alert can be tried")
    exposed = alerting.exposed(mlready, options, provoked.server, mlready_endpoint)
    setting = alerting.setting(options, exposed)
    verdicts += errors_seen.alerts(rules, seen, promise, setting)
    tried = judging.choose(rules, lambda alert: errors_seen.about(alert, seen), names=(), ignore=options["ignore"])
    for burn in burn_rates.recognised(rules, tried.alerts, promise.errors):
        note = "one of the Workbook's pairs" if burn_rates.is_standard(burn) else "a pair of its own"
        mlready_evidence.record(f"burn rate of {burn.alert}", str(burn), note=note)
    mlready_evidence.conclude(verdicts)
