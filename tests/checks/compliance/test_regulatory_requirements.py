from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest
from governed import project, run

from pytest_mlready.checks.compliance import regulatory_requirements as check
from pytest_mlready.documents.register import regime
from pytest_mlready.errors import DataError, Failed, Inconclusive, NotApplicable, ReadinessError, Unverified

DECIDED = check.test_every_regime_is_decided_and_the_decisions_agree
EVIDENCE = check.test_evidence_is_present_for_every_duty
TEXT = "What there is for each duty: who does what, where it is written down, and when it was last looked at.\n"
BASE = {"reason": "counsel's opinion of November", "decided_by": "Ada, counsel", "date": "2026-11-20"}


def answers(name, calls, roles):
    (found,) = regime.load([name], root=None).values()
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    return {duty.id: {"evidence": "duties.md", "sha256": digest} for duty in found.asks(calls, roles)}


def register():
    return {
        "version": 1,
        "purpose": "estimates which machine needs service next",
        "regimes": {
            "eu-ai-act": {
                **BASE, "applies": True, "class": "high", "roles": ["provider"], "purposes": ["annex-iii-2"],
                "duties": answers("eu-ai-act", "high", ["provider"]),
            },
            "gdpr": {**BASE, "applies": True, "class": "high", "duties": answers("gdpr", "high", [])},
        },
    }  # fmt: skip


@pytest.fixture
def root(tmp_path):
    (tmp_path / "duties.md").write_text(TEXT)
    return tmp_path


def ask(root, test, content=None, *, risk="high", today=dt.date(2026, 11, 24), **options):
    (root / "register.json").write_text(json.dumps(content or register()))
    tables = {"risk": risk} if risk else {}
    return run(test, project(root, check.ITEM, tables, today=today, **{"register": "register.json", **options}))


def test_a_register_that_is_decided_with_evidence_passes(root):
    assert ask(root, DECIDED)["EU AI Act"]["value"] == "high"
    noted = ask(root, EVIDENCE)
    assert "Article 14 (human oversight)" in noted["EU AI Act: evidence present for"]["value"]
    assert noted["EU AI Act: duties as of"]["value"] == "2026-08-09"
    assert not [name for name in noted if "compliant" in name]


@pytest.mark.parametrize(
    ("fault", "risk", "told"),
    [
        (lambda r: r["regimes"].pop("gdpr"), "high", "there is no decision on GDPR"),
        (lambda r: r["regimes"]["eu-ai-act"].update({"class": "minimal"}), "minimal", "calls for high"),
        (lambda r: None, "minimal", 'the settings say risk = "minimal"'),
        (
            lambda r: r["regimes"]["eu-ai-act"].update({"class": "limited", "purposes": []}),
            "high",
            "the class is limited",
        ),
        (lambda r: r["regimes"]["gdpr"].update({"date": "2027-01-01"}), "high", "lies in the future"),
    ],
)
def test_decisions_that_do_not_agree_turn_it_red(root, fault, risk, told):
    content = register()
    fault(content)
    with pytest.raises(Failed, match=told):
        ask(root, DECIDED, content, risk=risk)


def test_high_risk_without_human_oversight_turns_it_red(root):
    content = register()
    del content["regimes"]["eu-ai-act"]["duties"]["art-14"]
    with pytest.raises(Failed, match=r"Article 14 \(human oversight, from 2027-12-02\): no evidence is named"):
        ask(root, EVIDENCE, content)
    assert ask(root, EVIDENCE, content, due_only=True)["EU AI Act: duties that apply later"]["value"] == 8


def test_evidence_that_changed_since_it_was_looked_at_turns_it_red(root):
    (root / "duties.md").write_text(TEXT + "And another thing.\n")
    with pytest.raises(Failed, match="has changed since it was looked at"):
        ask(root, EVIDENCE)


def test_evidence_that_is_gone_turns_it_red(root):
    (root / "duties.md").unlink()
    with pytest.raises(Failed, match=r"duties.md is not there"):
        ask(root, EVIDENCE)


def test_a_decision_of_more_than_a_year_ago_is_inconclusive(root):
    with pytest.raises(Inconclusive, match="review it, and date it anew"):
        ask(root, DECIDED, today=dt.date(2027, 12, 1))


def test_a_purpose_that_sounds_like_one_of_annex_iii_is_inconclusive(root):
    content = register()
    content["purpose"] = "ranks job candidates for recruiters"
    content["regimes"]["eu-ai-act"].update({"class": "minimal", "purposes": [], "duties": {}})
    with pytest.raises(Inconclusive, match="annex-iii-4"):
        ask(root, DECIDED, content, risk="minimal")


def test_high_risk_under_no_regime_at_all_is_inconclusive(root):
    content = register()
    content["regimes"] = {name: {**BASE, "applies": False} for name in content["regimes"]}
    with pytest.raises(Inconclusive, match="by the register no regime applies"):
        ask(root, EVIDENCE, content)
    with pytest.raises(NotApplicable):
        ask(root, EVIDENCE, content, risk="minimal")


def test_a_sectors_rules_count_where_the_register_has_an_entry(root):
    content = register()
    content["regimes"]["consumer-credit-eu"] = {**BASE, "applies": True, "duties": {}}
    with pytest.raises(Failed, match=r"Article 18\(8\)"):
        ask(root, EVIDENCE, content)


def test_a_teams_own_rules_are_added_by_a_file(root):
    (root / "ours.toml").write_text(
        'id = "ours"\ntitle = "Works agreement"\nsource = "of 2025"\nas_of = 2026-11-01\n'
        '[[duties]]\nid = "one"\narticle = "1"\ntitle = "a record"\n'
    )
    with pytest.raises(Failed, match="there is no decision on Works agreement"):
        ask(root, DECIDED, regimes=["eu-ai-act", "gdpr", "ours.toml"])


@pytest.mark.parametrize("test", [DECIDED, EVIDENCE])
def test_without_a_register_it_is_unverified_with_the_line_to_paste(root, test):
    with pytest.raises(Unverified, match=r'register = "governance/register.yaml"'):
        run(test, project(root, check.ITEM))


def test_a_register_that_is_missing_or_has_mistakes_is_an_error(root):
    with pytest.raises(ReadinessError, match="did you mean"):
        ask(root, DECIDED, register="registre.json")
    content = register()
    content["regimes"]["gdpr"]["reason"] = "TODO"
    with pytest.raises(DataError, match="was not filled in"):
        ask(root, DECIDED, content)
