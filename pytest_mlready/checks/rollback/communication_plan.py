"""Asks whether it is settled who is told what when a model is rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

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
        "The plan that `plan` names: YAML, JSON or TOML, or Markdown with the same keys between --- at its beginning: "
        "reviewed, decider (role, contact, deputy), contacts (each with role, contact, channel, template) and "
        "templates by name. It passes when every one of `roles` is among the contacts, each contact has a contact, a "
        "channel and a template of at least 8 words, the decider can be reached and has a deputy who is somebody else, "
        "and the plan was reviewed at most max_age ago. It fails when one of these is missing, is a placeholder, or "
        "names a template that is not there. That is the content; whether the right people are on it, and know it, "
        "only a person can say: the item is verified by a valid attestation by somebody other than its author, and "
        "counts in full with it. A drill in which the messages were really sent to a test group is stronger than a "
        "document that was read."
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
    options=(
        Option(name="plan", type="string", default=None, doc="File with the communication plan."),
        Option(
            name="roles", type="strings", default=("on-call", "product", "support"),
            doc="Roles that must be among the contacts: who acts, who owns the product, who hears from users.",
        ),
        Option(
            name="max_age", type="duration", default=180 * 86_400.0,
            doc="Of the last review; half a year, as for documents in general.",
        ),
    ),
)  # fmt: skip


@pytest.mark.rollback("communication_plan")
def test_plan_is_complete_and_recent(mlready: Project, mlready_evidence: Evidence) -> None:
    """Everybody who must be told can be reached, with words ready, and somebody decides."""
    from pytest_mlready.documents.communication import plan, verdicts

    options = mlready.options(ITEM.id)
    if options["plan"] is None:
        fix = f'[tool.mlready.items."{ITEM.id}"] plan = "docs/communication-plan.yaml"'
        mlready_evidence.unverified("no communication plan is named", fix=fix)
    mlready_evidence.grade("static")
    found = plan.read(mlready.file(options["plan"], "the communication plan"), options["plan"])
    judged = verdicts.judge(found, roles=options["roles"], today=mlready.today, max_age=options["max_age"])
    mlready_evidence.conclude(judged)
