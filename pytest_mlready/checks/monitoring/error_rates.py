"""Asks whether errors are counted by status and a burn of the budget alerts."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: provoked errors on staging: a "
        "bad request and a forced failure, after each of which the right counter must move, the 4xx apart from the "
        "5xx; and burn-rate rules executed on synthetic series. It passes when both counters move and the rules (14.4 "
        "over 1 h and 5 min, 6 over 6 h and 30 min, 1 over 3 d and 6 h) each fire on a breach and stay silent on "
        "healthy traffic. It fails when one does not. A service that may not be disturbed, or no promtool, is "
        "inconclusive. Counters that merely exist are weak evidence."
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
)
