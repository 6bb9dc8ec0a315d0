"""The document and what is rendered from it: terminal, HTML, JSON."""

from __future__ import annotations

import datetime as dt
import json
import stat
from html.parser import HTMLParser

import jsonschema
import pytest
from given import TODAY, check_report, facts, fully_verified, outcome, signed, waiver

from pytest_mlready import reports
from pytest_mlready.gate import Policy, shortfalls
from pytest_mlready.reports import document, html, terminal
from pytest_mlready.reports import json as json_report
from pytest_mlready.settings import Settings
from pytest_mlready.tally import tally

SECRETS = "security.no_secrets"
HOSTILE = '<script>alert("x")</script>\x1b[31m"&\'\u202e'
PROVENANCE = {
    "commit": "a" * 40, "dirty": False, "settings_sha256": None, "model_sha256": "b" * 64, "data_sha256": {"train": None},
    "seed": 1, "versions": {"python": "3.11"}, "trigger": "local", "started": "2026-11-23T10:00:00+00:00", "seconds": 1.5,
    "as_of": TODAY.isoformat(),
}  # fmt: skip


def built(catalog, some, *, policy=None, system="income", trouble=(), bare=()):
    made = tally(catalog, some)
    policy = policy or Policy()
    return document.build(
        made, policy=policy, shortfalls=shortfalls(made, policy), settings=Settings(system=system), provenance=PROVENANCE,
        trouble=trouble, bare=bare,
    )  # fmt: skip


class Reporter:
    """A terminal of 80 columns that remembers what was written."""

    def __init__(self, encoding="utf-8", width=80):
        self.text = ""
        self._tw = type("Writer", (), {"fullwidth": width, "_file": type("File", (), {"encoding": encoding})})

    def section(self, title):
        self.text += f"= {title} =\n"

    def write(self, content, **markup):
        self.text += content

    def write_line(self, line, **markup):
        self.text += line + "\n"


def printed(made, *, verbose=0, **more):
    reporter = Reporter(**more)
    terminal.print_summary(reporter, made, ["report: r.json"], verbose=verbose)
    return reporter.text


@pytest.fixture
def mixed(catalog):
    return facts(
        outcome(SECRETS, "failed", message="3 secrets found. Next step: rotate them"),
        outcome("security.authentication", "inconclusive", message="no traffic"),
        outcome("model_quality.metric_thresholds", evidence=(
            {"name": "roc_auc", "value": 0.927, "min": 0.9, "interval": [0.92, None], "n": 16281},)),
        attestations=(signed("rollback.communication_plan"), signed("documentation.model_card", "it expired")),
        waivers=(waiver("security.authentication"),),
    )  # fmt: skip


def test_every_document_satisfies_the_published_schema(catalog, mixed):
    for some in (facts(), mixed, fully_verified(catalog), facts(partial=("deselected",))):
        check_report(json.loads(json_report.render(built(catalog, some))), catalog)


def test_the_schema_itself_is_valid_and_refuses_an_unknown_status(catalog, mixed):
    jsonschema.Draft202012Validator.check_schema(json_report.schema())
    made = built(catalog, mixed)
    made["items"][SECRETS]["status"] = "probably fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_report.schema()).validate(made)


def test_the_summary_fits_one_screen_at_eighty_columns(catalog, mixed):
    text = printed(built(catalog, mixed, policy=Policy(min_score=2.0, required=(SECRETS,))))
    assert all(len(line) <= 80 for line in text.splitlines())
    assert len(text.splitlines()) <= 40


def test_the_summary_has_a_line_a_category_the_findings_both_scores_and_the_gate(catalog, mixed):
    text = printed(built(catalog, mixed, policy=Policy(min_score=2.0)))
    assert "Security          0/6  ··········  1 failed, 1 waived" in text
    assert "3 secrets found" in text
    assert "-> rotate them" in text
    assert "ML Test Score (2017)   0" in text
    assert "cheapest path" in text
    assert "below min_score = 2" in text
    assert "waived         security.authentication" in text


def test_a_category_with_every_status_still_fits(catalog):
    ids = [i for i in catalog.items if i.startswith("monitoring.")]
    endings = ("passed", "failed", "error", "inconclusive", "not_applicable", "not_run", "unverified")
    some = facts(
        *(outcome(i, e) for i, e in zip(ids, endings, strict=False)),
        attestations=(signed(ids[7]),), waivers=(waiver(ids[8]),), partial=("one did not run",),
    )  # fmt: skip
    assert all(len(line) <= 80 for line in printed(built(catalog, some)).splitlines())


def test_a_terminal_without_unicode_gets_plain_characters(catalog, mixed):
    assert printed(built(catalog, mixed), encoding="ascii").isascii()


def test_nothing_from_outside_can_control_the_terminal(catalog):
    some = facts(outcome(SECRETS, "failed", message=HOSTILE))
    text = printed(built(catalog, some, system=HOSTILE), verbose=1)
    assert "\x1b" not in text
    assert "\u202e" not in text


