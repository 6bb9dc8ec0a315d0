"""Asks whether limits on latency, errors and drift that trigger a rollback are written and fire."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a machine-readable file, or "
        "rules, in which each of the three signals (latency, error rate, drift) has a query, a threshold, a window and "
        "an action; and each of them executed on a synthetic breach, a healthy series, and a series of NaN and of no "
        "data. It passes when all three fire on the breach, stay silent when healthy, and treat NaN and absence as you "
        "declared. It fails when one is missing, does not fire or fires without cause. No tool to execute the queries "
        "is inconclusive. A document with the same limits is attested at best."
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
)
