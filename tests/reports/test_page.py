"""The HTML page as a reader meets it: what stands first, landmarks, headings, tables, colours, size, nothing from elsewhere."""

from __future__ import annotations

import itertools
import re
from importlib import resources

import pytest
from given import facts, fully_verified, outcome, waiver
from page_documents import INCLUSION, METRICS, SECRETS, Page, plots, shown, whole

from pytest_mlready.gate import Policy
from pytest_mlready.reports import html
from pytest_mlready.reports.page import overview, words

STYLE = (resources.files("pytest_mlready") / "reports" / "page" / "style.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source(catalog):
    return html.render(whole(catalog), catalog)


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def section(page, heading):
    """The text of the part with this heading's id."""
    return next(e["text"] for e in page.elements if e["attrs"].get("aria-labelledby") == heading)


def test_every_element_is_closed_in_order(page):
    assert not page.open


def test_there_are_a_banner_a_navigation_one_main_part_and_a_footer(page):
    for tag in ("header", "nav", "main", "footer"):
        assert len(page.all(tag)) == 1, tag
    assert page.all("nav")[0]["attrs"]["aria-label"]
    assert page.all("html")[0]["attrs"]["lang"] == "en"


def test_headings_descend_one_level_at_a_time_from_a_single_first(page):
    levels = [int(e["tag"][1]) for e in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_ids_are_unique_and_every_link_and_label_leads_somewhere(page):
    ids = [e["attrs"]["id"] for e in page.elements if "id" in e["attrs"]]
    assert len(set(ids)) == len(ids)
    for link in page.all("a"):
        assert link["attrs"]["href"].startswith("#")
        assert link["attrs"]["href"][1:] in ids
    for element in page.elements:
        for key in ("for", "aria-labelledby"):
            assert element["attrs"].get(key, ids[0]) in ids


def test_tables_have_captions_and_their_headers_a_scope(page):
    assert len(page.all("table")) == len(page.all("caption")) > 5
    assert all(e["attrs"].get("scope") in ("col", "row", "rowgroup") for e in page.all("th"))


def test_tables_that_may_be_wider_than_the_screen_scroll_by_keyboard_and_have_a_name(page):
    wide = [e["attrs"] for e in page.all("div") if "tabindex" in e["attrs"]]
    assert wide
    assert all(e["role"] == "group" and e["aria-label"] for e in wide)


def test_every_picture_is_an_image_with_a_name(page):
    pictures = page.all("svg")
    assert len(pictures) >= 8
    assert all(e["attrs"]["role"] == "img" for e in pictures)
    assert sum(e["within"][-1] == "svg" for e in page.all("title")) == len(pictures)


def test_a_status_is_a_word_and_a_shape_and_never_a_colour_alone(page):
    badges = [e for e in page.all("span") if "badge" in e["attrs"].get("class", "").split()]
    known = {words.words(status) for status in words.STATUSES}
    inside = [b["text"] for b in badges if "bad" in b["attrs"]["class"] or "good" in b["attrs"]["class"]]
    assert all(text[1:] in known or text[0] in "▲▼•" for text in inside)
    assert len({mark for mark, *_ in words.STATUSES.values()}) >= 8


def test_nothing_comes_from_elsewhere_and_no_script_runs(source, page):
    loading = ("script", "link", "img", "iframe", "object", "embed", "video", "audio", "base", "form", "use", "image")
    assert not page.all(*loading)
    assert not [
        k
        for e in page.elements
        for k in e["attrs"]
        if k.startswith("on") or k in ("src", "srcset", "action", "xlink:href")
    ]
    assert "url(" not in source
    assert "@import" not in source


@pytest.mark.parametrize(
    ("policy", "some", "word"),
    [
        (None, (), "No gate"),
        (Policy(required=(SECRETS,)), (outcome(SECRETS),), "May ship"),
        (Policy(required=(SECRETS,)), (outcome(SECRETS, "failed"),), "May not ship"),
    ],
)
def test_the_first_thing_said_is_whether_it_may_ship(catalog, policy, some, word):
    page = Page(html.render(shown(catalog, facts(*some), policy=policy), catalog))
    assert page.all("h2")[0]["text"].split(maxsplit=1)[1] == word
    assert word.lower() in page.all("title")[0]["text"]


def test_what_blocks_is_listed_with_links_to_the_items(catalog):
    some = facts(outcome(SECRETS, "failed", message="3 secrets found"))
    page = Page(html.render(shown(catalog, some, policy=Policy(required=(SECRETS,))), catalog))
    assert "security.no_secrets is required and is failed (3 secrets found)" in section(page, "verdict")
    first = next(a for a in page.all("a") if a["text"] == SECRETS)
    assert first["attrs"]["href"] == f"#{SECRETS}"


def test_what_failed_is_named_although_the_gate_passes(catalog):
    some = facts(outcome(SECRETS, "failed", message="3 secrets found"), outcome(METRICS))
    page = Page(html.render(shown(catalog, some, policy=Policy(required=(METRICS,))), catalog))
    assert "though the gate does not ask for it" in section(page, "verdict")
    assert "3 secrets found" in section(page, "verdict")


def test_both_scores_stand_with_their_sections_and_the_lowest_is_marked(catalog):
    made = shown(catalog, fully_verified(catalog))
    assert [b.title for b in overview.bars("checklist", made["scores"]["checklist"], catalog)][:2] == [
        "Model quality",
        "Infrastructure",
    ]
    paper = overview.bars("ml_test_score", made["scores"]["ml_test_score"], catalog)
    assert [(b.points, b.most, b.share, b.lowest) for b in paper] == [(7, 7, 1, True)] * 4
    page = Page(html.render(made, catalog))
    assert "39 of 39, 100 %" in re.sub(r"\s+", " ", section(page, "score-1"))


def test_a_partial_run_says_why_it_has_no_score(catalog):
    page = Page(html.render(shown(catalog, facts(partial=("two did not run",))), catalog))
    assert "two did not run" in section(page, "verdict")
    assert "No score" in section(page, "scores")


def test_an_interrupted_run_says_so_once_and_names_both_scores(catalog):
    source = html.render(
        shown(catalog, facts(partial=("interrupted", "two did not run")), trouble=("interrupted",)), catalog
    )
    page = Page(source)
    assert "This run is incomplete, so that there is no score: interrupted; two did not run" in section(page, "verdict")
    assert section(page, "verdict").count("interrupted") == 1
    assert "Production readiness checklist" in section(page, "score-1")
    assert "ML Test Score (2017)" in section(page, "score-2")


def test_without_an_earlier_report_the_page_says_how_to_compare(catalog):
    page = Page(html.render(shown(catalog, facts()), catalog))
    assert "not compared with an earlier report; --mlready-compare=OLD.json does it" in section(page, "changed")


def test_a_step_says_its_gain_first_and_folds_many_items_away(catalog):
    many = [item for item in catalog.items if item.startswith("monitoring.")]
    steps = [
        {"items": many, "gain": "checklist +9", "why": "a monitor is missing.", "lines": []},
        {"items": many[:2], "gain": "checklist +2", "why": "roc_auc is not set.", "lines": []},
    ]
    page = Page(html.render(shown(catalog, facts(), next_steps=steps), catalog))
    first, second = (e["text"].strip() for e in page.all("li") if "Checklist +" in e["text"])
    assert first.startswith("Checklist +9. A monitor is missing.")
    assert second.startswith(f"Checklist +2: {many[0]}, {many[1]}. roc_auc is not set.")
    folded = next(e for e in page.all("details") if e["text"].strip().startswith(f"{len(many)} items"))
    assert "open" not in folded["attrs"]
    assert all(item in folded["text"] for item in many)


@pytest.mark.parametrize(
    ("text", "said"),
    [("no table is named.", "No table is named."), ("roc_auc is low", "roc_auc is low"), ("data.x fell", "data.x fell"), ("", ""), ("A b", "A b")],
)  # fmt: skip
def test_a_sentence_begins_with_a_capital_unless_with_a_name(text, said):
    assert words.sentence(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [("2026-11-25T04:38:13+00:00", "2026-11-25 04:38 UTC"), ("2026-11-25T04:38:13+02:00", "2026-11-25 04:38 UTC+02:00"),
     ("2026-11-25T04:38:13", "2026-11-25 04:38"), ("yesterday", "yesterday")],
)  # fmt: skip
def test_a_time_is_said_to_the_minute(text, said):
    assert words.moment(text) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.525, "525 ms"), (90, "90 s"), (179.7, "3 min 0 s"), (4000, "66 min 40 s"), (None, "– s")]
)
def test_how_long_a_run_took_is_said_in_minutes_and_seconds(seconds, said):
    assert words.took(seconds) == said


