"""--mlready-at in whole runs: what will have expired by then, and both scores beside those of today."""

from __future__ import annotations

import datetime as dt

import pytest

PASSING = """
import pytest

@pytest.mark.security("no_secrets")
def test_ours(): pass

@pytest.mark.security("network_policy")
def test_theirs(): assert False, "no policy"
"""
PLAN = "rollback.communication_plan"
SETTINGS = """
[[attestations]]
item = "{plan}"
by = "Ada Lovelace"
role = "head of operations"
approver = "Grace Hopper"
on = {on}
expires = {expires}
evidence = "https://wiki.example/plan"

[[waivers]]
item = "security.network_policy"
owner = "platform team"
reason = "the mesh comes in spring"
expires = {expires}
"""


@pytest.fixture
def today():
    return dt.datetime.now(tz=dt.UTC).date()


@pytest.fixture
def project(pytester, today):
    """A word and a waiver that hold for sixty more days."""
    pytester.makepyfile(PASSING)
    settings = SETTINGS.format(plan=PLAN, on=today - dt.timedelta(9), expires=today + dt.timedelta(60))
    (pytester.path / "mlready.toml").write_text(settings)
    return pytester.path


def test_what_will_have_expired_and_the_score_then_are_told_everywhere(project, three_ways, today):
    day, end = today + dt.timedelta(70), today + dt.timedelta(60)
    ran = three_ways(f"--mlready-at={day}", "--mlready-report=r.md", "--mlready-report=r.html")
    assert ran.report["provenance"]["as_of"] == str(day)
    assert ran.report["expiring"] == [
        {"item": PLAN, "kind": "attestation", "expires": str(end), "days_left": -10, "by": "Ada Lovelace"},
        {
            "item": "security.network_policy", "kind": "waiver", "expires": str(end), "days_left": -10,
            "by": "platform team",
        },
    ]  # fmt: skip
    two = ran.report["two_days"]
    assert (two["today"], two["day"]) == (str(today), str(day))
    assert {m["item"]: (m["was"], m["is"]) for m in two["items"]} == {
        PLAN: ("verified", "unverified"),
        "security.network_policy": ("waived", "failed"),
    }
    now, then = two["scores"]["checklist"]
    assert now > then == ran.report["scores"]["checklist"]["fraction"]
    said = (
        f"as of {day} instead of {today}: checklist", "verified today, unverified then (points: 1 and 0)",
        f"{PLAN}: the attestation by Ada Lovelace expired on {end}",
        f"security.network_policy: the waiver by platform team expired on {end}",
    )  # fmt: skip
    markdown = (project / "r.md").read_text().replace("\\", "").replace("`", "")
    for text in (" ".join(ran.text.split()), markdown):
        assert [s for s in said if s not in text] == []
    page = (project / "r.html").read_text()
    assert f"of {day} instead of {today}" in page
    assert "expired 10 days ago" in page
    summary = ran.text[ran.text.index("production readiness") :].splitlines()
    summary = summary[: next(n for n, line in enumerate(summary) if line.startswith("next step 1"))]
    assert [line for line in summary if len(line) > 80] == []


def test_under_q_the_two_scores_stay(project, readiness, today):
    text = readiness("-q", f"--mlready-at={today + dt.timedelta(70)}").text
    assert "checklist" in text
    assert " today, " in text
    assert "verified today, unverified then" not in text


def test_without_the_option_only_what_expires_within_thirty_days_is_told(project, readiness, today):
    ran = readiness()
    assert ran.report["expiring"] == []
    assert "two_days" not in ran.report
    ran = readiness(f"--mlready-at={today + dt.timedelta(45)}")
    assert {e["days_left"] for e in ran.report["expiring"]} == {15}
    assert ran.report["two_days"]["items"] == []
    assert f"{PLAN}: the attestation by Ada Lovelace holds 15 more days" in " ".join(ran.text.split())


def test_a_partial_run_says_that_it_has_no_score_for_either_day(project, readiness, today):
    ran = readiness("--mlready-item=security.*", f"--mlready-at={today + dt.timedelta(70)}")
    assert ran.report["two_days"]["scores"] == {}
    assert "no score, since the run is partial" in " ".join(ran.text.split())
