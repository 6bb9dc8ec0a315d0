from __future__ import annotations

import time

import pytest

from pytest_mlready.manifests import strict_yaml
from pytest_mlready.manifests.strict_yaml import Limits, YamlError, parse, parts


def one(text, **limits):
    (part,) = parts(text)
    return parse(part, Limits(**limits)).value


def refused(text, **limits):
    with pytest.raises(YamlError) as error:
        one(text, **limits)
    return str(error.value)


def test_documents_are_numbered_and_empty_ones_do_not_count():
    text = "# a comment\n---\na: 1\n---\n# nothing\n---\n\n--- {b: 2}\n...\n%YAML 1.2\n---\nc: 3\n"
    found = [(p.number, parse(p, Limits()).value) for p in parts(text)]
    assert found == [(1, {"a": 1}), (2, {"b": 2}), (3, {"c": 3})]


def test_a_document_that_cannot_be_read_leaves_those_after_it():
    first, second = parts("a: [\n---\nb: 2\n")
    with pytest.raises(YamlError):
        parse(first, Limits())
    assert parse(second, Limits()).value == {"b": 2}


def test_a_marker_inside_a_block_of_text_is_no_new_document():
    assert one("a: |\n  ---\n  x\n") == {"a": "---\nx\n"}


def test_windows_line_ends_and_a_marker_with_a_comment_are_read():
    assert [parse(p, Limits()).value for p in parts("a: 1\r\n--- # two\r\nb: 2\r\n")] == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("22:22", "22:22"), ("2024-01-01", "2024-01-01"), ("1_000", "1_000"), ("0x10", 16), ("0o17", 15), ("017", 15),
        ("08", 8.0), ("1e3", 1000.0), ("0.5", 0.5), (".5", 0.5), ("-2", -2), ("true", True), ("~", None), ("=", "="),
        ("500m", "500m"), ("'8'", "8"), ("128974848", 128974848),
    ],
)  # fmt: skip
def test_scalars_are_read_as_kubernetes_reads_them(written, value):
    found = one(f"a: {written}")["a"]
    assert (found, type(found)) == (value, type(value))


def test_anchors_and_merge_keys_work():
    text = "x-limits: &limits {memory: 1g}\na: {<<: *limits, cpus: 1}\nb: {<<: [*limits, {cpus: 2}], memory: 2g}\n"
    assert one(text)["a"] == {"memory": "1g", "cpus": 1}
    assert one(text)["b"] == {"memory": "2g", "cpus": 2}


def test_a_key_that_stands_twice_is_refused_with_both_lines():
    assert refused("a: 1\nb:\n  limits: 1\n  limits: 2\n") == (
        'line 4: the key "limits" stands twice (first in line 3)'
    )


def test_types_of_other_languages_are_refused():
    assert "python/object/apply:os.system" in refused("a: !!python/object/apply:os.system [touch x]")
    assert "could not determine a constructor" in refused("a: !reset null")


@pytest.mark.parametrize(
    "text",
    ["a: \x00", "a:\n\t- b", "a: *nothing", "a: b: c", "'''", "- 1\na: 2", "a: !!int x", "a: !!bool maybe", "@",
     "a: !!timestamp 2001-99-99", "a: !!timestamp x", "a: !!binary x", "a: " + "9" * 5000, "<<: [1]", "? [a]\n: b",
     "a: {{ .Values.x }}", "a: \ud800"],
)  # fmt: skip
def test_what_is_no_yaml_is_one_kind_of_error(text):
    assert refused(text)


def test_aliases_that_hold_themselves_are_refused():
    assert "inside what it stands for" in refused("a: &a [*a]")
    assert "inside what it stands for" in refused("a: &a\n  b: {c: *a}")


def laughs(template, first):
    lines = [first] + [template.format(n=n, below=", ".join([f"*a{n - 1}"] * 9)) for n in range(1, 14)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "bomb",
    [
        laughs("a{n}: &a{n} [{below}]", "a0: &a0 [lol, lol]"),
        laughs("a{n}: &a{n}\n  <<: [{below}]", "a0: &a0 {k: 1}"),
        laughs("a{n}: &a{n} {{x: [{below}]}}", "a0: &a0 {k: 1}"),
    ],
)
def test_bombs_of_aliases_are_refused_at_once(bomb):
    start = time.monotonic()
    assert "expand to more than 1,000,000 values" in refused(bomb)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 50_000 + "a", "{a: " * 50_000, "a: " + "[" * 101 + "]" * 101])
def test_deep_documents_are_refused_before_anything_is_built(text):
    start = time.monotonic()
    assert "nesting" in (said := refused(text)) or "inside one another" in said
    assert time.monotonic() - start < 2


def test_documents_with_too_many_values_are_refused():
    assert "more than 10 values" in refused("- 1\n" * 20, values=10)


def test_many_documents_are_split_in_linear_time():
    start = time.monotonic()
    assert sum(1 for _ in parts("--- \na\n" * 100_000)) == 100_000
    assert time.monotonic() - start < 3


def test_a_line_is_that_of_the_deepest_step_that_exists():
    part = list(parts("a: 1\n---\nb:\n  - c: 1\n    d:\n      e: 5\n"))[1]
    assert strict_yaml.line(part, ("b", 0, "d", "e")) == 6
    assert strict_yaml.line(part, ("b", 0, "x", "y")) == 4
    assert strict_yaml.line(part, ("b", 7)) == 3
    assert strict_yaml.line(part, ()) == 3


def test_a_message_is_short_whatever_the_document_says():
    assert len(refused("a: !!" + "x" * 100_000 + " 1")) < 300
    assert len(refused(f"{'k' * 5000}: 1\n{'k' * 5000}: 2")) < 300
