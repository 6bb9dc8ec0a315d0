"""Asks whether it is settled who is told what when a model is rolled back."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="rollback.communication_plan",
    title="Communication plan for stakeholders",
    question="When a model is rolled back, is it settled who decides, who is told, how and with which words?",
    why=(
        "A rollback changes decisions that other teams and customers already rely on. If support, product and legal "
        "hear of it from users, each gives another answer. A serious incident may also have to be reported within a "
        "legal time limit, which starts while everybody is busy."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the plan and the attestation "
        "that stands for it; whether the right people are on it only a person can say. It passes when every "
        "stakeholder role has a contact and a channel, a message template exists, the one who decides and a deputy are "
        "named, and the plan was confirmed at most 180 days ago by somebody other than its author. It fails when one "
        "is missing, the document's digest has changed or the attestation has expired. A drill in which the messages "
        "were really sent to a test group is stronger than a document that was read. A valid attestation earns the "
        "full point on the checklist."
    ),
    how_to_fix=(
        "List who is affected: on-call, product, support, dependent teams, customers, legal and the authority where "
        "one must be told. Give each a contact by role, a channel that works when yours is down, and a template with "
        "what happened, the effect, and when the next news comes. Name the decider and a deputy. Rehearse it together "
        "with the rollback drill."
    ),
    attestation=(
        "The plan with its sha256, roles and contacts confirmed and when, the decider and deputy, templates, legal "
        "reporting duties, the last rehearsal, and who approved it."
    ),
    decided_by="person",
    sources=(
        "Beyer et al. 2018, The Site Reliability Workbook, Incident Response",
        "PagerDuty Incident Response documentation",
        "EU AI Act (Regulation (EU) 2024/1689), Article 73: reporting of serious incidents",
    ),
)
