from __future__ import annotations

import pytest
from shuffled_samples import alone, linear

from pytest_mlready.errors import DataError
from pytest_mlready.features.importance_gains import Gain, Study
from pytest_mlready.features.importance_study import Design, study
from pytest_mlready.features.importance_verdicts import judge, picture, reasons


def gain(name, standing="beneficial", share=0.1, *, members=None, why="", lower=None, upper=None):
    lower, upper = share - 0.01 if lower is None else lower, share + 0.01 if upper is None else upper
    return Gain(
        name=name, members=members or (name,), share=share, lower=lower, upper=upper, moved=500, standing=standing, why=why
    )  # fmt: skip


def found(*gains, together=None, **more):
    known = {"base": 0.09, "gain": 0.2, "gain_lower": 0.19, "gain_upper": 0.21, "rows": 1000, "repeats": 5}
    return Study(**known | more, gains=gains, together=together, limit=0.005, confidence=0.95)


def one(study, keep=None):
    (verdict,) = judge(study, keep or {})
    return verdict


def test_all_beneficial_passes_and_names_the_least():
    verdict = one(found(gain("a"), gain("b", share=0.02)))
    assert (verdict.outcome, verdict.message) == (
        "passed",
        "2 inputs add something; the least is b with 2.0 % of the gain",
    )
    assert [m.name for m in verdict.measurements][2:] == ["share of the gain: b", "share of the gain: a"]


def test_useless_inputs_fail_with_what_to_do():
    useless = [gain("a", "useless", 0.0, why="no answer changed"), gain("b", "useless", 0.001, upper=0.002)]
    together = gain("together", "useless", 0.0011, members=("a", "b"))
    verdict = one(found(gain("c"), *useless, together=together))
    assert verdict.outcome == "failed"
    assert "2 inputs add at most 0.50 %" in verdict.message
    assert "a (no answer changed), b (0.10 %, at most 0.20 %); shuffled together they add 0.11 %" in verdict.message
    assert 'keep = { "a" = "…" }' in verdict.message


def test_a_stated_reason_keeps_an_input_and_is_shown():
    verdict = one(found(gain("c"), gain("a", "useless", 0.0)), {"a": "the law asks for it"})
    assert verdict.outcome == "passed"
    assert any("kept: the law asks for it" in m.note for m in verdict.measurements)


def test_a_reason_for_one_member_does_not_keep_the_group():
    group = gain("a + b", "useless", 0.0, members=("a", "b"))
    assert one(found(gain("c"), group), {"a": "why"}).outcome == "failed"
    assert one(found(gain("c"), group), {"a": "why", "b": "why"}).outcome == "passed"
    assert one(found(gain("c"), group), {"a + b": "why"}).outcome == "passed"


def test_keeping_everything_is_inconclusive():
    assert one(found(gain("a", "useless", 0.0)), {"a": "why"}).outcome == "inconclusive"


def test_an_undecided_input_is_inconclusive_with_the_rows_that_would_decide():
    verdict = one(found(gain("c"), gain("a", "undecided", 0.001, lower=-0.004, upper=0.016)))
    assert verdict.outcome == "inconclusive"
    assert "a (-0.40 % to 1.6 %)" in verdict.message
    assert "hold out about 16,000 rows" in verdict.message


def test_an_undecided_input_does_not_hide_a_useless_one():
    verdicts = judge(found(gain("a", "undecided", 0.001), gain("b", "useless", 0.0)), {})
    assert [v.outcome for v in verdicts] == ["failed", "inconclusive"]
    assert sum(len(v.measurements) for v in verdicts) == 4


def test_all_inputs_in_one_group_say_nothing_about_any():
    verdict = one(found(gain("a + b", members=("a", "b"), share=1.0)))
    assert verdict.outcome == "inconclusive"
    assert one(found(gain("text", share=1.0))).outcome == "passed"


@pytest.mark.parametrize(("lower", "upper", "outcome"), [(0, 0, "failed"), (-2, -1, "failed"), (-1, 1, "inconclusive")])
def test_a_model_without_gain_is_never_green(lower, upper, outcome):
    assert one(found(gain=0, gain_lower=lower, gain_upper=upper)).outcome == outcome


@pytest.mark.parametrize(
    ("keep", "said"),
    [({"agee": "why"}, 'did you mean "age"'), ({"age": " "}, "without a reason"), ({"age": True}, "without a reason")],
)
def test_a_reason_must_name_an_input_and_say_something(keep, said):
    with pytest.raises(DataError, match=said):
        reasons(keep, {"age": ("age",)})


def test_the_picture_and_the_judgement_of_a_real_study_agree():
    result = study(linear(), alone(linear(9)), Design())
    assert [row["name"] for row in picture(result)["rows"]] == ["x0", "x1", "x2"]
    assert one(result).outcome == "passed"
