"""The Markdown report, as GitHub's own renderer reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from given import facts, fully_verified, outcome
from sample_reports import HOSTILE, SECRETS, built, hostile, mixed

from pytest_mlready.gate import Policy
from pytest_mlready.reports import markdown, markdown_text, summary

OURS = {"h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "br", "details",
        "summary"}  # fmt: skip


class Page(HTMLParser):
    """Elements, and the text outside of them, of what the renderer made."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.words, self.cells = [], "", []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.cells.append(0)
        if tag in ("td", "th"):
            self.cells[-1] += 1

    def handle_data(self, data):
        self.words += data


def test_the_verdict_comes_first_then_what_blocks_scores_and_collapsed_categories(catalog):
    text = markdown.render(mixed(catalog, policy=Policy(min_score=2.0, required=(SECRETS,))), catalog)
    parts = [
        "## Production readiness of income: gate not passed", "### What blocks", f"{SECRETS} is required and is failed",
        "### Scores", "### Next steps", "<details><summary>Model quality: 1 of", "<details><summary>Rollback",
    ]  # fmt: skip
    plain = text.replace("\\", "")
    places = [plain.index(part) for part in parts]
    assert places == sorted(places)
    assert text.count("<details>") == text.count("</details>") == 8


def test_it_says_what_a_pass_rests_on_and_who_waived_what(catalog):
    page = Page(markdown.render(mixed(catalog), catalog))
    assert "roc_auc 0.927 (≥ 0.9)" in page.words
    assert "waived by platform until 2026-11-23: later" in page.words


def test_without_a_gate_what_failed_is_listed(catalog):
    text = markdown.render(mixed(catalog), catalog)
    assert "no gate is asked for" in text
    assert "### What failed\n\n- `infrastructure.resource_limits`: deploy/app.yaml:12" in text


def test_a_partial_run_says_why_it_has_no_scores(catalog):
    page = Page(markdown.render(built(catalog, facts(partial=("two tests were deselected",))), catalog))
    assert "partial, so it has no scores: two tests were deselected" in page.words
    assert "no score" in page.words


def test_changes_and_the_next_steps_of_the_document_are_told(catalog):
    page = Page(markdown.render(hostile(catalog), catalog))
    assert "fell security.no_secrets: 1 -> 0, verified -> failed" in page.words
    assert "holds 8 more days" in page.words


@pytest.mark.parametrize("kind", ["hostile", "mixed"])
def test_nothing_from_outside_becomes_markup_a_link_or_a_mention(catalog, kind):
    text = markdown.render({"hostile": hostile, "mixed": mixed}[kind](catalog), catalog)
    page = Page(text)
    assert set(page.tags) <= OURS
    assert page.tags.count("h2") == 1
    assert "a" not in page.tags
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r"(^|[^\w`])[@#]\w", outside_code(text)), "GitHub would link a mention or an issue"
    assert set(page.cells) <= {3, 4}, "a pipe from outside would add cells to a row"


