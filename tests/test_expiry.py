"""What expires, and what a day's date does to the scores."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from given import TODAY, facts, outcome, signed, waiver
from sample_reports import SECRETS, built

from pytest_mlready import attestations, expiry
from pytest_mlready.reports import html, markdown, until
from pytest_mlready.settings import Settings
from pytest_mlready.tally import tally

PLAN = "rollback.communication_plan"


def word(item, days_left, *problems):
    return replace(signed(item, *problems), days_left=days_left, expires=TODAY + dt.timedelta(days_left))


def listed(catalog, **more):
    return [(e["item"], e["kind"], e["days_left"]) for e in expiry.expiring(tally(catalog, facts(**more)))]


def test_what_holds_for_thirty_days_or_less_is_listed_soonest_first(catalog):
    words = (word(SECRETS, 30), word(PLAN, 31), word("compliance.ethics_review", 3))
    waived = (waiver("security.authentication", 10), waiver("security.pii_handling", 90))
    assert listed(catalog, attestations=words, waivers=waived) == [
        ("compliance.ethics_review", "attestation", 3),
        ("security.authentication", "waiver", 10),
        (SECRETS, "attestation", 30),
    ]


def test_what_has_expired_is_listed_and_what_never_held_is_not(catalog):
    expired = word(PLAN, -2, "it expired on 2026-11-21")
    never = word(SECRETS, -2, "it expired on 2026-11-21", "docs/it.md has changed since it was signed")
    about = word("compliance.ethics_review", 5, "it is about another model")
    assert listed(catalog, attestations=(expired, never, about), waivers=(waiver(SECRETS, -1),)) == [
        (PLAN, "attestation", -2),
        (SECRETS, "waiver", -1),
    ]


def test_what_was_renewed_in_time_is_no_news(catalog):
    words = (word(PLAN, -2, "it expired on 2026-11-21"), word(PLAN, 12), word(PLAN, 200))
    assert listed(catalog, attestations=words) == []
    assert listed(catalog, attestations=words[:2]) == [(PLAN, "attestation", -2), (PLAN, "attestation", 12)]


@pytest.mark.parametrize(
    ("left", "label", "said"),
    [
        (-1, "expired", "the attestation by Ada expired on 2026-11-22"),
        (0, "expires soon", "the attestation by Ada holds until the end of the day (2026-11-23)"),
        (1, "expires soon", "the attestation by Ada holds 1 more day, until 2026-11-24"),
        (12, "expires soon", "the attestation by Ada holds 12 more days, until 2026-12-05"),
    ],
)
def test_it_is_said_by_whom_and_when(catalog, left, label, said):
    problems = ["it expired"] if left < 0 else []
    document = built(catalog, facts(attestations=(word(PLAN, left, *problems),)))
    assert list(until.expiring(document)) == [(label, f"{PLAN}: {said}")]


def two(catalog, *, now, then):
    counted = [tally(catalog, facts(outcome(SECRETS), **more)) for more in (now, then)]
    document = built(catalog, facts(outcome(SECRETS), **then))
    document["two_days"] = expiry.two_days(*counted, today=TODAY, day=dt.date(2027, 3, 1))
    return document


def test_both_scores_and_what_falls_are_told_in_every_form(catalog):
    document = two(
        catalog, now={"attestations": (word(PLAN, 50),)}, then={"attestations": (word(PLAN, -40, "it expired"),)}
    )
    assert document["two_days"]["scores"]["checklist"] == [pytest.approx(2 / 39), pytest.approx(1 / 39)]
    (move,) = document["two_days"]["items"]
    assert move == {"item": PLAN, "from": 1.0, "to": 0.0, "was": "verified", "is": "unverified"}
    told = "of 2027-03-01 instead of 2026-11-23: checklist 5% today, 2% then, ML Test Score 0 today, 0 then"
    assert until.scores(document) == f"as {told}"
    for text in (markdown.render(document, catalog).replace("\\", ""), html.render(document, catalog)):
        for said in (told, "verified today, unverified then (points: 1 and 0)", "--mlready-compare"):
            assert said in text


def test_a_day_on_which_nothing_differs_moves_nothing(catalog):
    same = {"attestations": (word(PLAN, 50),)}
    document = two(catalog, now=same, then=same)
    assert document["two_days"]["items"] == []
    assert list(until.moved(document, most=8)) == []


def test_a_waiver_that_ends_moves_a_status_even_where_it_moves_no_points(catalog):
    failing = outcome("security.authentication", "failed")
    counted = [tally(catalog, facts(failing, waivers=(waiver("security.authentication", n),))) for n in (5, -5)]
    (move,) = expiry.two_days(*counted, today=TODAY, day=TODAY)["items"]
    assert (move["was"], move["is"]) == ("waived", "failed")


def test_many_moves_are_counted(catalog):
    every = [i.id for i in catalog.items.values() if i.decided_by == "code"][:12]
    document = two(
        catalog,
        now={"attestations": tuple(word(i, 50) for i in every)},
        then={"attestations": tuple(word(i, -1, "it expired") for i in every)},
    )
    told = list(until.moved(document, most=8))
    assert len(told) == 9
    assert told[-1] == f"… and {len(document['two_days']['items']) - 8} more items"


def test_a_document_without_a_day_says_nothing_of_two(catalog):
    document = built(catalog, facts())
    assert until.scores(document) == ""
    assert "As of that day" not in markdown.render(document, catalog)
    assert until.ALIKE not in html.render(document, catalog)


def test_words_are_judged_by_the_day(tmp_path, catalog):
    entry = {
        "item": PLAN, "by": "Ada", "role": "lead", "approver": "Grace", "on": dt.date(2026, 11, 1),
        "expires": dt.date(2027, 2, 1), "evidence": "https://wiki.example/plan",
    }  # fmt: skip
    made = Settings.model_validate(
        {"attestations": [entry], "waivers": [{"item": SECRETS, "owner": "p", "reason": "r", "expires": TODAY}]}
    )
    for day, valid in ((TODAY, True), (dt.date(2027, 3, 1), False)):
        words = expiry.words(made, catalog.items, root=tmp_path, scope=attestations.Scope(), today=day)
        assert (words["attestations"][0].valid, words["waivers"][0].valid) == (valid, valid)
