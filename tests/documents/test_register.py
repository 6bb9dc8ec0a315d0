from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from pytest_mlready.documents.register import entries, regime, verdicts
from pytest_mlready.errors import DataError

EXAMPLE = Path(__file__).parents[2] / "example_project"
TODAY = dt.date(2026, 11, 24)
TEXT = "Risks are listed, watched by the checks named here, and looked at again at each release by two people.\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
BASE = {"reason": "because it is so", "decided_by": "Ada, counsel", "date": "2026-11-01"}
OURS = """
id = "ours"
title = "Our code of conduct"
source = "works agreement of 2025"
as_of = 2026-11-01
classes = ["low", "high"]
roles = ["owner", "user"]
[[duties]]
id = "one"
article = "1"
title = "a record"
[[duties]]
id = "two"
article = "2"
title = "a review"
classes = ["high"]
from = 2027-06-01
[[duties]]
id = "three"
article = "3"
title = "a promise"
roles = ["user"]
[[purposes]]
id = "people"
title = "decisions about people"
class = "high"
words = ["applicant"]
"""
WHOLE = {
    **BASE, "applies": True, "class": "high", "roles": ["owner"], "purposes": ["people"],
    "duties": {
        "one": {"evidence": "risks.md#list", "sha256": DIGEST},
        "two": {"evidence": ["risks.md", "https://wiki.example.org/review"], "sha256": [DIGEST, DIGEST]},
    },
}  # fmt: skip


@pytest.fixture
def root(tmp_path):
    (tmp_path / "ours.toml").write_text(OURS)
    (tmp_path / "risks.md").write_text(TEXT)
    return tmp_path


def judged(root, entry=WHOLE, *, purpose="ranks machines", view=None, regimes=("ours.toml",), more=None):
    known = regime.load([*regimes, *(more or ())], root=root)
    content = {"version": 1, "purpose": purpose, "regimes": {"ours": entry, **(more or {})}}
    path = root / "register.json"
    path.write_text(json.dumps(content))
    register = entries.read(path, known)
    look = view or verdicts.View(today=TODAY)
    found = verdicts.judge_decisions(register, known, look)
    for decision in register.decisions.values():
        if decision.applies:
            found.append(verdicts.judge_evidence(decision, known[decision.regime], root=root, view=look))
    return found


def outcomes(*args, **more):
    return [verdict.outcome for verdict in judged(*args, **more)]


def told(*args, **more):
    return "\n".join(verdict.message for verdict in judged(*args, **more) if verdict.outcome != "passed")


def changed(**fields):
    return {**WHOLE, **fields}


def test_a_whole_register_passes_and_says_for_what_evidence_is_present(root):
    decisions, evidence = judged(root)
    assert (decisions.outcome, evidence.outcome) == ("passed", "passed")
    assert evidence.message == "Our code of conduct: evidence present for 1, 2"


def test_nothing_ever_says_compliant(root):
    for verdict in judged(root):
        shown = [verdict.message, *(f"{m.name} {m.value} {m.note}" for m in verdict.measurements)]
        assert "complian" not in " ".join(shown).lower()


@pytest.mark.parametrize(
    ("duties", "what"),
    [
        ({"one": WHOLE["duties"]["one"]}, "2 (a review, from 2027-06-01): no evidence is named"),
        ({**WHOLE["duties"], "one": {"evidence": "gone.md", "sha256": DIGEST}}, "gone.md is not there"),
        ({**WHOLE["duties"], "one": {"evidence": "risks.md", "sha256": "e5" * 32}}, "risks.md has changed since"),
        ({**WHOLE["duties"], "one": {"evidence": "risks.md"}}, "has no sha256 in the register"),
        ({**WHOLE["duties"], "one": {"evidence": "."}}, ". is not there"),
    ],
)
def test_a_duty_without_evidence_that_holds_turns_it_red(root, duties, what):
    assert outcomes(root, changed(duties=duties)) == ["passed", "failed"]
    assert what in told(root, changed(duties=duties))


@pytest.mark.parametrize(
    "text", ["", "# Risks\n\nTODO\n", "# Risks\n\n[describe the risks of the system here in full]\n"]
)
def test_a_document_that_says_nothing_is_no_evidence(root, text):
    (root / "empty.md").write_text(text)
    duty = {"evidence": "empty.md", "sha256": hashlib.sha256(text.encode()).hexdigest()}
    assert "says nothing" in told(root, changed(duties={**WHOLE["duties"], "one": duty}))


def test_a_duty_may_be_said_not_to_apply_with_a_reason(root):
    duties = {**WHOLE["duties"], "two": {"applies": False, "reason": "nobody is ranked"}}
    assert outcomes(root, changed(duties=duties)) == ["passed", "passed"]


