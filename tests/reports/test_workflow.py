"""GitHub's workflow commands: read back as the runner reads them."""

from __future__ import annotations

import re

from given import facts, fully_verified, outcome
from sample_reports import SECRETS, built, hostile, mixed

from pytest_mlready.gate import Policy
from pytest_mlready.reports import workflow

COMMAND = re.compile(r"::(error|warning) ([^:]*)::(.*)")


def read(line):
    """(kind, properties, message) as the runner's parser unescapes them."""
    match = COMMAND.fullmatch(line)
    assert match, line
    kind, properties, message = match.groups()
    pairs = dict(pair.split("=", 1) for pair in properties.split(","))
    return kind, {k: back(v) for k, v in pairs.items()}, back(message)


def back(text):
    for escaped, plain in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text


def test_a_failure_is_an_error_at_its_file_and_line(catalog):
    kind, properties, message = read(next(c for c in workflow.commands(mixed(catalog)) if SECRETS in c))
    assert kind == "error"
    assert properties == {
        "file": "tests/test_ours.py",
        "line": "7",
        "title": f"{catalog.items[SECRETS].title} ({SECRETS})",
    }
    assert message == "3 secrets found"


def test_the_gates_verdict_comes_first_with_every_shortfall(catalog):
    kind, properties, message = read(
        workflow.commands(mixed(catalog, policy=Policy(min_score=3, required=(SECRETS,))))[0]
    )
    assert (kind, properties) == ("error", {"title": "Readiness gate not passed"})
    assert [line.partition(" (")[0] for line in message.splitlines()] == [
        "ML Test Score",
        f"{SECRETS} is required and is failed",
    ]


def test_what_could_not_tell_warns_and_what_is_waived_is_not_told(catalog):
    commands = workflow.commands(mixed(catalog))
    assert [c.split(" ")[0] for c in commands] == ["::error"] * 3 + ["::warning"]
    assert not any("security.authentication" in c for c in commands)


def test_there_are_at_most_ten_errors_and_ten_warnings(catalog):
    ids = list(catalog.items)
    some = facts(*(outcome(i, "failed") for i in ids[:30]), *(outcome(i, "inconclusive") for i in ids[30:]))
    commands = workflow.commands(built(catalog, some, policy=Policy(min_score=7)))
    assert [c.split(" ")[0] for c in commands] == ["::error"] * 10 + ["::warning"] * 10


def test_a_run_without_findings_says_nothing(catalog):
    assert workflow.commands(built(catalog, fully_verified(catalog))) == []


def test_a_message_cannot_end_its_command_or_begin_another(catalog):
    for command in workflow.commands(hostile(catalog)):
        assert "\n" not in command
        assert "\r" not in command
        assert "\x1b" not in command
        read(command)


def test_percent_signs_colons_and_commas_come_back_as_they_were(catalog):
    text = "100 %0A, a:b\nsecond, line"
    some = facts(outcome(SECRETS, "failed", message=text, id="tests/a,b:c.py::test_it"))
    _, properties, message = read(workflow.commands(built(catalog, some))[0])
    assert message == text
    assert properties["file"] == "tests/a,b:c.py"


def test_what_is_required_comes_first_and_nothing_is_told_twice(catalog):
    ids = list(catalog.items)
    same = [
        outcome(i, "failed", message="the model cannot be loaded", builtin=True, id=f"mlready::{i}::{n}")
        for i in ids[:6]
        for n in range(3)
    ]
    last = outcome(ids[-1], "failed", message="no plan", builtin=True, id="mlready::plan")
    found = [read(c) for c in workflow.commands(built(catalog, facts(*same, last), policy=Policy(required=(ids[-1],))))]
    assert [message for _, _, message in found[1:]] == ["no plan", *["the model cannot be loaded"] * 6]