def outside_code(text):
    """What GitHub looks for mentions in: the rendered text that is no code."""
    rendered = cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    bare = re.sub(r"<(code|pre)>.*?</\1>", "", rendered, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", bare)


@pytest.mark.parametrize(
    "text",
    ["# x", "- x", "+ x", "> x", "12. x", "3) x", "= x", "* x", "    x", "[ ] x", "[x]: https://x.example", "<b>", "`a`",
     "```", "~~~", "| a | b |", "https://x.example", "www.x.example", "a@b.example", "mailto:a@b.example", "@team/x",
     "&lt;b&gt;", "\\*", "a\n\nb", "![i](j)", "http\\://x.example", "*a*", "__a__"],
)  # fmt: skip
def test_a_text_is_rendered_as_the_words_that_it_is(text):
    shown = Page(f"- {markdown_text.inline(text)}")
    assert shown.tags == ["ul", "li"]
    assert " ".join(shown.words.replace("\u200b", "").split()) == " ".join(text.split())


def test_code_is_code_whatever_it_holds():
    shown = Page(f"- {markdown_text.code('a`b|<i>*c* https://x.example')}")
    assert shown.tags == ["ul", "li", "code"]
    assert shown.words.strip() == "a`b|<i>*c* https://x.example"


def test_lines_to_paste_cannot_end_their_block():
    shown = Page("\n".join(markdown_text.block(["```", "# x", "````"])))
    assert shown.tags == ["pre", "code"]


def test_it_fits_a_comment_however_much_there_is_to_say(catalog):
    long = "\n".join(f"line {n} | of *much* & <more> that must be escaped @all " * 12 for n in range(40))
    some = facts(*(outcome(i, "failed", message=long) for i in catalog.items))
    text = markdown.render(built(catalog, some, policy=Policy(required=("*",)), trouble=[long] * 9), catalog)
    assert len(text.encode()) < 65_000
    assert "items are left out here, for length" in text
    assert text.count("<details>") == 8
    assert all(text.count(tag) == 8 for tag in ("</details>", "<summary>"))


def test_the_same_document_gives_the_same_text(catalog):
    some = fully_verified(catalog)
    assert markdown.render(built(catalog, some), catalog) == markdown.render(built(catalog, some), catalog)


def test_the_job_summary_is_appended_to(tmp_path):
    file = tmp_path / "summary.md"
    file.write_text("of another step\n")
    assert summary.append("ours", {summary.VARIABLE: str(file)}) == ""
    assert file.read_text() == "of another step\nours\n"


def test_a_job_summary_that_is_full_or_cannot_be_written_is_only_told(tmp_path):
    full = tmp_path / "full.md"
    full.write_bytes(b"x" * (summary.LIMIT - 2))
    assert "GitHub takes 1048576 in all" in summary.append("ours", {summary.VARIABLE: str(full)})
    assert full.stat().st_size == summary.LIMIT - 2
    assert "cannot be written: Is a directory" in summary.append("ours", {summary.VARIABLE: str(tmp_path)})
    assert "cannot be written" in summary.append("ours", {summary.VARIABLE: "\0"})
    assert summary.append("ours", {}) == ""


def test_the_hostile_text_really_is_what_a_careless_report_would_obey():
    careless = Page(f"text {HOSTILE}")
    assert {"a", "img", "em", "h1"} <= set(careless.tags)


@pytest.mark.parametrize(
    "text", ["@a", "`", "|", "<", "\x1b", "\U0001f600", "_", "#1", "://", "www.", "&", "\u202e", "a "]
)
def test_whatever_the_document_holds_it_fits_one_comment(catalog, text):
    """Every field from outside long at once: what is left out is whole sections, and is said to be."""
    long = text * 3000
    made = hostile(catalog)
    made["gate"] = {"asked": True, "passed": False, "shortfalls": [long] * 100}
    made["policy"]["required"] = [long] * 20
    made |= {"system": long, "trouble": [long] * 9, "partial": [long] * 9}
    made["compared"] |= {
        "new": [SECRETS] * 500,
        "loosened": [{"what": long, "from": long, "to": long, "reason": long}] * 40,
    }
    made["next_steps"] = [{"items": [SECRETS] * 60, "gain": long, "why": long, "lines": [long] * 30}] * 3
    made["expiring"] = made["expiring"] * 60
    for item in made["items"].values():
        item["reason"] = "\n".join([long] * 3)
    rendered = markdown.render(made, catalog)
    assert len(rendered.encode()) <= markdown.LIMIT < 65_536
    assert rendered.count("<details>") == rendered.count("</details>")
    assert "### What blocks" in rendered
    assert "### Next steps\n\nLeft out here, for length" in rendered
    assert set(Page(rendered).tags) <= OURS


def test_the_job_summary_stays_below_what_github_takes_however_many_steps_wrote_to_it(tmp_path, catalog):
    path = tmp_path / "summary.md"
    path.write_text("x" * (summary.LIMIT - 100))
    said = summary.append(markdown.render(mixed(catalog), catalog), {summary.VARIABLE: str(path)})
    assert "the job summary holds" in said
    assert path.stat().st_size == summary.LIMIT - 100