def test_a_table_in_place_of_a_picture_is_not_folded_away_and_fills_the_page(catalog):
    page = Page(html.render(shown(catalog, facts(outcome(METRICS, plots=plots()[-2:-1]))), catalog))
    (listing,) = [e for e in page.all("figure") if e["attrs"].get("class") == "listing"]
    assert "details" not in {e["tag"] for e in page.elements if "figure" in e["within"]}
    assert [e["text"] for e in page.all("th") if "figure" in e["within"]] == ["a", "a", "a"]
    assert listing["text"].split() == ["a", "a", "aa", "a1"]


def test_what_changed_the_next_step_and_what_expires_stand_in_the_first_screen(page):
    assert "fell" in section(page, "changed")
    assert "Cheapest next step" in section(page, "steps")
    assert "2 days left" in section(page, "expiring")


def test_without_worked_out_steps_the_shortest_way_up_is_named(catalog):
    page = Page(html.render(shown(catalog, facts()), catalog))
    assert "ML Test Score (2017) 0 → 1" in section(page, "steps")


def test_waivers_and_words_that_expire_soon_stand_in_the_page_soonest_first(catalog):
    import dataclasses

    from given import signed

    soon = dataclasses.replace(signed(SECRETS), days_left=12)
    some = facts(outcome(INCLUSION, "failed"), attestations=(soon,), waivers=(waiver(INCLUSION, 3),))
    document = shown(catalog, some)
    assert [(e["item"], e["kind"], e["days_left"]) for e in document["expiring"]] == [
        (INCLUSION, "waiver", 3),
        (SECRETS, "attestation", 12),
    ]
    told = section(Page(html.render(document, catalog)), "expiring")
    assert told.index(INCLUSION) < told.index(SECRETS)


