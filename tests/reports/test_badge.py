"""The badge: what it says, and when it may be green."""

from __future__ import annotations

import json

import pytest
from given import facts, fully_verified, outcome
from sample_reports import SECRETS, built, mixed

from pytest_mlready.gate import Policy
from pytest_mlready.reports import badge

ASKED = Policy(min_score=1.0)


def shown(document, catalog):
    made = json.loads(badge.render(document, catalog))
    assert made["schemaVersion"] == 1
    assert set(made) <= {"schemaVersion", "label", "message", "color", "isError"}
    assert made["message"]
    return made


def test_a_gate_that_passed_is_green_and_both_scores_are_said(catalog):
    made = shown(built(catalog, fully_verified(catalog), policy=ASKED), catalog)
    assert (made["message"], made["color"]) == ("checklist 100%, ML Test Score 7", "brightgreen")


@pytest.mark.parametrize(
    "policy_and_trouble", [(ASKED, ()), (Policy(), ()), (ASKED, ("interrupted",)), (Policy(), ("interrupted",))]
)
def test_a_partial_or_incomplete_run_is_never_green(catalog, policy_and_trouble):
    policy, trouble = policy_and_trouble
    whole = fully_verified(catalog)
    some = facts(*whole.outcomes, attestations=whole.attestations, partial=("deselected",))
    made = shown(built(catalog, some, policy=policy, trouble=trouble), catalog)
    assert "green" not in made["color"]
    assert made["message"] in ("partial run", "incomplete run")


def test_a_gate_that_did_not_pass_is_red(catalog):
    made = shown(mixed(catalog, policy=ASKED), catalog)
    assert made["color"] == "red"
    assert made["isError"]
    assert made["message"].startswith("gate not passed, checklist")


def test_without_a_gate_nothing_is_green_since_nothing_was_passed(catalog):
    assert shown(built(catalog, fully_verified(catalog)), catalog)["color"] == "blue"
    assert shown(mixed(catalog), catalog)["color"] == "orange"


def test_a_gate_that_passes_beside_failures_is_of_a_paler_green(catalog):
    some = facts(outcome(SECRETS, "failed"))
    assert shown(built(catalog, some, policy=Policy(min_score=0.0)), catalog)["color"] == "yellowgreen"


def test_a_share_is_rounded_down(catalog):
    document = built(catalog, fully_verified(catalog), policy=ASKED)
    document["scores"]["checklist"]["fraction"] = 0.999
    assert "99%" in shown(document, catalog)["message"]
