"""Asks whether every deployment is on record, complete and protected against later change."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="compliance.audit_trail",
    title="Audit trail: versioning and deployment decisions",
    question="For every model that was deployed, is it on record what it was, who approved it and on what evidence?",
    why=(
        "Months later somebody asks which model made a decision on a certain day and why it was live. If the answer "
        "lives in chat messages and memory, there is none. A log that can be edited unnoticed is doubted exactly when "
        "it matters."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the deployment log, one entry "
        "for each digest that was ever served: commit, data digest, evaluation report, author, approver, time. It "
        "passes when entries are complete for every deployed digest, the approver is never the author, and the log is "
        "hash-chained or kept in an append-only store. It fails when a digest that was served has no entry, a field is "
        "missing, or the chain is broken. Where it is not known what was served, it is inconclusive. Entries that a "
        "pipeline wrote are stronger than those written by hand."
    ),
    how_to_fix=(
        "Let the deployment job write the entry and refuse to deploy without approval and report. Chain each entry to "
        "the digest of the one before, or write to storage with object lock or a protected branch with signed commits. "
        "Record rollbacks and emergency changes too. Once a quarter, pick a past date and try to answer from the log "
        "alone."
    ),
    attestation=(
        "Where the log is kept and who can write, the period examined, entries compared with what was deployed, "
        "missing or late entries, and how change is prevented."
    ),
    about_model=True,
    sources=(
        "EU AI Act (Regulation (EU) 2024/1689), Articles 12 and 19: record-keeping and logs",
        "NIST SP 800-53 Rev. 5, family AU: audit and accountability",
        "Crosby, Wallach 2009, Efficient Data Structures for Tamper-Evident Logging",
        "SR 11-7 (2011), Supervisory Guidance on Model Risk Management",
    ),
)
