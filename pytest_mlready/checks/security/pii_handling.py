"""Asks whether personal data in training data, logs and prompts are known and reviewed."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="security.pii_handling",
    title="PII reviewed",
    question="Are all personal data in training data, logs and prompts known, justified and reviewed?",
    why=(
        "Personal data spread further than the inventory says: free-text fields hold names and card numbers, request "
        "logs hold what users typed, and large models can repeat training text word for word. What nobody declared "
        "nobody deletes, and a request for erasure or a breach brings it to light."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a scan of samples of training "
        "data, logs and prompts for names, addresses, card and account numbers and the like, held against the data "
        "inventory. It passes when it finds no column or field with personal data that is not declared, and each "
        "declared entry has a legal basis and a retention period. It fails on an undeclared column. A sample that is "
        "too small, or no inventory, is inconclusive; a scan finds only what its patterns know, so it cannot prove "
        "absence. Content by code earns half, and a person's review of it the other half."
    ),
    how_to_fix=(
        "List each dataset with its personal fields, purpose, basis, retention and who may read it. Drop what the "
        "model does not need, and mask or tokenise the rest before training. Keep request bodies out of logs, or "
        "redact them at the source. Scan free text on a schedule and treat a new finding as an incident. Let privacy "
        "staff review the inventory."
    ),
    attestation=(
        "Who reviewed, by name and role, which datasets, logs and prompts, what personal data they hold, basis and "
        "retention, residual risk and open conditions."
    ),
    decided_by="both",
    sources=(
        "GDPR (Regulation (EU) 2016/679), Articles 5, 6 and 30",
        "NIST SP 800-122 (2010), Guide to Protecting the Confidentiality of Personally Identifiable Information",
        "Breck et al. 2017, ML Test Score, Data 5: the data pipeline has appropriate privacy controls",
        "Carlini et al. 2021, Extracting Training Data from Large Language Models",
    ),
)