@pytest.mark.parametrize(
    ("left", "words_"),
    [(-1, "expired 1 day ago"), (0, "today is the last day"), (1, "1 day left"), (30, "30 days left"), (None, "")],
)
def test_days_are_said_as_people_say_them(left, words_):
    assert words.days(left) == words_


def test_an_item_shows_question_grade_tests_numbers_waiver_reasons_and_sources(catalog):
    entry = {
        "name": "roc_auc",
        "value": 0.927,
        "min": 0.95,
        "interval": [0.92, 0.93],
        "n": 16281,
        "note": "logit-DeLong",
    }
    some = facts(
        outcome(METRICS, "failed", message="roc_auc is below its limit\nNext step: better it", evidence=(entry,), grade="replayed"),
        waivers=(waiver(METRICS),),
    )  # fmt: skip
    page = Page(html.render(shown(catalog, some), catalog))
    text = next(e["text"] for e in page.all("details") if e["attrs"].get("id") == METRICS)
    item = catalog.items[METRICS]
    wanted = ("waived", "Waived by platform", "10 days left", "it would be failed", "✕ at least 0.95", "0.92 to 0.93",
              "16,281", "logit-DeLong", "Next step: better it", item.question, item.why, item.how_to_fix, item.sources[0])  # fmt: skip
    for part in wanted:
        assert part in text, part


