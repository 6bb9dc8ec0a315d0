"""Asks whether each legal regime was decided on and each duty has evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.documents.register.entries import Register
    from pytest_mlready.documents.register.regime import Regime
    from pytest_mlready.documents.register.verdicts import View
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

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
        "The register that `register` names (YAML, JSON or TOML): one entry for each regime of `regimes`, with whether "
        "it applies, why, who decided, when; where it applies its class, and for each duty a document with its SHA-256 "
        "or the reason why the duty does not apply. Duties, classes and dates come from data files with source and "
        "as-of date: EU AI Act (with the amendments of 2026), GDPR, and consumer credit in the EU as the example of a "
        "sector; a team adds its own. It passes when every regime is decided, the decisions agree, and every duty has "
        "a document that is there, says something and still has its digest. It fails on an open regime, a duty "
        "without a document, a document that changed or is empty, a high risk in the settings beside another class of "
        "the AI Act or the other way round, a class below what a named purpose of Annex III calls for, and a decision "
        "of the future. It is inconclusive when a decision is older than `max_age` or than the regime's last change, "
        "when the data of a regime are, and when the description of the purpose sounds like one of Annex III that is "
        "neither named nor excluded. Mistakes in the register are errors. Consistency by code earns half, the "
        'classification by a competent person the other half. The report says "evidence present for" a duty and no '
        "more: whether a document is good enough, no test can tell."
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
        "Regulation (EU) 2026/1744, which amends it",
        "NIST AI 100-1 (2023), AI Risk Management Framework, Govern and Map",
        "ISO/IEC 42001:2023, AI management system",
    ),
    options=(
        Option(name="register", type="string", default=None, doc="Register of legal regimes: YAML, JSON or TOML."),
        Option(
            name="regimes", type="strings", default=("eu-ai-act", "gdpr"),
            doc="Regimes that must be decided on: eu-ai-act, gdpr, consumer-credit-eu, or files of your own.",
        ),
        Option(
            name="max_age", type="duration", default=31_536_000.0,
            doc="Age of a decision, and of a regime's data, after which it must be looked at again; a year.",
        ),
        Option(
            name="due_only", type="boolean", default=False,
            doc="Ask for no evidence of duties that do not apply yet; they are listed.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.compliance("regulatory_requirements")
def test_every_regime_is_decided_and_the_decisions_agree(mlready: Project, mlready_evidence: Evidence) -> None:
    """Somebody decided for each regime, lately, and no decision contradicts another or the settings."""
    register, regimes = _register(mlready, mlready_evidence)
    from pytest_mlready.documents.register import verdicts

    mlready_evidence.record("risk class in the settings", mlready.settings.risk or "none")
    mlready_evidence.conclude(verdicts.judge_decisions(register, regimes, _view(mlready)))


@pytest.mark.compliance("regulatory_requirements")
def test_evidence_is_present_for_every_duty(mlready: Project, mlready_evidence: Evidence) -> None:
    """Each duty that follows from a decision has a document, and it is the one that was looked at."""
    register, regimes = _register(mlready, mlready_evidence)
    from pytest_mlready.documents.register import verdicts

    apply = [decision for decision in register.decisions.values() if decision.applies]
    if not apply and mlready.settings.risk == "high":
        mlready_evidence.inconclusive('the settings say risk = "high", and by the register no regime applies')
    if not apply:
        mlready_evidence.not_applicable("by the register no regime applies; the decisions are judged beside this")
    view = _view(mlready)
    mlready_evidence.conclude(
        [verdicts.judge_evidence(one, regimes[one.regime], root=mlready.root, view=view) for one in apply]
    )


def _register(mlready: Project, evidence: Evidence) -> tuple[Register, dict[str, Regime]]:
    from pytest_mlready.documents.register import entries, regime

    options = mlready.options(ITEM.id)
    if options["register"] is None:
        line = f'{SETTING} register = "governance/register.yaml"'
        evidence.unverified("no register of legal regimes is configured", fix=line)
    evidence.grade("static")
    path, shipped = mlready.file(options["register"], "the register"), regime.shipped()
    further = [name for name in entries.names(path) if name in shipped]
    regimes = regime.load(dict.fromkeys([*options["regimes"], *further]), root=mlready.root)
    return entries.read(path, regimes), regimes


def _view(mlready: Project) -> View:
    from pytest_mlready.documents.register import verdicts

    options = mlready.options(ITEM.id)
    return verdicts.View(
        today=mlready.today,
        max_days=options["max_age"] / 86_400,
        risk=mlready.settings.risk,
        due_only=options["due_only"],
    )
