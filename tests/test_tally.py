from __future__ import annotations

import itertools

import pytest
from given import MANUAL, facts, fully_verified, outcome, signed, waiver

from pytest_mlready import cheapest
from pytest_mlready.tally import combine, tally

SECRETS = "security.no_secrets"
ETHICS = "compliance.ethics_review"
ON_CALL = "documentation.on_call"


def test_failed_goes_before_error_before_not_run_before_inconclusive_before_passed():
    order = ["failed", "error", "not_run", "inconclusive", "passed"]
    for better, worse in itertools.combinations(reversed(order), 2):
        assert combine([better, worse]) == worse


def test_unverified_counts_only_when_nothing_else_is_there():
    assert combine(["unverified", "passed"]) == "passed"
    assert combine(["unverified", "inconclusive"]) == "inconclusive"
    assert combine(["unverified", "not_applicable"]) == "unverified"
    assert combine([]) == "unverified"


def test_parts_that_are_not_applicable_drop_out_unless_all_are():
    assert combine(["not_applicable", "passed"]) == "passed"
    assert combine(["not_applicable", "failed"]) == "failed"
    assert combine(["not_applicable", "not_applicable"]) == "not_applicable"


def test_every_item_is_in_the_tally_exactly_once_even_when_nothing_ran(catalog):
    result = tally(catalog, facts())
    assert list(result.results) == list(catalog.items)
    assert {r.status for r in result.results.values()} == {"unverified"}
    assert {s.value for s in result.scores.values()} == {0.0}


def test_all_items_verified_gives_39_points_and_the_highest_ml_test_score(catalog):
    result = tally(catalog, fully_verified(catalog))
    assert result.scores["checklist"].points == 39
    assert result.scores["checklist"].value == 1.0
    assert dict(result.scores["ml_test_score"].sections) == {
        "data": 7,
        "model": 7,
        "infrastructure": 7,
        "monitoring": 7,
    }
    assert result.scores["ml_test_score"].value == 7


def test_the_39_checklist_items_alone_leave_the_ml_test_score_at_zero(catalog):
    on_it = {t.id for r in catalog.rubrics if r.id == "checklist" for t in r.tests}
    whole = fully_verified(catalog)
    some = facts(*(o for o in whole.outcomes if o.items[0] in on_it), attestations=whole.attestations)
    result = tally(catalog, some)
    assert result.scores["checklist"].value == 1.0
    assert dict(result.scores["ml_test_score"].sections) == {
        "data": 1,
        "model": 2,
        "infrastructure": 2,
        "monitoring": 0,
    }
    assert result.scores["ml_test_score"].value == 0


def test_a_run_that_is_not_shown_to_be_automatic_earns_half_in_the_ml_test_score_and_whole_points_on_the_checklist(
    catalog,
):
    whole = fully_verified(catalog)
    result = tally(catalog, facts(*whole.outcomes, attestations=whole.attestations, automation=MANUAL))
    assert result.scores["ml_test_score"].value == 3.5
    assert result.scores["checklist"].value == 1.0
    assert result.scores["ml_test_score"].credits["data-1"].note == "half: a local run"


@pytest.mark.parametrize(
    ("ended", "status"),
    [("passed", "verified"), ("failed", "failed"), ("error", "error"), ("inconclusive", "inconclusive"),
     ("unverified", "unverified"), ("not_applicable", "not_applicable"), ("not_run", "not_run")],
)  # fmt: skip
def test_an_item_shows_how_its_only_test_ended_and_only_a_pass_earns_the_point(catalog, ended, status):
    result = tally(catalog, facts(outcome(SECRETS, ended))).results[SECRETS]
    assert result.status == status
    assert result.points == (1.0 if status == "verified" else 0.0)


def test_an_attestation_alone_earns_half_where_code_could_decide(catalog):
    result = tally(catalog, facts(attestations=(signed(SECRETS),))).results[SECRETS]
    assert (result.status, result.points, result.grade) == ("attested", 0.5, "attested")


def test_an_attestation_earns_the_point_where_only_a_person_can_decide(catalog):
    result = tally(catalog, facts(attestations=(signed(ETHICS),))).results[ETHICS]
    assert (result.status, result.points, result.grade) == ("verified", 1.0, "attested")


def test_code_alone_cannot_verify_what_only_a_person_can_decide(catalog):
    result = tally(catalog, facts(outcome(ETHICS))).results[ETHICS]
    assert (result.status, result.points) == ("unverified", 0.0)