def test_every_rubric_test_stands_with_its_credit_its_items_and_who_covers_a_part(catalog):
    page = Page(html.render(shown(catalog, fully_verified(catalog)), catalog))
    text = section(page, "rubric-ml_test_score")
    tests = next(r for r in catalog.rubrics if r.id == "ml_test_score").tests
    assert len(tests) == 28
    for test in tests:
        assert test.title in text
        assert all(item in text for item in test.partial)


def test_a_remark_about_many_rubric_tests_stands_once(catalog):
    made = shown(catalog, fully_verified(catalog))
    tests = list(made["scores"]["ml_test_score"]["tests"].values())
    for test in tests[:5]:
        test["note"] = "half: a local run"
    tests[5]["note"] = "half: something else"
    text = section(Page(html.render(made, catalog)), "rubric-ml_test_score")
    assert text.count("Half: a local run.") == 1
    assert "half: a local run" not in text
    assert "half: something else" in text


def test_the_filter_has_a_choice_for_every_status_that_occurs_and_counts_it(catalog):
    some = facts(outcome(SECRETS, "failed"), outcome(METRICS))
    source = html.render(shown(catalog, some), catalog)
    page = Page(source)
    labels = [e["text"] for e in page.all("label")]
    assert labels[:5] == ["all 62", "to do 61", "verified 1", "failed 1", "unverified 60"]
    assert "#status-failed:checked) .item:is(.is-verified,.is-unverified) { display: none; }" in source
    assert "#status-failed:checked):has(#only-data:checked) .nothing" in source
    assert len(page.all("legend")) == 2


def test_a_history_becomes_two_pictures_and_a_table_with_this_run_last(catalog):
    past = [
        {
            "started": f"2026-10-0{n}T10:00:00+00:00",
            "commit": "c" * 40,
            "checklist": n / 10,
            "ml_test_score": 0.0,
            "sections": {"data": 1.0},
            "gate": None,
        }
        for n in (1, 2, 3)
    ]
    page = Page(html.render(shown(catalog, fully_verified(catalog), history=past), catalog))
    trend = section(page, "trend")
    assert "Checklist over time" in trend
    assert "days since 2026-10-01" in trend
    assert trend.index("2026-11-23 10:00 UTC") < trend.index("2026-10-03") < trend.index("2026-10-01 10:00 UTC")


def test_a_day_that_cannot_be_read_leaves_the_reports_in_their_order(source):
    assert ">report</text>" in source


@pytest.mark.slow
def test_the_page_stays_small_whatever_the_data(catalog):
    slices = tuple(
        {"name": f"loss: slice {n} " + "x" * 100, "value": n / 7, "max": 0.5, "interval": [0.1, None], "n": n}
        for n in range(1000)
    )
    groups = [
        {"name": f"g{n}", "metric": "m", "value": n / 1000, "lower": 0, "upper": 1, "limit": 0.5} for n in range(1000)
    ]
    big = {"kind": "intervals", "title": "t", "data": {"groups": groups}}
    values = {"kind": "histogram", "title": "t", "data": {"values": [float(n) for n in range(2000)]}}
    some = facts(*(
        outcome(item, "failed", id=f"t.py::test_{item}[{k}]", message="m" * 20_000, evidence=slices[:: 1 + 20 * k], plots=(big, values)[: 2 - k])
        for item in catalog.items for k in range(3)
    ))  # fmt: skip
    page = html.render(shown(catalog, some), catalog)
    assert len(page.encode()) <= html.LARGEST
    assert "the JSON report has them" in page
    assert all(f'id="{item}"' in page for item in catalog.items)


def test_a_thousand_tests_of_every_item_are_cut_to_those_that_did_not_pass_first(catalog):
    some = facts(*(
        outcome(item, "failed" if k == 999 else "passed", id=f"t.py::test_case_number_{k}[{item}]")
        for item in catalog.items for k in range(0, 1000, 27 if item != METRICS else 1)
    ))  # fmt: skip
    page = html.render(shown(catalog, some), catalog)
    assert len(page.encode()) <= html.LARGEST
    assert f"test_case_number_999[{METRICS}]" in page


