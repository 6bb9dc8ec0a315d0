from __future__ import annotations

import datetime as dt

import pytest
import yaml
from switching import project

from pytest_mlready.checks.rollback import communication_plan as check
from pytest_mlready.errors import DataError, Failed, Unverified
from pytest_mlready.evidence import Evidence

TODAY = dt.datetime.now(tz=dt.UTC).date()
WORDS = "At {time} we went back to {previous} since {why}. Next news at {next}."


def complete():
    """A plan with nothing missing, as parsed YAML."""
    return {
        "reviewed": TODAY - dt.timedelta(days=30),
        "decider": {"role": "on-call lead", "contact": "lead@income.example", "deputy": "head of data"},
        "contacts": [
            {"role": role, "contact": f"{role}@income.example", "channel": f"#{role}", "template": "went back"}
            for role in ("on-call", "product", "support")
        ],
        "templates": {"went back": WORDS},
    }


def judge(folder, plan, name="plan.yaml", **options):
    text = plan if isinstance(plan, str) else yaml.safe_dump(plan)
    (folder / name).write_text(text)
    evidence = Evidence()
    check.test_plan_is_complete_and_recent(
        project(check.ITEM, folder, options={"plan": name, **options}), evidence
    )  # fmt: skip
    return {e["name"]: e for e in evidence.notes.evidence}


def test_a_complete_and_recent_plan_passes(tmp_path):
    found = judge(tmp_path, complete())
    assert found["contacts"]["value"] == 3
    assert found["age of the review"]["value"] == 30


def test_markdown_with_metadata_passes_and_a_section_is_a_template(tmp_path):
    plan = complete()
    del plan["templates"]
    text = f"---\n{yaml.safe_dump(plan)}---\n# Plan\n\n## Went back\n\n{WORDS}\n"
    assert judge(tmp_path, text, "plan.md")["gaps in the plan"]["value"] == 0


def test_a_template_may_stand_with_its_contact(tmp_path):
    plan = complete()
    plan["contacts"][0]["template"] = WORDS
    assert judge(tmp_path, plan)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["contacts"].pop(2), 'nobody has the role "support"'),
        (lambda p: p["contacts"][1].pop("channel"), "product has no channel"),
        (lambda p: p["contacts"][1].update(contact="TBD"), "product has no contact"),
        (lambda p: p["contacts"][1].update(template="gone back"), 'names the template "gone back", which is not there'),
        (lambda p: p["templates"].update({"went back": "TODO"}), "no template of at least 8 words"),
        (lambda p: p["decider"].pop("deputy"), "does not say a deputy"),
        (lambda p: p["decider"].update(deputy="On-call lead"), "the deputy is the decider"),
        (lambda p: p.pop("decider"), "does not say who decides"),
        (lambda p: p.pop("contacts"), "it lists no contacts"),
        (lambda p: p.update(reviewed=TODAY - dt.timedelta(days=181)), "reviewed 181 days ago"),
        (lambda p: p.update(reviewed=TODAY + dt.timedelta(days=9)), "yet to come"),
        (lambda p: p.pop("reviewed"), "does not say when it was reviewed"),
    ],
)
def test_a_gap_fails(tmp_path, change, words):
    plan = complete()
    change(plan)
    with pytest.raises(Failed, match=words):
        judge(tmp_path, plan)


def test_a_role_that_the_team_adds_must_be_there(tmp_path):
    with pytest.raises(Failed, match='nobody has the role "legal"'):
        judge(tmp_path, complete(), roles=("legal",))


@pytest.mark.parametrize("text", ["- a list\n", "contact: me\n", "{unclosed\n", "a: &a [*a]\n"])
def test_what_is_no_plan_is_an_error(tmp_path, text):
    with pytest.raises(DataError):
        judge(tmp_path, text)


def test_none_named_is_unverified():
    with pytest.raises(Unverified, match=r'plan = "docs/communication-plan\.yaml"'):
        check.test_plan_is_complete_and_recent(project(check.ITEM, None), Evidence())
