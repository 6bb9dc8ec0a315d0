"""Asks whether data end when they should, also in snapshots, stores and logs."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="compliance.data_retention",
    title="Data retention and deletion",
    question="Are data deleted when their time is over or a person asks, everywhere they were copied to?",
    why=(
        "Deleting the row in the main database is the easy part. Training snapshots, feature stores, caches, request "
        "logs and evaluation files keep their copies, and the next training brings the person back into the model. A "
        "policy that was never exercised usually fails at one of these places."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a deletion drill: hashes of "
        "the identifiers of deleted subjects are looked for in the current training snapshot, the feature store and "
        "the logs, and must be absent; and the inventory with a rule for each dataset, whose oldest record is at most "
        "as old as the rule allows. It passes when all hold. It fails when a deleted subject is found or a record is "
        "too old. A store that could not be searched, or a drill without deleted subjects, is inconclusive. Only "
        "hashes are compared and reported. A written policy without a drill is weak evidence."
    ),
    how_to_fix=(
        "Give each dataset an owner, a period and a deletion job. Keep a register of copies, with snapshots, backups "
        "and derived tables. Key records so that one person can be found in all of them. Decide what happens to models "
        "that were trained on deleted data: the next retraining, by which date. Run the drill with test subjects each "
        "quarter."
    ),
    attestation=(
        "The rules per dataset, the drill's date and number of subjects, the places searched and results, how trained "
        "models and backups are treated, and open ends."
    ),
    lifetime_days=90,
    sources=(
        "GDPR (Regulation (EU) 2016/679), Article 5(1)(e) storage limitation and Article 17 right to erasure",
        "NIST Privacy Framework 1.0 (2020)",
        "Bourtoule et al. 2021, Machine Unlearning",
        "Breck et al. 2017, ML Test Score, Data 5: the data pipeline has appropriate privacy controls",
    ),
)