def test_an_item_that_needs_both_earns_half_with_either_and_a_point_with_both(catalog):
    by_code = tally(catalog, facts(outcome(ON_CALL))).results[ON_CALL]
    by_word = tally(catalog, facts(attestations=(signed(ON_CALL),))).results[ON_CALL]
    both = tally(catalog, facts(outcome(ON_CALL), attestations=(signed(ON_CALL),))).results[ON_CALL]
    assert (by_code.points, by_word.points, both.points) == (0.5, 0.5, 1.0)
    assert (by_code.status, by_word.status, both.status) == ("unverified", "attested", "verified")
    assert "attestation is missing" in by_code.reason


@pytest.mark.parametrize("ended", ["failed", "error", "not_run"])
def test_no_word_outweighs_a_test_that_failed_or_did_not_run(catalog, ended):
    for item in (SECRETS, ETHICS, ON_CALL):
        result = tally(catalog, facts(outcome(item, ended), attestations=(signed(item),))).results[item]
        assert (result.status, result.points) == (ended, 0.0)


def test_an_invalid_attestation_earns_nothing_and_says_why(catalog):
    result = tally(catalog, facts(attestations=(signed(SECRETS, "it expired on 2026-01-01"),))).results[SECRETS]
    assert (result.status, result.points) == ("unverified", 0.0)
    assert "it expired on 2026-01-01" in result.reason


def test_a_waiver_shows_beside_the_item_and_is_never_a_pass(catalog):
    result = tally(catalog, facts(outcome(SECRETS, "failed"), waivers=(waiver(SECRETS),))).results[SECRETS]
    assert (result.status, result.underlying, result.points) == ("waived", "failed", 0.0)


def test_an_expired_waiver_changes_nothing(catalog):
    result = tally(catalog, facts(outcome(SECRETS, "failed"), waivers=(waiver(SECRETS, -1),))).results[SECRETS]
    assert result.status == "failed"


def test_a_waiver_does_not_hide_that_a_test_did_not_run(catalog):
    result = tally(catalog, facts(outcome(SECRETS, "not_run"), waivers=(waiver(SECRETS),))).results[SECRETS]
    assert result.status == "not_run"


def test_not_applicable_leaves_the_checklist_and_earns_nothing_in_the_paper(catalog):
    whole = fully_verified(catalog)
    kept = [o for o in whole.outcomes if o.items[0] != "model_quality.spec_reviewed"]
    result = tally(
        catalog,
        facts(
            *kept,
            attestations=whole.attestations,
            not_applicable={"infrastructure.autoscaling": "fixed load", "model_quality.spec_reviewed": "one person"},
        ),
    )
    assert sum(result.scores["checklist"].applicable.values()) == 38
    assert result.scores["checklist"].value == 1.0
    paper = result.scores["ml_test_score"]
    assert (paper.sections["model"], paper.value) == (6, 6)
    assert paper.adjusted == 7


def test_a_failing_test_beats_a_declaration_that_the_item_is_not_applicable(catalog):
    result = tally(catalog, facts(outcome(SECRETS, "failed"), not_applicable={SECRETS: "no artifacts"})).results[
        SECRETS
    ]
    assert result.status == "failed"
    assert "declared not applicable (no artifacts)" in result.reason


def test_the_paper_literal_figure_credits_tests_that_ran_and_failed(catalog):
    whole = fully_verified(catalog)
    failing = [outcome(o.items[0], "failed") if o.items[0] == "data.feature_schema" else o for o in whole.outcomes]
    paper = tally(catalog, facts(*failing, attestations=whole.attestations)).scores["ml_test_score"]
    assert (paper.value, paper.executed) == (6, 7)


def test_partial_coverage_is_shown_and_never_added(catalog):
    result = tally(catalog, facts(outcome("security.input_validation"), outcome("monitoring.feature_drift")))
    credit = result.scores["ml_test_score"].credits["data-1"]
    assert credit.credit == 0
    assert set(credit.test.partial) == {"security.input_validation", "monitoring.feature_drift"}


def test_privacy_controls_need_both_of_their_items(catalog):
    pii, retention = "security.pii_handling", "compliance.data_retention"
    one = tally(catalog, facts(outcome(pii), attestations=(signed(pii),)))
    two = tally(catalog, facts(outcome(pii), outcome(retention), attestations=(signed(pii),)))
    assert one.scores["ml_test_score"].credits["data-5"].credit == 0
    assert two.scores["ml_test_score"].credits["data-5"].credit == 1


