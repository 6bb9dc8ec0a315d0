"""The command: what an item asks for and where the project stands, and the schema of the settings."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import jsonschema
import pytest
from click.testing import CliRunner

from pytest_mlready import __version__, catalog, cli
from pytest_mlready.catalog import Item, Option
from pytest_mlready.errors import SettingsError

LONG = "A sentence that is long enough to need a second line at eighty columns, and a few words more than that."


def an_item(item_id, title, **more):
    text = dict.fromkeys(("question", "why", "looks_at", "how_to_fix", "attestation"), LONG)
    return Item(id=item_id, title=title, **text, **more)


SECRETS = an_item(
    "security.no_secrets",
    "No secrets in artifacts or images",
    sources=("https://example.org/a-source",),
    options=(Option(name="max_age", type="duration", default="90 d", doc=LONG),),
)
ETHICS = an_item("compliance.ethics_review", "For high-risk applications", decided_by="person", lifetime_days=365)
CATALOG = SimpleNamespace(
    items={i.id: i for i in (SECRETS, ETHICS)},
    coverage=lambda item_id: (
        ((SimpleNamespace(title="Production checklist"), SimpleNamespace(title="No secrets"), "fully"),)
        if item_id == SECRETS.id
        else ()
    ),
)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the command in an empty folder: (exit status, standard output, standard error)."""
    monkeypatch.setattr(catalog, "load", lambda: CATALOG)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        result = CliRunner().invoke(cli.main, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result.exit_code, result.stdout, result.stderr

    return run


def settings(tmp_path, text):
    (tmp_path / "mlready.toml").write_text(text)


def test_without_an_item_all_are_listed_by_category_in_one_line_each(run):
    status, out, _ = run("explain")
    lines = out.splitlines()
    assert status == 0
    assert lines.index("Security") < lines.index("Compliance")
    assert sum("security.no_secrets" in line for line in lines) == 1
    assert all(len(line) <= 80 for line in lines)


def test_an_item_is_printed_in_full_within_eighty_columns(run):
    status, out, _ = run("explain", "security.no_secrets")
    assert status == 0
    for part in (
        "security.no_secrets: No secrets in artifacts or images",
        "Security, decided by code. An attestation holds 180 days at most.",
        "Question", "Why it matters", "What the built-in checks look at", "How to fix", "What an attestation must contain",
        '[tool.mlready.items."security.no_secrets"]', 'max_age (duration, default "90 d")',
        "Production checklist: No secrets (fully)", "https://example.org/a-source",
        "In this project (no settings file)", "nothing is set for this item",
    ):  # fmt: skip
        assert part in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_an_unknown_item_gets_the_nearest_name_and_exit_status_2(run):
    status, out, err = run("explain", "security.no_secret")
    assert (status, out) == (2, "")
    assert 'there is no item "security.no_secret"; did you mean "security.no_secrets"?' in err


def test_a_name_without_its_category_is_enough_where_one_item_has_it(run):
    status, out, _ = run("explain", "no_secrets")
    assert status == 0
    assert out.startswith("security.no_secrets: ")


def test_the_list_of_commands_has_a_whole_sentence_for_each(run):
    _, out, _ = run("--help")
    assert "..." not in out.partition("Commands:")[2]


def test_control_characters_of_a_name_do_not_reach_the_terminal(run):
    _, _, err = run("explain", "\x1b[31mred")
    assert "\x1b" not in err


def test_the_settings_of_the_item_are_shown(run, tmp_path):
    text = '[items."security.no_secrets"]\nmax_age = "7 d"\nbuiltin = false\nreason = "scanned elsewhere"\n'
    settings(tmp_path, text)
    _, out, _ = run("explain", "security.no_secrets")
    for line in ('max_age = "7 d"', "builtin = false", 'reason = "scanned elsewhere"'):
        assert f"  - {line}" in out
    assert "mlready.toml" in out


def test_what_stands_for_an_item_is_shown(run, tmp_path):
    settings(
        tmp_path,
        """
        [not_applicable]
        "security.no_secrets" = "no image"
        [[waivers]]
        item = "security.no_secrets"
        owner = "platform"
        reason = "next quarter"
        expires = 2020-01-31
        [[attestations]]
        item = "compliance.ethics_review"
        by = "Ada"
        role = "lead"
        approver = "Ada"
        on = 2020-01-01
        expires = 2020-12-01
        evidence = "https://example.org/review"
        """,
    )
    _, out, _ = run("explain", "security.no_secrets")
    assert "not applicable: no image" in out
    assert "waived EXPIRED on 2020-01-31 by platform: next quarter" in out
    _, out, _ = run("explain", "compliance.ethics_review")
    words = " ".join(out.split())
    assert "attested by Ada (lead) on 2020-01-01, approved by Ada" in words
    assert "that attestation does not count: the approver is the author" in words
    assert "that attestation does not count: it expired on 2020-12-01" in words


def test_settings_with_mistakes_do_not_hide_the_text(run, tmp_path):
    settings(tmp_path, 'sistem = "x"\n"\\u001b[31m" = 1\n')
    status, out, err = run("explain", "security.no_secrets")
    assert status == 2
    assert "Why it matters" in out
    assert 'did you mean "system"?' in err
    assert "2 mistakes in mlready.toml:\n  mlready.toml:1" in err
    assert "\x1b" not in err


def test_another_settings_file_can_be_named(run, tmp_path):
    (tmp_path / "other.toml").write_text('[not_applicable]\n"security.no_secrets" = "no image"\n')
    assert "not applicable: no image" in run("explain", "security.no_secrets", "--config", "other.toml")[1]
    status, _, err = run("explain", "security.no_secrets", "--config", "gone.toml")
    assert status == 2
    assert "gone.toml" in err


def test_the_last_report_tells_the_outcome(run, tmp_path):
    test = {"id": "mlready::security::no_secrets::test_it", "outcome": "failed", "message": "1 finding \x1b[31m"}
    item = {"status": "failed", "points": 0, "reason": "1 of 3 tests failed", "tests": [test]}
    (tmp_path / "readiness.json").write_text(json.dumps({"items": {"security.no_secrets": item}}))
    _, out, _ = run("explain", "security.no_secrets", "--report", "readiness.json")
    words = " ".join(out.split())
    assert "Last report - failed, 0 points: 1 of 3 tests failed" in words
    assert "failed mlready::security::no_secrets::test_it: 1 finding" in words
    assert "\x1b" not in out
    assert "not in this report" in run("explain", "compliance.ethics_review", "--report", "readiness.json")[1]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"items": []}', '{"items": {"security.no_secrets": 3}}', "[" * 9999]
)
def test_a_file_that_is_no_report_is_one_clear_error(run, tmp_path, content):
    (tmp_path / "readiness.json").write_text(content)
    status, _, err = run("explain", "security.no_secrets", "--report", "readiness.json")
    assert status == 2
    assert "readiness.json is not a JSON report" in err


def test_a_catalogue_that_cannot_be_read_is_one_clear_error(run, monkeypatch):
    def broken():
        raise SettingsError("the rubric x.toml cannot be read")

    monkeypatch.setattr(catalog, "load", broken)
    assert run("explain")[0] == 2


def test_the_schema_is_printed_as_json(run):
    status, out, _ = run("schema")
    schema = json.loads(out)
    assert status == 0
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]["items"]["properties"]) == set(CATALOG.items)


def test_the_version_is_printed(run):
    assert run("--version") == (0, f"pytest-mlready {__version__}\n", "")


def test_an_unknown_subcommand_is_a_usage_error(run):
    assert run("explian")[0] == 2


def test_nothing_heavy_is_imported_before_it_is_asked_for():
    code = "import sys, pytest_mlready.cli; print([m for m in ('pydantic', 'numpy', 'polars', 'yaml', 'pytest') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
