"""Asks whether the model's inputs keep to the rules on what may be used."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="data.feature_policy",
    title="Features adhere to meta-level requirements",
    question="Do the model's inputs, and the sources they come from, keep to the rules on what may be used?",
    why=(
        "An attribute can be lawful in the warehouse and forbidden in a credit decision. A source may be licensed for "
        "research only, or announced for removal next quarter. Such rules live in contracts and policies that no "
        "training script reads, so a forbidden column comes in through a convenient join and is found by an auditor or "
        "by an outage."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a policy file whose tags say "
        "forbidden, deprecated or licensed, held against the inputs that the model really has and, through the lineage "
        "record, against the columns they derive from. It passes with 0 violations, direct or derived, and with every "
        "input tagged or covered by a default. One violation fails. An input whose source cannot be traced is "
        "inconclusive, because a derived copy of a forbidden column would be invisible."
    ),
    how_to_fix=(
        "Collect the rules from privacy, legal and data owners into one file under version control: what is forbidden "
        "for which purpose, what ends when, what the licence allows. Let training fail on a violation. Record the "
        "source columns of each derived feature. Replace deprecated inputs before their date, and prove a stand-in by "
        "its association with the forbidden attribute."
    ),
    attestation=(
        "Which policies apply, who compiled the list, the inputs and their sources that were held against it, the "
        "date, and each exception with its approver."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Data 4: features adhere to meta-level requirements",
        "EU AI Act (Regulation (EU) 2024/1689), Article 10: data and data governance",
        "Gebru et al. 2021, Datasheets for Datasets",
    ),
)
