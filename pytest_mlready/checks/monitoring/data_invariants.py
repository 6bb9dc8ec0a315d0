"""Asks whether data that break the schema are counted and alert in serving."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="monitoring.data_invariants",
    title="Data invariants hold in training and serving inputs",
    question="When data break the schema in training or serving, is it counted, and does somebody hear of it?",
    why=(
        "A schema that is checked once, before training, does not see the client that starts to send nulls on Tuesday. "
        "Rejecting such rows without counting them turns a data fault into quietly missing predictions; accepting them "
        "turns it into wrong ones. A rule without an alert has no reader."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a live drill on staging: rows "
        "that break the schema are sent, the violation counter moves by as many, and its alert fires; a batch of good "
        "rows leaves both still. It passes when the alert fires, and fails when counter or alert stay silent on bad "
        "rows or react to good ones. An alert rule is executed on the counter's series, so a wrong name or threshold "
        "shows. A service that may not be disturbed here, or no tool to execute the rule, is inconclusive. Logs of a "
        "violation that was caught count as replayed evidence."
    ),
    how_to_fix=(
        "Use one schema for training batches and for requests. On violation, count by feature and rule, and decide for "
        "each rule whether to reject, repair or only count. Alert on the share of violating rows, with a limit set "
        "from normal traffic so that it does not cry daily. Repeat the drill after each change of schema."
    ),
    attestation=(
        "Rules in force in training and in serving, the bad rows sent, counter before and after, the alert that fired "
        "and who got it, and date."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 2: data invariants hold in training and serving inputs",
        "Breck, Polyzotis, Roy, Whang, Zinkevich 2019, Data Validation for Machine Learning",
    ),
)
