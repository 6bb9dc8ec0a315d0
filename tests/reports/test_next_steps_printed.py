"""Next steps on a terminal: all of them, under -q the first, and lines that can be copied whole."""

from __future__ import annotations

import pytest
from given import facts
from test_reports import PROVENANCE, built, printed

LONG = 'heldout = "data/heldout.parquet"  # found; is it data that the model has never seen, not even in tuning?'
STEPS = [
    {
        "items": ["a.b"],
        "gain": "checklist +2 at most",
        "why": "W " * 60,
        "into": "pyproject.toml",
        "lines": ["[x]", LONG],
    },
    {
        "items": ["c.d"],
        "gain": "ML Test Score 0 → 0.5 at most",
        "why": "Because.",
        "into": "a shell",
        "lines": ["ls …"],
    },
]


@pytest.fixture
def made(catalog):
    return {**built(catalog, facts()), "next_steps": STEPS}


def test_every_step_is_printed_with_where_its_lines_go(made):
    text = printed(made)
    assert "next step 1 of 2: checklist +2 at most\n" in text
    assert "    paste into pyproject.toml:\n        [x]\n" in text
    assert "    run in a shell:\n        ls …\n" in text


def test_under_q_only_the_first_is_printed(made):
    text = printed(made, verbose=-1)
    assert "next step 1 of 2" in text
    assert "next step 2" not in text
    assert "cheapest path" not in text


def test_a_line_to_paste_is_never_broken_while_all_else_fits_the_width(made):
    lines = printed(made).splitlines()
    assert f"        {LONG}" in lines
    assert max(len(line) for line in lines if LONG not in line) <= 80


def test_a_terminal_without_unicode_shows_what_is_meant(made):
    text = printed(made, encoding="ascii")
    assert "ML Test Score 0 -> 0.5" in text
    assert "ls ..." in text


def test_init_is_offered_only_where_there_are_no_settings(made):
    assert "`pytest-mlready init` writes" in printed(made)
    made["provenance"] = {**PROVENANCE, "settings_sha256": "c" * 64}
    assert "pytest-mlready init" not in printed(made)


def test_lines_for_tables_that_are_there_are_told_apart_by_their_place(made):
    lines = ["# add to [data]:", 'train = "a.csv"', "# add to [gate]:", "min_score = 1", "[metrics]", "accuracy = {}"]
    made["next_steps"] = [{**STEPS[0], "into": "mlready.toml", "lines": lines}]
    assert (
        "    paste into mlready.toml, below its line [data]:\n"
        '        train = "a.csv"\n'
        "    and, below its line [gate]:\n"
        "        min_score = 1\n"
        "    and, at its end:\n"
        "        [metrics]\n"
        "        accuracy = {}\n"
    ) in printed(made)


def test_lines_for_the_top_of_a_file_are_told_to_go_there(made):
    made["next_steps"] = [
        {**STEPS[0], "into": "mlready.toml", "lines": ["# add above the first table:", 'system = "x"']}
    ]
    assert '    paste into mlready.toml, above the first table:\n        system = "x"\n' in printed(made)
