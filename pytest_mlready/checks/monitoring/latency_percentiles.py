"""Asks whether latency percentiles are tracked and their alert fires."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: metrics scraped from the "
        "running service with a histogram bucket edge at the SLO, or recording rules; and alert rules that are "
        "executed by promtool on two synthetic series, made from your SLO and the metrics that the service really "
        "exposes. It passes when P50, P95 and P99 are all there, at least 1 alert fires on the breach and stays silent "
        "on the healthy series, and it carries a severity and a runbook link. It fails when the alert stays silent on "
        "the breach or fires on the healthy series, or a quantile is missing. No promtool, or a service without "
        "traffic, is inconclusive. Rules that only parse are weak evidence."
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
)
