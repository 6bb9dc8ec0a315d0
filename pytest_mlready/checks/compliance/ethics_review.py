"""Asks whether independent people reviewed an application that can do serious harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.attestations import Judged
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Verdict

ITEM = Item(
    id="compliance.ethics_review",
    title="Ethics review for high-risk applications",
    question=(
        "If the application can do serious harm, have people other than its authors reviewed it and accepted it?"
    ),
    why=(
        "The team that builds a system is the last to see whom it hurts. Independent review finds uses that should not "
        "be automated, people who cannot object, and harms that no metric measures. After launch the same questions "
        "come from the press or a court, when the answers are no longer free."
    ),
    looks_at=(
        "The risk class in the settings (`risk` in [tool.mlready]) and the attestations of this item; the judgement "
        "itself is a person's. With the class high it passes when an attestation is valid: approved by somebody other "
        "than its author, its document there with the digest that was signed, about this model by digest or version, "
        "without open conditions, not expired. It fails when there are attestations and none is valid, and says what "
        "speaks against each. Without one it is unverified. The classes minimal and limited make the item not "
        "applicable by rule, which the report shows; that the class itself is right, "
        "compliance.regulatory_requirements holds against the register. No class set leaves it unverified. A valid "
        "attestation earns the full point on the checklist, because only a person can decide. Whether the reviewers "
        "were independent and looked closely cannot be seen."
    ),
    how_to_fix=(
        "Set the risk class with a written reason. Describe purpose, people affected, benefits, foreseeable misuse, "
        "appeal and human oversight. Bring it before a board or two reviewers from outside the team, one of whom knows "
        "the people affected. Turn their conditions into tasks and close them before launch. Repeat at each major "
        "version."
    ),
    attestation=(
        "Who reviewed, by name, role and independence from the authors; scope and model versions; harms considered; "
        "the decision with its conditions and their state; dissent; date and expiry."
    ),
    decided_by="person",
    lifetime_days=365,
    about_model=True,
    sources=(
        "Raji et al. 2020, Closing the AI Accountability Gap",
        "EU AI Act (Regulation (EU) 2024/1689), Article 27: fundamental rights impact assessment",
        "ISO/IEC 42005:2025, AI system impact assessment",
        "UNESCO 2021, Recommendation on the Ethics of Artificial Intelligence",
    ),
)

PASTE = (
    f'[[tool.mlready.attestations]] item = "{ITEM.id}", by, role, approver (someone else), on, expires, '
    'evidence = "docs/ethics-review.md", sha256 (of that document), model_sha256 (of the model that was reviewed)'
)


@pytest.mark.compliance("ethics_review")
def test_a_high_risk_application_was_reviewed(mlready: Project, mlready_evidence: Evidence) -> None:
    """The rule of risk: a high class needs a review that is valid today."""
    risk = mlready.settings.risk
    if risk is None:
        fix = '[tool.mlready] risk = "high"  # or "limited", "minimal"'
        mlready_evidence.unverified(
            "the settings name no risk class, which decides whether a review is needed", fix=fix
        )
    mlready_evidence.grade("static")
    mlready_evidence.record("risk class", risk)
    if risk != "high":
        mlready_evidence.not_applicable(f'the settings say risk = "{risk}", for which no ethics review is asked for')
    judged = _judged(mlready)
    if not judged:
        mlready_evidence.unverified("the risk class is high, and no ethics review is attested", fix=PASTE)
    mlready_evidence.conclude([_verdict(judged)])


def _judged(mlready: Project) -> list[Judged]:
    from pytest_mlready import attestations

    scope = attestations.Scope(model_sha256=mlready.digests.model, version=mlready.settings.version)
    return [
        attestations.judge(one, ITEM, root=mlready.root, scope=scope, today=mlready.today)
        for one in mlready.settings.attestations
        if one.item == ITEM.id
    ]


def _verdict(judged: Sequence[Judged]) -> Verdict:
    from pytest_mlready.values import Measurement, Verdict

    valid = [one for one in judged if one.valid]
    noted = [Measurement(name="valid reviews", value=len(valid), min=1, n=len(judged))]
    for one in valid:
        note = f"{one.role}; approved by {one.approver}, {one.on}; until {one.expires}"
        noted.append(Measurement(name=f"review by {one.by}", value=one.evidence, note=note))
    if valid:
        return Verdict(outcome="passed", message="a review is valid", measurements=tuple(noted))
    told = "\n".join(f"the review by {one.by} does not count: {'; '.join(one.problems)}" for one in judged)
    return Verdict(outcome="failed", message=told, measurements=tuple(noted))
