"""Asks whether whoever is called at night finds what to do for each alert."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="documentation.runbook",
    title="Runbook: failure modes and remediation",
    question="Does whoever is called at night find, for each alert and failure mode, what to look at and what to do?",
    why=(
        "The person on call is often not the one who built the model, and a model fails in ways that service engineers "
        "have not met: drift, a stale feature, a NaN, a bad release that answers quickly. Without written steps the "
        "first half hour goes into searching for the author. Links in alerts that lead nowhere cost the trust that is "
        "left."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the runbook's text held "
        "against the alert rules and the declared failure modes. It passes when every alert's runbook link resolves to "
        "an existing section, each declared failure mode has a section with steps, and the last review is at most 180 "
        "days old. It fails when a link is dead, a mode is missing or the review is older. Links that need a network "
        "or a login which is not available are inconclusive. Content by code earns half, and a person's review that "
        "the steps were tried the other half."
    ),
    how_to_fix=(
        "List failure modes with the team: no data, wrong data, drift, slow, wrong, down, too expensive. For each, "
        "write signs, first check, mitigation such as rollback or fallback, and whom to call. Link each alert to its "
        "section. Let somebody from outside walk through one scenario each quarter, and repair what made them stop."
    ),
    attestation=(
        "Who reviewed it and when, which scenarios were walked through by whom, what was changed after it, and failure "
        "modes that are not covered yet."
    ),
    decided_by="both",
    sources=(
        "Beyer et al. 2016, Site Reliability Engineering, Being On-Call",
        "Beyer et al. 2018, The Site Reliability Workbook, On-Call",
        "Prometheus documentation, Alerting rules (annotations)",
    ),
)
