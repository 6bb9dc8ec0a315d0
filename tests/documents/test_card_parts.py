from __future__ import annotations

import pytest

from pytest_mlready.documents import markdown
from pytest_mlready.documents.cards import identity, parts

WORDS = "It estimates what people earn, for teaching and for comparing methods, and for nothing that decides about anybody at all."
ASKED = "[More Information Needed]"
DIGEST, OTHER = "a1" * 32, "b2" * 32


def card(*headings, text=WORDS):
    return markdown.parse("\n\n".join(["# Model card: x", *(f"## {h}\n\n{text}" for h in headings)]), path="card.md")


def outcomes(document, **more):
    given = {"headings": {}, "least": 20, **more}
    return {name: v.outcome for name, v in zip(parts.REQUIRED, parts.judge_parts(document, **given), strict=True)}


SHAPES = {
    "hugging face": ("Uses", "Bias, Risks, and Limitations", "Training Details", "Evaluation"),
    "mitchell": ("Intended Use", "Caveats and Recommendations", "Training Data", "Quantitative Analyses"),
    "trainer": ("Intended uses & limitations", "Training and evaluation data", "Results"),
    "google": ("Use cases", "Known limitations", "Training dataset", "Performance"),
    "numbered": ("1. Intended Use", "2. Limitations", "3. Training Data", "4. Evaluation Results"),
    "emoji": ("🎯 Intended use", "⚠️ Limitations", "📚 Training data", "📈 Evaluation"),
    "plain words": ("What it is for", "Where it fails", "What it learned from", "How good it is"),
    "capitals": ("INTENDED USE", "LIMITATIONS", "DATASET", "METRICS"),
}


@pytest.mark.parametrize("headings", SHAPES.values(), ids=SHAPES)
def test_the_headings_of_common_templates_are_known(headings):
    assert set(outcomes(card(*headings)).values()) == {"passed"}


@pytest.mark.parametrize("part", parts.REQUIRED)
def test_a_card_without_a_part_fails(part):
    found = outcomes(card(*(name for name in parts.REQUIRED if name != part)))
    assert found == {name: "failed" if name == part else "passed" for name in parts.REQUIRED}


@pytest.mark.parametrize("left", [ASKED, "TODO", "TBD", f"{WORDS} TODO: ask the team", "<describe the data here>"])
def test_a_placeholder_fails_with_its_line(left):
    text = f"# X\n\n## Uses\n\n{left}\n\n## Limitations\n\n{WORDS}\n\n## Data\n\n{WORDS}\n\n## Evaluation\n\n{WORDS}\n"
    verdict = parts.judge_parts(markdown.parse(text, path="card.md"), headings={}, least=20)[0]
    assert verdict.outcome == "failed"
    assert "line 5" in verdict.message


def test_an_optional_subsection_may_be_left_open():
    text = f"# X\n\n## Uses\n\n{WORDS}\n\n### Downstream Use [optional]\n\n{ASKED}\n\n## Limitations\n\n{WORDS}\n"
    assert outcomes(markdown.parse(text))["intended use"] == "passed"


def test_a_comment_of_the_template_counts_for_nothing():
    text = f"# X\n\n## Uses\n\n<!-- {WORDS} -->\n\nAny.\n"
    assert outcomes(markdown.parse(text))["intended use"] == "failed"


def test_a_part_of_a_few_words_fails():
    verdict = parts.judge_parts(card("Intended use", text="For everybody."), headings={}, least=20)[0]
    assert "has 2 words" in verdict.message
    assert verdict.outcome == "failed"


def test_a_table_of_figures_is_an_evaluation():
    found = outcomes(markdown.parse("# X\n\n## Evaluation\n\n|metric|value|\n|-|-|\n|AUC|0.9|\n"))
    assert found["evaluation"] == "passed"


def test_headings_in_another_language_can_be_named():
    document = card("Verwendung", "Grenzen", "Lerndaten", "Güte")
    own = {"intended use": "Verwendung", "limitations": "Grenzen", "training data": "Lerndaten", "evaluation": "Güte"}
    assert set(outcomes(document).values()) == {"failed"}
    assert set(outcomes(document, headings=own).values()) == {"passed"}


def test_the_title_is_no_part():
    assert outcomes(markdown.parse(f"# Evaluation\n\n{WORDS}\n\n## Uses\n\n{WORDS}\n"))["evaluation"] == "failed"


def test_the_nine_sections_are_listed():
    found = parts.sections_found(card("Model details", "Intended use", "Factors", "Metrics"))
    assert found.value == 4
    assert "ethical considerations" in found.note


def identified(front="", body="", sha256=DIGEST, version="2.0.0"):
    document = markdown.parse(f"---\n{front or 'x: y'}\n---\n# Model card\n\n{body}\n", path="card.md")
    return identity.judge(document, sha256=sha256, version=version)


@pytest.mark.parametrize(
    ("front", "body"),
    [
        ("version: 2.0.0", ""),
        ("version: v2.0.0", ""),
        ("model_version: '2.0.0'", ""),
        (f"sha256: {DIGEST}", ""),
        (f"model-digest: sha256:{DIGEST}", ""),
        (f"model: {{version: 2.0.0, sha256: {DIGEST[:16]}…}}", ""),
        ("", "- **Model version:** 2.0.0"),
        ("", "Version 2.0.0, released in spring."),
        ("", "|key|value|\n|-|-|\n|Version|2.0.0|"),
        ("", f"The artifact has sha256 {DIGEST}."),
    ],
)
def test_the_candidates_version_or_digest_passes(front, body):
    assert identified(front, body).outcome == "passed"


@pytest.mark.parametrize(
    ("front", "body", "words"),
    [
        ("version: 1.9.0", "", "is about version 1.9.0"),
        (f"model_sha256: {OTHER}", "", "is about the artifact"),
        (f"version: 2.0.0\nsha256: {OTHER}", "", "is about the artifact"),
        (f"version: 1.9.0\nsha256: {DIGEST}", "", "is about version"),
        ("", "Version: 1.9", "is about version 1.9"),
        ("", WORDS, "does not say which model"),
    ],
)
def test_another_model_or_none_fails(front, body, words):
    verdict = identified(front, body)
    assert verdict.outcome == "failed"
    assert words in verdict.message


def test_what_nothing_is_known_of_is_inconclusive():
    assert identified("version: 2.0.0", version=None).outcome == "inconclusive"
    assert identified(f"sha256: {DIGEST}", sha256=None, version=None).outcome == "inconclusive"