def test_subgroups_count_in_full_only_when_compared_with_the_previous_model(catalog):
    item = "model_quality.subgroup_performance"
    alone = tally(catalog, facts(outcome(item))).scores["ml_test_score"].credits["model-6"]
    compared = outcome(item, evidence=({"name": "compared with previous model", "value": True},))
    whole = tally(catalog, facts(compared)).scores["ml_test_score"].credits["model-6"]
    assert (alone.credit, whole.credit) == (0, 1)
    assert "compared with previous model" in alone.note


def test_an_attestation_never_earns_more_than_half_in_the_ml_test_score(catalog):
    result = tally(catalog, facts(attestations=(signed("data.feature_schema"),)))
    assert result.scores["ml_test_score"].credits["data-1"].credit == 0.5


def test_a_partial_run_has_no_score(catalog):
    result = tally(catalog, facts(outcome(SECRETS), partial=("1 readiness test was deselected",)))
    assert result.scores == {}
    assert result.results[SECRETS].status == "verified"


def test_an_item_shows_the_weakest_grade_among_its_tests(catalog):
    two = facts(outcome(SECRETS, grade="live"), outcome(SECRETS, grade="static", id="other"))
    assert tally(catalog, two).results[SECRETS].grade == "static"


def test_one_test_with_several_marks_counts_for_each(catalog):
    both = outcome(SECRETS, items=(SECRETS, "data.feature_policy"))
    results = tally(catalog, facts(both)).results
    assert {results[SECRETS].status, results["data.feature_policy"].status} == {"verified"}


@pytest.mark.parametrize(
    ("value", "band"),
    [(0, "0"), (0.5, "(0,1]"), (1, "(0,1]"), (1.5, "(1,2]"), (2, "(1,2]"), (2.5, "(2,3]"), (3, "(2,3]"),
     (3.5, "(3,5]"), (5, "(3,5]"), (5.5, ">5"), (7, ">5")],
)  # fmt: skip
def test_bands_include_their_upper_end(catalog, value, band):
    from pytest_mlready.reports import document

    whole = fully_verified(catalog)
    rubric = next(r for r in catalog.rubrics if r.id == "ml_test_score")
    data = [t for t in rubric.sections[0].tests if not t.all_of]  # six tests with one item each, and a conjunction
    keep, half = int(value), value % 1
    if value == 7:
        result = tally(catalog, whole)
    else:
        verified = {t.full[0] for t in data[:keep]}
        word = [signed(data[keep].full[0])] if half else []
        elsewhere = [
            o for o in whole.outcomes if o.items[0] not in {i for t in rubric.sections[0].tests for i in t.full}
        ]
        result = tally(
            catalog, facts(*elsewhere, *(outcome(i) for i in verified), attestations=(*whole.attestations, *word))
        )
    score = result.scores["ml_test_score"]
    assert (score.value, document.band(score)) == (value, band)


def test_a_third_rubric_needs_a_file_and_no_code(catalog, tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text(
        'id = "ours"\ntitle = "Our own"\ncombine = "fraction"\nattested = 0.5\nnot_applicable = "leaves"\n'
        '[[sections]]\nid = "all"\ntitle = "All"\n'
        '[[sections.tests]]\nid = "a"\ntitle = "secrets"\nfull = ["security.no_secrets"]\n'
        '[[sections.tests]]\nid = "b"\ntitle = "ethics"\nfull = ["compliance.ethics_review"]\n'
    )
    score = tally(catalog.with_rubrics([file]), facts(outcome(SECRETS), attestations=(signed(ETHICS),))).scores["ours"]
    assert (score.points, score.value) == (1.5, 0.75)


def test_a_rubric_that_names_an_unknown_item_is_refused_with_a_near_name(catalog, tmp_path):
    from pytest_mlready.errors import SettingsError

    file = tmp_path / "ours.toml"
    file.write_text(
        'id = "o"\ntitle = "o"\ncombine = "fraction"\nattested = 0.5\nnot_applicable = "leaves"\n'
        '[[sections]]\nid = "a"\ntitle = "A"\n[[sections.tests]]\nid = "a"\ntitle = "a"\nfull = ["security.no_secret"]\n'
    )
    with pytest.raises(SettingsError, match=r"security\.no_secrets"):
        catalog.with_rubrics([file])


def test_the_way_up_names_what_a_conjunction_still_lacks_though_code_has_verified_it(catalog):
    both = ("security.pii_handling", "compliance.data_retention")
    made = tally(catalog, facts(*(outcome(item) for item in both)))
    path = cheapest.way(made, made.scores["ml_test_score"])
    assert made.results["security.pii_handling"].status == "unverified", "its attestation is missing"
    assert len(path.items) == len(made.scores["ml_test_score"].sections)
