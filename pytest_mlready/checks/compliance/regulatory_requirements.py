"""Asks whether each legal regime was decided on and each duty has evidence."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="compliance.regulatory_requirements",
    title="Regulatory requirements: GDPR, EU AI Act, sector rules",
    question=(
        "Has somebody decided for each legal regime whether it applies, and is there evidence for each duty that "
        "follows?"
    ),
    why=(
        "Duties depend on the use rather than on the algorithm, so the engineers seldom know them and the lawyers "
        "seldom know the system. A wrong guess about the risk class surfaces as a stopped launch or a fine. Evidence "
        "that is gathered afterwards is expensive, and parts of it, such as logs, cannot be gathered any more."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a register with one entry per "
        "regime: does it apply, why, decided by whom and when, and the digest of the evidence for each duty. It passes "
        "when every regime is decided, every duty has evidence whose digest still matches, and the entries agree with "
        "each other, so a high-risk class without risk management, logging or human oversight fails. An outdated list "
        "of duties or an unreadable document is inconclusive. Consistency by code earns half, the classification by a "
        'competent person the other half. The report says "evidence present for" a duty; it never says compliant, for '
        "no test can."
    ),
    how_to_fix=(
        "Write down the intended use, the people affected and the markets. Ask counsel for the class under each "
        "regime, with the reason in writing. List the duties, give each an owner and a document, and record digests. "
        "Review at each change of purpose and at least once a year, against the current text of the law."
    ),
    attestation=(
        "For each regime the decision, reason, name and role of who decided, date, the duties with their evidence, "
        "open conditions, and the model versions that it holds for."
    ),
    decided_by="both",
    lifetime_days=365,
    about_model=True,
    sources=(
        "GDPR (Regulation (EU) 2016/679), Articles 22, 30 and 35",
        "EU AI Act (Regulation (EU) 2024/1689), Articles 6 and 9 to 15, Annexes III and IV",
        "NIST AI 100-1 (2023), AI Risk Management Framework, Govern and Map",
        "ISO/IEC 42001:2023, AI management system",
    ),
)