def test_a_thousand_slices_of_one_item_are_cut_to_those_that_missed_first(catalog):
    slices = tuple({"name": f"slice {n}", "value": float(n), "max": 990.0} for n in range(1000))
    page = html.render(shown(catalog, facts(outcome(METRICS, evidence=slices))), catalog)
    assert "slice 999" in page
    assert "slice 991" in page
    assert "940 more measurements" in page


def test_texts_are_cut_and_say_so():
    assert words.cut("abc", 3) == "abc"
    assert words.cut("abcdef", 3) == "abc… (3 more characters)"


def test_ids_of_items_become_links_and_nothing_else_does():
    linked = str(words.linked("<b> security.no_secrets and file.py, not.known", {"security.no_secrets"}))
    assert linked.count("<a ") == 1
    assert "&lt;b&gt;" in linked


def test_a_test_is_called_by_what_it_says():
    assert (
        words.title("a/b.py::TestX::test_never_ready_without_its_model[case-1]")
        == "Never ready without its model[case-1]"
    )
    assert words.title("odd") == "Odd"


def test_a_report_of_an_item_that_the_catalogue_does_not_have_is_still_shown(catalog):
    made = shown(catalog, facts())
    made["items"]["data.from_tomorrow"] = {**made["items"][SECRETS], "category": "data", "title": "From tomorrow"}
    assert "From tomorrow" in html.render(made, catalog)


def test_every_sort_of_picture_stands_in_the_page_of_its_test(catalog):
    page = Page(html.render(shown(catalog, facts(outcome(METRICS, plots=plots()))), catalog))
    assert len(page.all("svg")) == len(plots()) - 2  # a table and a kind that nobody knows have none
    assert len(page.all("figure")) == len(plots())


def test_pictures_beyond_the_room_are_counted(catalog):
    page = html.render(shown(catalog, facts(outcome(METRICS, plots=plots() * 3))), catalog)
    assert f"{3 * len(plots()) - 12} more pictures; the JSON report has them" in page


# -- contrast (WCAG 2.2, success criteria 1.4.3 and 1.4.11) ------------------------------------------------------------

TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "link", "good", "bad", "open") for ground in ("paper", "card")),
    *((ink, tint) for tint in ("good-tint", "bad-tint", "open-tint") for ink in ("ink", "link")),
    ("ink", "shade"), ("bad", "shade"), ("ink", "area"), ("good", "good-tint"), ("bad", "bad-tint"), ("open", "open-tint"), ("ink", "soft-tint"), ("paper", "ink"),
]  # fmt: skip
SHAPES = [
    *((shape, "paper") for shape in ("accent", "edge", "ink", "bad", "open", "good", "soft")),
    ("accent", "card"), ("accent", "soft-tint"), ("edge", "card"), ("accent", "shade"), ("ink", "shade"), ("bad", "shade"), ("open", "shade"), ("accent", "area"), ("ink", "area"),
]  # fmt: skip


def palette(scheme):
    roots = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", roots[0]))
    return found if scheme == "light" else {**found, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", roots[1]))}


def luminance(colour):
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_stands_out_from_its_ground(scheme, ink, ground):
    colours = palette(scheme)
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_that_mean_something_stand_out_from_their_ground(scheme, shape, ground):
    colours = palette(scheme)
    assert contrast(colours[shape], colours[ground]) >= 3


def test_every_colour_of_the_style_is_in_the_palette_and_differs_between_the_schemes():
    light, dark = palette("light"), palette("dark")
    assert set(re.findall(r"var\(--([a-z-]+)\)", STYLE)) <= set(light)
    assert set(light) == set(
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[1]))
    )
    assert all(light[name] != dark[name] for name in light)
    assert not re.findall(r"#[0-9a-f]{3,6}\b", re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL))
