"""Asks whether independent people reviewed an application that can do serious harm."""

from __future__ import annotations

from pytest_mlready.catalog import Item

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
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the attestation and the risk "
        "class in the settings; the judgement itself is a person's. It passes when the class is set and, for a high "
        "one, a valid attestation by somebody other than the author exists, its document's digest matches, all "
        "conditions are closed and it has not expired. It fails on an approver who is the author or on an open "
        "condition. A class of minimal makes the item not applicable by rule, and the report shows that. No class set "
        "leaves it undecided. A valid attestation earns the full point on the checklist, because only a person can "
        "decide."
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