def test_a_regime_that_applies_with_no_duty_that_does_is_inconclusive(root):
    duties = {name: {"applies": False, "reason": "no"} for name in ("one", "two")}
    assert outcomes(root, changed(duties=duties)) == ["passed", "inconclusive"]


def test_duties_follow_from_class_role_and_date(root):
    assert outcomes(root, changed(**{"class": "low", "purposes": [], "duties": {"one": WHOLE["duties"]["one"]}})) == [
        "passed", "passed",
    ]  # fmt: skip
    assert "3 (a promise)" in told(root, changed(roles=["user"]))
    assert "3 (a promise)" in told(root, changed(roles=[]))
    due = verdicts.View(today=TODAY, due_only=True)
    assert outcomes(root, changed(duties={"one": WHOLE["duties"]["one"]}), view=due) == ["passed", "passed"]


def test_a_class_below_what_a_named_purpose_calls_for_turns_it_red(root):
    entry = changed(**{"class": "low"})
    assert "the purpose people (decisions about people) calls for high" in told(root, entry)
    assert outcomes(root, entry)[0] == "failed"


def test_a_description_that_sounds_like_a_purpose_asks_a_question(root):
    entry = changed(**{"class": "low", "purposes": []})
    assert outcomes(root, entry, purpose="ranks applicants")[0] == "inconclusive"
    assert 'speaks of "applicant", which sounds like people' in told(root, entry, purpose="ranks applicants")
    answered = {**entry, "excluded": {"people": "these applicants are programs"}}
    assert outcomes(root, answered, purpose="ranks applicants")[0] == "passed"


def test_purposes_must_be_stated_even_when_there_are_none(root):
    entry = {key: value for key, value in WHOLE.items() if key != "purposes"}
    assert "purposes are not stated" in told(root, entry)


def test_a_regime_that_nobody_decided_on_turns_it_red(root):
    assert "there is no decision on GDPR" in told(root, regimes=("ours.toml", "gdpr"))


def test_a_regime_that_does_not_apply_needs_a_reason_and_no_evidence(root):
    assert outcomes(root, {**BASE, "applies": False}) == ["passed"]
    assert outcomes(root, {**BASE, "applies": False, "duties": {"one": {"evidence": "risks.md"}}}) == ["failed"]


def ai_act(**fields):
    return {"eu-ai-act": {**BASE, "applies": True, "class": "minimal", "purposes": [], "duties": {}, **fields}}


@pytest.mark.parametrize(
    ("risk", "calls", "red"),
    [("high", "minimal", True), ("minimal", "high", True), ("limited", "high", True), ("high", "high", False),
     ("minimal", "minimal", False), ("limited", "minimal", False), (None, "high", False)],
)  # fmt: skip
def test_the_settings_and_the_ai_act_agree_on_what_is_high(root, risk, calls, red):
    view = verdicts.View(today=TODAY, risk=risk)
    first = judged(root, view=view, more=ai_act(**{"class": calls}))[0]
    assert (first.outcome == "failed") is red
    assert ("the settings say risk" in first.message) is red


def test_high_risk_under_the_ai_act_asks_for_evidence_of_each_duty(root):
    *_, last = judged(root, more=ai_act(**{"class": "high", "roles": ["provider"]}))
    assert last.outcome == "failed"
    for article in (4, 5, 9, 10, 11, 12, 13, 14, 15, 17, 43, 49, 72):
        assert f"Article {article}" in last.message
    assert "Article 14 (human oversight, from 2027-12-02)" in last.message


def test_minimal_risk_beside_a_purpose_of_annex_iii_turns_it_red(root):
    first = judged(root, more=ai_act(purposes=["annex-iii-5b"]))[0]
    assert first.outcome == "failed"
    assert "calls for high" in first.message
    asked = judged(root, purpose="scores the creditworthiness of people", more=ai_act())[0]
    assert asked.outcome == "inconclusive"
    assert "annex-iii-5b" in asked.message


@pytest.mark.parametrize(
    ("today", "entry", "outcome", "what"),
    [
        (dt.date(2026, 10, 1), {}, "failed", "lies in the future"),
        (dt.date(2027, 10, 31), {}, "passed", ""),
        (dt.date(2027, 11, 2), {}, "inconclusive", "review it, and date it anew"),
        (dt.date(2027, 11, 20), {"date": "2027-11-10"}, "inconclusive", "as of 2026-11-01"),
    ],
)
def test_decisions_and_data_of_regimes_age(root, today, entry, outcome, what):
    first = judged(root, changed(**entry), view=verdicts.View(today=today))[0]
    assert first.outcome == outcome
    assert what in first.message


