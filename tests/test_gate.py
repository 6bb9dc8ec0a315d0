from __future__ import annotations

import pytest
from given import MANUAL, facts, outcome, signed, waiver

from pytest_mlready.gate import Policy, shortfalls
from pytest_mlready.tally import tally

SECRETS = "security.no_secrets"


def test_a_gate_that_was_not_asked_for_says_nothing(catalog):
    assert shortfalls(tally(catalog, facts(outcome(SECRETS, "failed"))), Policy()) == ()


def test_a_score_below_the_minimum_is_named_with_both_numbers(catalog):
    (sentence,) = shortfalls(tally(catalog, facts()), Policy(min_score=2.0))
    assert "is 0, below min_score = 2" in sentence


def test_a_score_at_the_minimum_passes(catalog):
    assert shortfalls(tally(catalog, facts(outcome(SECRETS))), Policy(min_checklist=1 / 39)) == ()


def test_a_minimum_of_zero_is_a_gate_that_a_whole_run_passes(catalog):
    assert Policy(min_score=0.0).asked
    assert shortfalls(tally(catalog, facts()), Policy(min_score=0.0)) == ()


@pytest.mark.parametrize("ended", ["failed", "error", "inconclusive", "unverified", "not_run"])
def test_a_required_item_must_be_verified(catalog, ended):
    found = shortfalls(tally(catalog, facts(outcome(SECRETS, ended))), Policy(required=(SECRETS,)))
    assert len(found) == 1
    assert ended.replace("_", " ") in found[0]


def test_required_globs_cover_whole_categories(catalog):
    found = shortfalls(tally(catalog, facts(outcome(SECRETS))), Policy(required=("security.*",)))
    assert len(found) == 5


def test_required_is_satisfied_by_verified_by_not_applicable_and_by_an_unexpired_waiver(catalog):
    policy = Policy(required=(SECRETS,))
    assert shortfalls(tally(catalog, facts(outcome(SECRETS))), policy) == ()
    assert shortfalls(tally(catalog, facts(not_applicable={SECRETS: "none"})), policy) == ()
    assert shortfalls(tally(catalog, facts(outcome(SECRETS, "failed"), waivers=(waiver(SECRETS),))), policy) == ()
    assert shortfalls(tally(catalog, facts(outcome(SECRETS, "failed"), waivers=(waiver(SECRETS, -1),))), policy)


def test_attested_satisfies_required_only_when_the_policy_accepts_it(catalog):
    attested = tally(catalog, facts(attestations=(signed(SECRETS),)))
    assert "accept_attested" in shortfalls(attested, Policy(required=(SECRETS,)))[0]
    assert shortfalls(attested, Policy(required=(SECRETS,), accept_attested=True)) == ()


def test_a_partial_run_cannot_pass(catalog):
    partial = tally(catalog, facts(outcome(SECRETS), partial=("1 readiness test was deselected",)))
    assert "deselected" in shortfalls(partial, Policy(min_score=0.0))[0]


def test_an_incomplete_run_cannot_pass(catalog):
    assert shortfalls(tally(catalog, facts()), Policy(min_score=0.0), incomplete="interrupted") == (
        "the run is incomplete: interrupted",
    )


def test_a_retried_test_cannot_pass_the_gate_even_when_it_passed_in_the_end(catalog):
    found = shortfalls(tally(catalog, facts(outcome(SECRETS, attempts=2))), Policy(min_score=0.0))
    assert "retried" in found[0]


def earlier(catalog, *outcomes, **more):
    from pytest_mlready.reports import document

    made = tally(catalog, facts(*outcomes, **more))
    return {
        "items": {i: document._item(r) for i, r in made.results.items()},
        "scores": {r: document._score(made, s) for r, s in made.scores.items()},
    }


def test_the_ratchet_names_what_fell(catalog):
    before = earlier(catalog, outcome("data.feature_schema"), outcome(SECRETS))
    found = shortfalls(tally(catalog, facts(outcome(SECRETS))), Policy(ratchet="r.json"), earlier=before)
    assert any("data.feature_schema fell from 1 to 0" in sentence for sentence in found)
    assert any("data-1 fell from 1 to 0" in sentence for sentence in found)
    assert not any(SECRETS in sentence for sentence in found)


def test_the_ratchet_lets_points_rise_and_ignores_measurements(catalog):
    before = earlier(catalog, outcome(SECRETS, evidence=({"name": "files", "value": 12},)))
    now = tally(
        catalog, facts(outcome(SECRETS, evidence=({"name": "files", "value": 3},)), outcome("data.feature_schema"))
    )
    assert shortfalls(now, Policy(ratchet="r.json"), earlier=before) == ()


def test_the_ratchet_sees_a_credit_halved_by_a_run_outside_ci(catalog):
    before = earlier(catalog, outcome("data.feature_schema"))
    now = tally(catalog, facts(outcome("data.feature_schema"), automation=MANUAL))
    assert any("fell from 1 to 0.5" in s for s in shortfalls(now, Policy(ratchet="r.json"), earlier=before))
