"""Leaving lines out must leave no credential out: held against every detector, and against detect-secrets itself."""

from __future__ import annotations

import random
import re

import pytest
import secret_samples as made

from pytest_mlready.artifacts.contents.found import At, Piece
from pytest_mlready.artifacts.secrets import detectors, suspects

PLACE = At(where="x", name="x")


def picked(text, **more):
    return list(suspects.pick(Piece(at=PLACE, text=text, first_line=1, **more)))


def filler(lines):
    """Lines that nobody could object to."""
    rng = random.Random(1)
    words = [
        "the",
        "of",
        "model",
        "data",
        "frame",
        "column",
        "value",
        "index",
        "number",
        "result",
        "shape",
        "batch",
        "layer",
        "loss",
    ]
    return [" ".join(rng.choices(words, k=9)) for _ in range(lines)]


@pytest.mark.parametrize("kind", made.LINES)
def test_a_line_with_a_credential_is_picked_with_its_number(kind):
    line, secret = made.LINES[kind]
    text = "\n".join([*filler(50), line, *filler(50)])
    found = [one for one in picked(text) if secret in one.text]
    assert [one.line for one in found] == [51]


BY_NAME = {
    "netrc", "MLflow", "database", "Redis", "docker login", "Kaggle", "AWS secret", "password", "token by its name",
    "hexadecimal key", "bearer", "curl login", "flag",
}  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in made.LINES if kind not in BY_NAME])
def test_a_credential_with_a_format_is_picked_from_code_of_packages_too(kind):
    line, secret = made.LINES[kind]
    assert any(secret in one.text for one in picked("\n".join([*filler(5), line]), formats_only=True))


@pytest.mark.parametrize("kind", made.LINES)
@pytest.mark.parametrize("before", [0, 5000, 100_000])
def test_a_credential_is_picked_from_a_line_without_end(kind, before):
    line, secret = made.LINES[kind]
    text = ("number, " * (before // 8)) + line.replace("\n", "\\n") + (", number" * 3000)
    found = [one for one in picked(text) if secret in one.text]
    assert found
    assert all(len(one.text) <= suspects.LONGEST_LINE + 256 for one in found)
    assert {one.line for one in found} == {1}


def test_most_of_an_ordinary_text_is_left_out():
    text = "\n".join(filler(5000))
    assert sum(len(one.text) for one in picked(text)) < len(text) / 1000


def test_a_private_key_is_one_line_with_its_body():
    found, end = picked("a\n" + made.PEM + "b\n" * 20)
    assert (found.line, end.line) == (2, 5)
    assert made.KEY_BODY in found.text
    assert "\n" not in found.text + end.text


def test_lines_behind_a_header_without_a_key_are_not_joined_to_it():
    header, other = picked("h = '-----BEGIN " + "PRIVATE KEY-----'\nmore = code()\n" + made.LINES["password"][0])
    assert (header.line, other.line) == (1, 3)
    assert made.PASSWORD not in header.text


def test_a_comment_for_detect_secrets_comes_along():
    _, found = picked(f"x = 1\n# pragma: allowlist nextline secret\n{made.LINES['password'][0]}\n")
    assert found.before == "# pragma: allowlist nextline secret"


@pytest.mark.parametrize(
    "text", ["sk-" * 300_000, "eyJ" * 300_000, "password=" * 100_000, "AKIA" * 250_000, "://a@" * 200_000]
)
def test_hostile_lines_are_cut_into_bounded_parts(text):
    found = picked(text)
    assert all(len(one.text) <= suspects.LONGEST_LINE + 256 for one in found)
    assert sum(len(one.text) for one in found) < 8 * len(text)


def test_what_detect_secrets_finds_in_whole_texts_it_finds_in_the_picked_lines():
    """All detectors over all samples, hidden among lines: leaving lines out changes nothing."""
    lines = [line.replace("\n", "\\n") for line, _ in made.LINES.values()]
    text = "\n".join(part for line in lines for part in (*filler(3), line))
    with detectors.ready() as ready:
        whole = [suspects.Suspect(line=i, text=line) for i, line in enumerate(text.split("\n"), start=1)]
        everything = {(whole[hit.index].line, hit.kind, hit.sha1) for hit in ready.read(whole, config=True)}
        some = picked(text)
        found = {(some[hit.index].line, hit.kind, hit.sha1) for hit in ready.read(some, config=True)}
    assert found == everything
    assert len({line for line, _, _ in found}) == len(lines)
    assert len(some) < len(whole) / 2


def test_every_expression_of_ours_has_a_word_that_picks_its_lines():
    """A new detector must be thought of here: each of ours appears among the samples' kinds."""
    names = set(detectors.ours())
    text = detectors.PLUGINS.read_text()
    kinds = dict(re.findall(r'class (\w+)\(.*?secret_type = "([^"]+)"', text, re.DOTALL))
    with detectors.ready() as ready:
        given = [suspects.Suspect(line=0, text=line.replace("\n", "\\n")) for line, _ in made.LINES.values()]
        found = {hit.kind for hit in ready.read(given, config=True)}
    assert names == set(kinds)
    assert set(kinds.values()) - found == set()
