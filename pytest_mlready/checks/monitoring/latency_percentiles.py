"""Asks whether latency percentiles are tracked and their alert fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint

NEXT = 'Next step: Histogram("http_request_duration_seconds", …), observed for each request'

ITEM = Item(
    id="monitoring.latency_percentiles",
    title="P50/P95/P99 tracked with alert thresholds",
    question="Are the latency percentiles tracked, and does an alert fire when they break the objective?",
    why=(
        "An average hides the slow tail, and the tail is what users with many calls meet every time. Alerts on latency "
        "are often dead from birth: seconds compared with milliseconds, a metric that was renamed, histogram buckets "
        "that end below the objective, so that the percentile can never cross it."
    ),
    looks_at=(
        "The live page of metrics, read with the good credential, and the alert rules: those named in rules, or those "
        "found (Prometheus' own files, PrometheusRule objects, ConfigMaps; recording rules are followed). The "
        "histogram of latency is the one that good requests move; its unit is what its name says, held against the "
        "time that the client waited. Each objective of endpoint.slo must be one of its bucket edges, with buckets "
        "beyond; P50, P95 and P99 must be computed by rules or dashboards, or that edge be there. Alerts that read "
        "this histogram, however they are called, are evaluated by promtool on series made of the exposed names, "
        "labels and edges at the expected peak: none may fire while a tenth of the allowed slow requests are slow, at "
        "least one must fire when twenty times as many as allowed (at most 80 %) take twice the objective of the "
        "highest percentile, and each must fire at the latest when every request is beyond the last bucket. Each needs "
        "a label severity and a link to a runbook. So a wrong unit, a wrong direction, a renamed metric, a label that "
        "is not there, and a window with fewer than two scrapes fail. Files that Prometheus would refuse fail. Queries "
        "that are not understood, a missing promtool, a service without such a histogram to read and no objective are "
        "inconclusive. A running Prometheus is asked as well where one is named."
    ),
    how_to_fix=(
        "Export a histogram of seconds with an edge exactly at each objective. Record the three quantiles over merged "
        "buckets of all replicas; never average percentiles of replicas. Alert on the objective over a window long "
        "enough for p99 to have samples. Write promtool tests for both series and run them in CI."
    ),
    attestation=(
        "Where each percentile is shown, the alert with threshold and window, when and how it was made to fire, who "
        "received it, and its runbook."
    ),
    lifetime_days=90,
    sources=(
        "Prometheus documentation, Histograms and summaries; Unit testing for rules",
        "Dean, Barroso 2013, The Tail at Scale",
        "Beyer et al. 2016, Site Reliability Engineering, Monitoring Distributed Systems",
    ),
    options=(
        *alerting.SHARED,
        Option(name="dashboards", type="strings", default=(), doc="Grafana dashboards as JSON: files or globs."),
        Option(
            name="elsewhere", type="strings", default=(),
            doc="Metrics in the rules that other services expose, though their names are like those of this one.",
        ),
    ),
)  # fmt: skip


@pytest.mark.monitoring("latency_percentiles")
def test_buckets_can_tell_the_objective(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint
) -> None:
    """The live histogram has an edge at each objective, and the three percentiles are computed or computable."""
    from pytest_mlready.manifests.rules import dashboards, latency, reading
    from pytest_mlready.values import Verdict

    options, promise = mlready.options(ITEM.id), alerting.promise(mlready)
    if promise.tail is None:
        mlready_evidence.inconclusive(f"no objective for latency is set. Next step: {alerting.NO_SLO}")
    exposed = alerting.exposed(mlready, options, alerting.asked(mlready_endpoint, options["metrics"]), mlready_endpoint)
    if not exposed.latency and not exposed.summaries:
        lacking = f"no histogram of time on {exposed.where} was moved by the good request. {NEXT}"
        mlready_evidence.conclude([Verdict(outcome="failed", message=lacking)])
    mlready_evidence.record("latency is exposed by", ", ".join((*exposed.latency, *exposed.summaries)))
    paths = mlready.files(options["rules"], "the rule file") if options["rules"] else mlready.discovered.rules
    rules = reading.read([mlready.root / path for path in paths], root=mlready.root)
    boards = dashboards.queries(mlready.files(options["dashboards"], "the dashboard"))
    names = [f"{name}_bucket" for name in exposed.latency]
    mlready_evidence.conclude([
        *latency.histogram(exposed, promise),
        latency.quantiles(rules, exposed, promise, boards),
        *alerting.live(options, mlready_endpoint, names),
    ])  # fmt: skip


@pytest.mark.monitoring("latency_percentiles")
def test_an_alert_fires_when_the_objective_is_broken(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint
) -> None:
    """Evaluated on series that the service would send, alerts on latency fire on a breach and are silent otherwise."""
    from pytest_mlready.manifests.rules import latency

    options, promise = mlready.options(ITEM.id), alerting.promise(mlready)
    rules = alerting.rules(mlready, mlready_evidence, options)
    if promise.tail is None:
        mlready_evidence.inconclusive(f"no objective for latency is set. Next step: {alerting.NO_SLO}")
    mlready_evidence.grade("replayed")
    verdicts = alerting.sound(rules, mlready_evidence)
    exposed = alerting.exposed(mlready, options, alerting.asked(mlready_endpoint, options["metrics"]), mlready_endpoint)
    if not exposed.latency and not exposed.summaries:
        mlready_evidence.inconclusive(f"no histogram of time on {exposed.where} was moved by the good request. {NEXT}")
    setting = alerting.setting(options, exposed)
    verdicts += latency.alerts(rules, promise, setting, elsewhere=options["elsewhere"])
    mlready_evidence.conclude(verdicts)