class Page(HTMLParser):
    """What a browser would see as elements."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def test_hostile_names_in_every_field_stay_text_in_html(catalog):
    entry = {"name": HOSTILE, "value": HOSTILE, "unit": HOSTILE, "note": HOSTILE}
    word = signed(SECRETS, HOSTILE)
    some = facts(
        outcome(SECRETS, "failed", id=HOSTILE, message=HOSTILE, evidence=(entry,)), attestations=(word,),
        not_applicable={"data.feature_cost": HOSTILE}, partial=(HOSTILE,),
    )  # fmt: skip
    page = html.render(built(catalog, some, system=HOSTILE, trouble=[HOSTILE], bare=[HOSTILE]), catalog)
    parser = Page()
    parser.feed(page)
    assert "script" not in parser.tags
    assert "\x1b" not in page


def test_the_page_needs_nothing_from_elsewhere_and_is_small(catalog, mixed):
    page = html.render(built(catalog, mixed), catalog)
    assert len(page.encode()) < 500_000
    assert "http" not in page.replace("https://", "", 0).partition("</head>")[0]
    assert "<script" not in page


def test_every_item_stands_in_the_page_with_its_question_and_status(catalog, mixed):
    import markupsafe

    page = html.render(built(catalog, mixed), catalog)
    for item in catalog.items.values():
        assert str(markupsafe.escape(item.question)) in page


def test_a_report_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "r.json"
    target.write_text("old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        reports.atomically(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_report_is_readable_by_others_as_the_umask_says(tmp_path):
    import os

    before = os.umask(0o022)
    try:
        reports.atomically(tmp_path / "r.json", "{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "r.json").stat().st_mode) == 0o644


def test_an_attestation_that_expires_within_thirty_days_is_announced(catalog):
    import dataclasses

    soon = dataclasses.replace(signed(SECRETS), days_left=12, expires=TODAY + dt.timedelta(12))
    assert "holds 12 more days" in printed(built(catalog, facts(attestations=(soon,))))


def test_the_shortest_way_up_names_one_item_for_each_lowest_section(catalog):
    way = built(catalog, facts())["scores"]["ml_test_score"]["cheapest_path"]
    assert len(way["items"]) == 4
    assert way["to"] == 1
    assert len({catalog.items[i].category for i in way["items"]}) == 4


def test_the_shortest_way_up_really_raises_the_score_to_what_it_says(catalog):
    way = built(catalog, facts())["scores"]["ml_test_score"]["cheapest_path"]
    after = tally(catalog, facts(*(outcome(i) for i in way["items"]))).scores["ml_test_score"]
    assert after.value == way["to"]


def test_where_only_ci_is_missing_the_way_up_says_so(catalog):
    from given import MANUAL

    whole = fully_verified(catalog)
    some = facts(*whole.outcomes, attestations=whole.attestations, automation=MANUAL)
    made = built(catalog, some)
    way = made["scores"]["ml_test_score"]["cheapest_path"]
    assert (way["items"], way["by_ci"]) == ([], 7)
    assert "run this gate in CI" in printed(made)


def test_items_that_an_option_left_out_take_one_line_and_minus_v_lists_them(catalog):
    left_out = [outcome(i, "not_run", message="deselected") for i in list(catalog.items)[:12]]
    made = built(catalog, facts(*left_out, outcome(SECRETS)))
    short, whole = printed(made), printed(made, verbose=1)
    assert "12 items were deselected; -v lists them" in short
    assert next(iter(catalog.items)) not in short
    assert next(iter(catalog.items)) in whole


@pytest.mark.parametrize(
    "text", ["::error::x", "  ::stop-commands::x", "a\n::set-output name=a::b", "a\n\t::x::", "b ##[error]x", "::::"]
)
def test_no_line_of_text_from_outside_is_a_command_to_the_runner(text):
    from pytest_mlready.errors import inert

    told = inert(text)
    assert not [line for line in told.splitlines() if line.strip().startswith("::") or "##[" in line]
    assert told.replace(": :", "::").replace("# #", "##") == text


def test_ids_of_tests_and_what_has_colons_within_stay_as_they_are():
    from pytest_mlready.errors import inert

    for text in ("tests/test_it.py::test_a", "a :: b", "mlready::security::no_secrets::test_images", "# heading [x]"):
        assert inert(text) == text


def test_the_summary_on_the_terminal_begins_no_line_that_a_runner_obeys(catalog):
    text = "word " * 15 + "::error::forged\n::stop-commands::x ##[error]y"
    some = facts(outcome(SECRETS, "failed", message=text), outcome("data.feature_cost", "inconclusive", message=text))
    for verbose in (-1, 0, 1):
        shown = printed(built(catalog, some, system=text, trouble=[text], bare=[text]), verbose=verbose)
        assert not [line for line in shown.splitlines() if line.strip().startswith("::") or "##[" in line]