def test_a_decision_from_before_the_rules_changed_needs_another_look(root):
    first = judged(root, more=ai_act(date="2026-05-01"))[0]
    assert first.outcome == "inconclusive"
    assert "EU AI Act changed on 2026-07-27" in first.message


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"applies": "yes"}, "regimes.ours.applies is 'yes', expected true or false"),
        ({"reason": " "}, "regimes.ours.reason is ' ', expected words"),
        ({"reason": "TBD"}, "regimes.ours.reason was not filled in: TBD"),
        ({"decided_by": None}, "regimes.ours.decided_by is missing"),
        ({"date": "last week"}, "regimes.ours.date is 'last week'"),
        ({"class": "hihg"}, 'did you mean "high"'),
        ({"roles": ["onwer"]}, 'did you mean "owner"'),
        ({"purposes": ["persons"]}, "regimes.ours.purposes names 'persons'"),
        ({"excluded": {"people": ""}}, "regimes.ours.excluded.people is '', expected words"),
        ({"excluded": ["people"]}, "expected a reason by purpose"),
        ({"dutys": {}}, 'unknown key regimes.ours.dutys; did you mean "duties"'),
        ({"duties": {"thre": {}}}, 'regimes.ours.duties.thre is no duty of it; did you mean "three"'),
        ({"duties": {"one": "risks.md"}}, "expected a table"),
        ({"duties": {"one": {"applies": False}}}, "regimes.ours.duties.one.reason is missing"),
        ({"duties": {"one": {"evidence": "a", "sha256": "12"}}}, "expected 64 hexadecimal digits"),
        ({"duties": {"one": {"evidence": ["a", "b"], "sha256": DIGEST}}}, "expected one for each document"),
    ],
)
def test_mistakes_of_form_are_listed_with_their_place(root, fault, what):
    entry = {key: value for key, value in changed(**fault).items() if value is not None}
    with pytest.raises(DataError) as caught:
        judged(root, entry)
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["[]", "{}", '{"version": 2, "regimes": {}}', '{"version": 1, "purpose": "x", "regimes": {"gdrp": {}}}', "1"],
)
def test_registers_of_odd_forms_are_errors(root, content):
    (root / "register.json").write_text(content)
    with pytest.raises(DataError, match="mistakes"):
        entries.read(root / "register.json", regime.load(["gdpr"], root=root))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (OURS.replace("as_of = 2026-11-01", ""), "as_of is no date"),
        (OURS.replace('class = "high"', 'class = "huge"'), "calls for 'huge', which is no class"),
        (OURS.partition("[[duties]]")[0], "there are no duties"),
        (OURS.replace('title = "a review"', ""), "a duty has no title"),
        ("id = 3", "id is missing"),
        (OURS.replace("[[purposes]]", "[[purposs]]"), 'unknown key purposs; did you mean "purposes"'),
        (OURS.replace('classes = ["high"]', 'class = ["high"]'), "unknown key class"),
    ],
)
def test_a_regimes_file_with_mistakes_is_an_error(root, text, what):
    (root / "ours.toml").write_text(text)
    with pytest.raises(DataError, match=what):
        regime.load(["ours.toml"], root=root)


def test_an_unknown_regime_names_the_nearest(root):
    with pytest.raises(DataError, match='did you mean "gdpr"'):
        regime.load(["gdprr"], root=root)


@pytest.mark.parametrize("name", sorted(regime.shipped()))
def test_every_regime_that_ships_says_its_source_and_as_of_when(name):
    found = regime.read(regime.shipped()[name])
    assert found.id == name
    assert found.source
    assert found.not_known
    assert found.as_of >= dt.date(2026, 8, 1)
    assert len({duty.id for duty in found.duties}) == len(found.duties)
    assert all(duty.since for duty in found.duties)
    assert all(set(duty.classes) <= set(found.classes) and set(duty.roles) <= set(found.roles) for duty in found.duties)


def test_the_ai_act_has_the_dates_of_2026():
    found = regime.read(regime.shipped()["eu-ai-act"])
    assert "2026/1744" in found.source
    high = {duty.id: duty.since for duty in found.duties if duty.classes == ("high",)}
    assert high["art-9"] == high["art-15"] == dt.date(2027, 12, 2)
    assert {duty.id: duty.since for duty in found.duties}["art-50"] == dt.date(2026, 8, 2)


def test_the_example_has_evidence_for_each_duty():
    known = regime.load(sorted(regime.shipped()), root=EXAMPLE)
    register = entries.read(EXAMPLE / "governance" / "register.yaml", known)
    view = verdicts.View(today=TODAY, risk="high")
    found = verdicts.judge_decisions(register, known, view)
    found += [
        verdicts.judge_evidence(decision, known[name], root=EXAMPLE, view=view)
        for name, decision in register.decisions.items()
        if decision.applies
    ]
    assert [verdict.message for verdict in found if verdict.outcome != "passed"] == []
