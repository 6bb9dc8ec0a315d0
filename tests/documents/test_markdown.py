from __future__ import annotations

import pytest

from pytest_mlready.documents import bounded, markdown, placeholders
from pytest_mlready.errors import DataError, Inconclusive

ANCHORS = [
    ("High latency", "high-latency"),
    ("High latency (p99 > 250 ms)", "high-latency-p99--250-ms"),
    ("What's next?", "whats-next"),
    ("`ModelDown`: not loaded", "modeldown-not-loaded"),
    ("snake_case & kebab-case", "snake_case--kebab-case"),
    ("Überlast 过载", "überlast-过载"),
    ("**Bold** [link](http://x.example)", "bold-link"),
]


@pytest.mark.parametrize(("title", "anchor"), ANCHORS)
def test_a_heading_has_the_anchor_that_github_gives_it(title, anchor):
    document = markdown.parse(f"# {title}\n")
    assert document.sections[1].anchors == (anchor,)


def test_a_repeated_heading_is_numbered():
    document = markdown.parse("## Steps\n## Steps\n## Steps\n")
    assert [s.anchors[-1] for s in document.sections[1:]] == ["steps", "steps-1", "steps-2"]


@pytest.mark.parametrize(
    "text", ['<a name="hl"></a>\n\n## High latency', '## High latency <a id="hl"></a>', "## High latency {#hl}"]
)
def test_an_anchor_that_is_written_is_found_too(text):
    document = markdown.parse(f"# Title\n\n{text}\n\ntext\n")
    assert document.anchored("hl") is not None
    assert document.anchored("high-latency").title.startswith("High latency")


def test_setext_headings_and_headings_in_code_are_told_apart():
    document = markdown.parse("Title\n=====\n\n```sh\n# no heading\n```\n\nPart\n----\n")
    assert [(s.title, s.level) for s in document.sections[1:]] == [("Title", 1), ("Part", 2)]


def test_metadata_keep_numbers_as_they_are_written():
    document = markdown.parse("---\nvalue: 0.90\nversion: 2.0\non: 2026-01-02\n---\n# T\n")
    assert document.front == {"value": "0.90", "version": "2.0", "on": "2026-01-02"}
    assert document.sections[1].line == 6


def test_a_rule_is_no_metadata():
    assert markdown.parse("# T\n\n---\n\ntext\n").front == {}


@pytest.mark.parametrize(
    "front", ["a: [1", "a: &a [*a]", "a: 1\na: 2", "x: !!python/object/apply:os.system [true]", "\t- a"]
)
def test_metadata_that_are_not_valid_are_an_error_of_the_file(tmp_path, front):
    path = tmp_path / "card.md"
    path.write_text(f"---\n{front}\n---\n# T\n")
    with pytest.raises(DataError, match=r"^docs/card\.md: not valid YAML"):
        markdown.read(path, shown="docs/card.md", setting="card")


def test_a_bomb_of_aliases_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(DataError, match="alias"):
        bounded.as_written("\n".join(lines))


def test_lists_code_and_tables_are_told_apart():
    text = "1. first\n   - inner\n2. second\n\n- [ ] task\n- plain\n\n```bash\nmake x\n```\n\n|a|b|\n|-|-|\n|1|**2**|\n"
    blocks = markdown.parse(text).sections[0].blocks
    kinds = [(b.kind, b.text.split("\n")[0]) for b in blocks]
    assert kinds == [
        ("step", "first"), ("item", "inner"), ("step", "second"), ("step", "[ ] task"), ("item", "plain"),
        ("code", "make x"), ("table", "a b"),
    ]  # fmt: skip
    assert blocks[-1].table.rows == (("1", "2"),)


def test_a_long_list_stays_one():
    blocks = markdown.parse("\n".join(f"{n}. step" for n in range(1, 500))).sections[0].blocks
    assert {b.kind for b in blocks} == {"step"}


def test_what_is_below_and_above_a_section():
    document = markdown.parse("# A\n## B\n### C\n## D\n")
    a, b, c, d = document.sections[1:]
    assert document.below(b) == (b, c)
    assert document.above(c) == (a, b, c)
    assert document.named == (b, c, d), "a title above all others is no section"


def test_several_headings_of_the_first_level_are_all_sections():
    assert [s.title for s in markdown.parse("# Uses\n# Limitations\n").named] == ["Uses", "Limitations"]


@pytest.mark.parametrize("name", ["card.rst", "card.pdf", "card.json"])
def test_another_format_is_not_understood(tmp_path, name):
    (tmp_path / name).write_text("x")
    with pytest.raises(Inconclusive, match="not understood"):
        markdown.read(tmp_path / name, shown=name, setting="card")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * (bounded.MAX_BYTES + 1)])
def test_bytes_that_are_no_document_are_refused(tmp_path, content):
    (tmp_path / "card.md").write_bytes(content)
    with pytest.raises(DataError, match=r"card\.md"):
        markdown.read(tmp_path / "card.md", shown="card.md", setting="card")


LEFT = [
    "[More Information Needed]", "More information needed.", "TODO", "TODO: describe", "TBD", "XXX", "lorem ipsum dolor",
    "<your organisation>", "{{ model_summary | default('x') }}", "[Your name here]", "[insert dataset]", "To be completed",
    "Coming soon",
]  # fmt: skip


@pytest.mark.parametrize("text", LEFT)
def test_what_a_template_left_is_found(text):
    assert placeholders.found(f"It is {text} so far.")
    assert placeholders.words(text) <= 3


KEPT = [
    "labels <=50K and >50K", "a TODO list app", "see <https://example.org>", "p < 0.05 and n > 30", "[the data](x) are old",
    "mailbox todo", "x < y, z > w", "todos los datos", "the more information, the better", "array[i] is [a, b]",
]  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_ordinary_text_is_no_placeholder(text):
    assert placeholders.found(text) == []


def test_words_of_scripts_without_spaces_count():
    assert placeholders.words("该模型用于估计一个人的年收入是否超过五万美元") >= 8


def test_an_unknown_element_is_a_placeholder_and_a_known_one_is_not():
    document = markdown.parse("Made by <organisation> on <br> **paper** <!-- TODO -->.\n")
    assert placeholders.found(document.sections[0].blocks[0].text) == ["<organisation>"]
