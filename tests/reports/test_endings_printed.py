"""How items stand, on a terminal: one cause is one entry, ids stay whole, and a narrow terminal loses nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from given import facts, fully_verified, outcome
from test_reports import built, printed

CAUSE = "the model m.joblib does not exist in /p. Next step: correct the path in [tool.mlready]"


@pytest.fixture
def one_cause(catalog):
    """Nine items that one missing file ends, and one that fails by itself."""
    ids = list(catalog.items)
    many = [outcome(i, "error", message=CAUSE) for i in ids[:9]]
    return built(catalog, facts(*many, outcome(ids[9], "error", message="no such column"))), ids


def test_items_that_one_cause_ends_are_one_entry(one_cause):
    made, ids = one_cause
    text = printed(made)
    assert text.count("the model m.joblib does not exist") == 1
    assert text.count("error          ") == 2
    assert f"error          {ids[0]}\n               and 8 more: {ids[1]}," in text
    assert "no such column" in text
    assert "more error" not in text


def test_under_v_every_item_has_its_own_reason(one_cause):
    made, _ = one_cause
    assert printed(made, verbose=1).count("the model m.joblib does not exist") == 9


def test_causes_beyond_the_first_eight_are_counted_by_their_items(catalog):
    ids = list(catalog.items)
    made = built(catalog, facts(*(outcome(i, "error", message=f"cause {min(n, 9)}") for n, i in enumerate(ids[:11]))))
    assert "… and 3 more error; -v lists them" in printed(made)


def test_a_run_that_never_began_says_why_once(catalog):
    silent = [outcome(i, "not_run", message="collected, and no result came back") for i in catalog.items]
    made = built(catalog, facts(*silent, partial=("tests/test_app.py cannot be collected",)))
    assert printed(made).count("no result came back") == 1


def test_ids_and_paths_are_never_broken_at_the_end_of_a_row(catalog):
    long = "mlready::model_quality::heldout_integrity::test_heldout_rows_are_not_in_train"
    made = built(catalog, facts(partial=(f"3 readiness tests did not run: a::b, {long}, c::d",)))
    assert long in printed(made)
    assert long in printed(made, width=40)


def test_a_narrow_terminal_wraps_and_cuts_nothing_off(catalog):
    made = built(catalog, facts(outcome("security.no_secrets", "failed", message="a key")))
    text = printed(made, width=40)
    assert "1 failed" in text
    assert made["scores"]["ml_test_score"]["meaning"].split()[-1] in text
    assert max(map(len, text.splitlines())) <= 50


def test_a_narrow_terminal_tells_as_much_of_a_text_and_cuts_between_words(catalog):
    said = " ".join(f"word{n:02}" for n in range(60))
    made = built(catalog, facts(outcome("security.no_secrets", "failed", message=said)))
    wide, narrow = printed(made), printed(made, width=40)
    assert narrow.count("word") >= wide.count("word") - 4
    for text in (wide, narrow):
        last = next(line for line in text.splitlines() if line.endswith(" …"))
        assert last.removesuffix(" …").split()[-1] in said.split()


def test_one_item_is_not_items(catalog):
    whole = fully_verified(catalog)
    rest = tuple(o for o in whole.outcomes if o.items != ("security.no_secrets",))
    words = tuple(a for a in whole.attestations if a.item != "security.no_secrets")
    made = built(catalog, replace(whole, outcomes=rest, attestations=words))
    assert "unverified     1 item; -v says" in printed(made)
