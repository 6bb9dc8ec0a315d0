"""The HTML page in a real browser: nothing from outside becomes an element or runs, filters work, a phone need not scroll."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess

import pytest
from given import fully_verified
from page_documents import METRICS, Page, shown, whole

from pytest_mlready.reports import html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]

OWNED = "document.title='owned'"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
HOSTILE = [
    f"<script>{OWNED}</script>",
    f"</title></style></script><script>{OWNED}</script>",
    f'"><img src=x onerror="{OWNED}">',
    f"' onmouseover={OWNED} autofocus onfocus={OWNED} x='",
    f"</text></svg><svg onload={OWNED}>",
    f"<details open ontoggle={OWNED}><input name=status>",
    f"javascript:{OWNED} {{{{ 7*7 }}}} {{% raw %}}",
    f"😀🏳️‍🌈 \u202egpj.exe\u2066 <math><mi//xlink:href='data:x,<script>{OWNED}</script>'>",
    f"]]>--><!--<b>\x00\x1b[31m\u202e\ud800&lt;script&gt;{OWNED}&#60;script>",
]


@pytest.fixture
def seen(tmp_path):
    """What the browser has made of a page once it has loaded."""

    def dump(source: str, *options: str) -> Page:
        file = tmp_path / "page.html"
        file.write_text(source, encoding="utf-8")
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            *options,
        ]
        done = subprocess.run([*command, "--dump-dom", file.as_uri()], capture_output=True, timeout=120, check=True)
        return Page(done.stdout.decode())

    return dump


def shape(page):
    """Elements with the names of their attributes, in order."""
    return [(e["tag"], sorted(e["attrs"])) for e in page.elements]


@pytest.fixture(scope="module")
def harmless(catalog, tmp_path_factory):
    return Page(html.render(whole(catalog, "words"), catalog))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_in_every_field_stay_text(catalog, seen, harmless, text):
    source = html.render(whole(catalog, text), catalog)
    assert not CONTROL.search(source)
    page = seen(source)
    title = next(e["text"] for e in page.all("title") if e["within"][-1] == "head")
    assert title.endswith(": may not ship")
    assert "owned" not in title.replace(OWNED, "")
    assert not page.all("script", "img", "b")
    assert not [key for e in page.elements for key in e["attrs"] if key.startswith("on") or key == "autofocus"]
    assert attributes(page) <= attributes(harmless)
    assert {e["tag"] for e in page.elements} == {e["tag"] for e in harmless.elements} | {"tbody"}


def hostile(catalog, text):
    """A catalogue of which an item and a rubric of the project's own say the same everywhere."""
    item = dataclasses.replace(
        catalog.items[METRICS],
        title=text,
        question=text,
        why=text,
        how_to_fix=text,
        attestation=text,
        sources=(text, text),
    )
    rubrics = []
    for rubric in catalog.rubrics:
        sections = [
            dataclasses.replace(s, title=text, tests=tuple(dataclasses.replace(t, title=text) for t in s.tests))
            for s in rubric.sections
        ]
        rubrics.append(dataclasses.replace(rubric, title=text, sections=tuple(sections)))
    return dataclasses.replace(catalog, items={**catalog.items, METRICS: item}, rubrics=tuple(rubrics))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_sources_and_titles_of_a_rubric_of_ones_own_stay_text_and_no_link(catalog, seen, harmless, text):
    theirs = hostile(catalog, text)
    source = html.render(whole(theirs, text), theirs)
    assert not CONTROL.search(source)
    page = seen(source)
    assert attributes(page) <= attributes(harmless)
    assert {e["tag"] for e in page.elements} == {e["tag"] for e in harmless.elements} | {"tbody"}
    assert all(e["attrs"]["href"].startswith("#") for e in page.all("a"))


def attributes(page):
    return {(e["tag"], key) for e in page.elements for key in e["attrs"]}


def test_the_browser_reads_the_page_just_as_it_was_written(catalog, seen):
    source = html.render(whole(catalog), catalog)
    written = [entry for entry in shape(Page(source)) if entry[0] != "tbody"]
    assert [entry for entry in shape(seen(source)) if entry[0] != "tbody"] == written


def asked(source, question):
    """The page with a script of ours that writes the answer to a question into its title."""
    return source.replace("</body>", f"<script>document.title = {question}</script></body>")


def title(page):
    return next(e["text"] for e in page.all("title") if e["within"][-1] == "head")


VISIBLE = "[...document.querySelectorAll('.item')].filter(e => e.checkVisibility()).length"


@pytest.mark.parametrize(
    ("choose", "left"),
    [
        ([], 62),
        (["status-unverified"], 59),
        (["status-failed"], 1),
        (["only-data"], 6),
        (["status-failed", "only-data"], 0),
    ],
)
def test_choosing_a_status_and_a_category_hides_the_other_items(catalog, seen, choose, left):
    source = html.render(whole(catalog), catalog)
    for name in choose:
        source = source.replace(f'id="{name}"', f'id="{name}" checked')
    page = seen(asked(source, f"{VISIBLE} + ' ' + document.querySelector('.nothing').checkVisibility()"))
    assert title(page) == f"{left} {'true' if left == 0 else 'false'}"


def long_names(catalog):
    return whole(catalog, "a_long_name_without_any_space_to_break_at_" * 4)


def endless_names(catalog):
    return whole(catalog, "😀" * 10_000)


def all_verified(catalog):
    return shown(catalog, fully_verified(catalog))


@pytest.mark.parametrize("built", [long_names, endless_names, all_verified])
@pytest.mark.parametrize(("media", "width"), [("screen", 320), ("screen", 390), ("screen", 1280), ("print", 718)])
def test_a_page_is_never_wider_than_its_screen_or_its_paper(catalog, seen, built, media, width):
    # Headless Chromium has a least width for its window: a frame of the size of a phone has none.
    source = html.render(built(catalog), catalog).replace("<details", "<details open")
    source = source.replace("@media print", "@media all") if media == "print" else source
    frame = source.replace("&", "&amp;").replace('"', "&quot;")
    question = "document.querySelector('iframe').contentDocument.documentElement.scrollWidth"
    page = seen(
        f'<!doctype html><title>x</title><iframe style="width:{width}px;height:800px;border:0" srcdoc="{frame}"></iframe>'
        f"<script>onload = () => document.title = {question}</script>"
    )
    assert int(title(page)) <= width


def test_dark_and_light_have_different_grounds(catalog, seen):
    source = asked(html.render(whole(catalog), catalog), "getComputedStyle(document.body).backgroundColor")
    light, dark = (title(seen(source, f"--blink-settings=preferredColorScheme={n}")) for n in (1, 0))
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 23, 27)")


def test_in_print_everything_is_open(catalog, tmp_path):
    def pages(source):
        (tmp_path / "page.html").write_text(source, encoding="utf-8")
        target, profile = tmp_path / "page.pdf", f"--user-data-dir={tmp_path / 'profile'}"
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", profile, f"--print-to-pdf={target}"]
        subprocess.run([*command, (tmp_path / "page.html").as_uri()], capture_output=True, timeout=120, check=True)
        return target.read_bytes().count(b"/Type /Page\n")

    source = html.render(whole(catalog), catalog)
    assert pages(source) > 2 * pages(source.replace("details::details-content", "details::nothing")) > 2
