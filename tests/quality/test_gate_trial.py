"""What a gate's ending means, and what that says about the gate."""

from __future__ import annotations

import pytest

from pytest_mlready.quality.gate_trial import Answer, Trial, against_unreadable, answer, judge_bad, judge_good
from pytest_mlready.quality.gate_trial import judge_unreadable as judge_file

CRASH = (
    'Traceback (most recent call last):\n  File "gate.py", line 3, in <module>\n'
    "ModuleNotFoundError: No module named 'skops'"
)
ASSERTED = 'Traceback (most recent call last):\n  File "gate.py", line 9, in <module>\nAssertionError: auc 0.5'
VETOED, BLESSED, UNCLEAR = (
    Answer(said=said, why="it crashed", words="auc") for said in ("vetoed", "blessed", "unclear")
)


@pytest.mark.parametrize(
    ("code", "tail", "said"),
    [
        (0, "", "blessed"),
        (1, "auc 0.5 is below 0.9", "vetoed"),
        (125, "", "vetoed"),
        (1, CRASH, "unclear"),
        (1, ASSERTED, "vetoed"),
        (1, f"{ASSERTED}\nDuring handling\n{CRASH}", "unclear"),
        (126, "", "unclear"),
        (127, "not found", "unclear"),
        (-11, "", "unclear"),
        (None, "", "unclear"),
    ],
)
def test_an_ending_is_a_blessing_a_veto_or_neither(code, tail, said):
    assert answer(code, tail).said == said


def test_a_veto_may_have_a_status_of_its_own():
    assert answer(3, "", veto=3).said == "vetoed"
    assert answer(1, "", veto=3).said == "unclear"
    assert "status 1" in answer(1, "", veto=3).why
    assert answer(0, "", veto=3).said == "blessed"


def test_a_crash_is_named():
    assert answer(1, CRASH).why == "it crashed with ModuleNotFoundError"


def test_a_veto_in_the_words_for_an_unreadable_file_is_none():
    given = answer(1, "cannot load /tmp/a1/model.skops (3 types)")
    assert against_unreadable(given, answer(1, "cannot load /tmp/b2/model.skops (1 types)")).said == "unclear"
    assert against_unreadable(given, answer(1, "truncated file")).said == "vetoed"
    assert against_unreadable(answer(1, ""), answer(1, "")).said == "vetoed"  # a gate without words is asked otherwise


def test_a_good_model_that_is_stopped_fails_and_a_crash_is_inconclusive():
    assert judge_good(BLESSED, "the candidate").outcome == "passed"
    assert judge_good(VETOED, "the candidate").outcome == "failed"
    assert judge_good(UNCLEAR, "the candidate").outcome == "inconclusive"


def trial(kind, given):
    return Trial(kind=kind, made="spoilt", answer=given, measured="auc 0.5")


def outcomes(*trials):
    return [verdict.outcome for verdict in judge_bad(trials)]


def test_every_bad_model_must_be_stopped():
    assert outcomes(trial("a", VETOED), trial("b", VETOED)) == ["passed", "passed"]
    assert outcomes(trial("a", VETOED), trial("b", BLESSED)) == ["passed", "failed"]
    assert outcomes(trial("a", VETOED), trial("b", UNCLEAR)) == ["passed", "inconclusive"]


def test_one_kind_is_too_few_and_none_is_no_pass():
    unmade = Trial(kind="b", made="not made: no training")
    assert outcomes(trial("a", VETOED), unmade) == ["passed", "passed", "inconclusive"]
    assert outcomes(unmade) == ["passed", "inconclusive"]
    assert outcomes() == ["inconclusive"]


def test_what_was_let_through_is_said_with_the_gates_last_words():
    (verdict,) = judge_bad([trial("noised weights", Answer(said="blessed", words="auc 0.6\nall good\n"))], needed=0)
    assert "noised weights (spoilt; auc 0.5); it said last: all good" in verdict.message


def test_a_file_that_cannot_be_read_must_not_get_through():
    assert judge_file(BLESSED)[0].outcome == "failed"
    assert judge_file(VETOED) == judge_file(UNCLEAR) == []


def test_a_veto_of_its_own_status_may_log_an_exception_and_that_of_a_crash_may_not():
    assert answer(3, CRASH, veto=3).said == "vetoed"
    assert answer(1, CRASH, veto=1).said == "unclear"


def test_a_veto_that_looks_like_a_crash_is_told_what_would_tell_them_apart():
    (verdict, *_) = judge_bad([Trial(kind="noise", made="noised", answer=answer(1, CRASH), measured="auc 0.5")])
    assert verdict.outcome == "inconclusive"
    assert "Next step: end a veto with a status of its own" in verdict.message
