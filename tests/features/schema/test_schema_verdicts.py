from __future__ import annotations

import polars as pl
import pytest

from pytest_mlready.features.schema import json_rows, trial, verdicts
from pytest_mlready.features.schema.expectations import Breach, Checked, Unread
from pytest_mlready.features.schema.function import FunctionSchema
from pytest_mlready.features.schema.trial import Trial, Tried

HEALTHY = Checked(rows=1000, broken=0)
UNREAD = (Unread(column="age", what="uniqueItems"),)


def schema(**properties):
    return json_rows.read({"properties": properties})


def outcome(*tried, healthy=HEALTHY, possible=0):
    """Tried mutants as (kind, column, rejected)."""
    made = [Tried(kind=kind, told=name, columns=tuple(name.split("+")), rejected=yes) for kind, name, yes in tried]
    return Trial(healthy=healthy, tolerance=0.0, tried=tuple(made), possible=possible or len(made))


def test_a_rule_for_every_input_is_full_coverage():
    verdict = verdicts.coverage(schema(age={"minimum": 0}, job={"enum": ["a"]}), ["age", "job"])
    assert (verdict.outcome, verdict.measurements[0].value) == ("passed", 1.0)


def test_an_input_without_a_rule_fails_with_the_name_that_may_be_meant():
    found = schema(age={"minimum": 0}, education_num={"minimum": 1})
    verdict = verdicts.coverage(found, ["age", "education-num"])
    assert verdict.outcome == "failed"
    assert 'states nothing about 1 of 2 inputs: education-num, did you mean "education_num"?' in verdict.message
    assert verdict.measurements[0].value == 0.5


def test_an_input_whose_only_rule_is_not_understood_is_undecided():
    verdict = verdicts.coverage(schema(age={"uniqueItems": True}), ["age"])
    assert verdict.outcome == "inconclusive"
    assert "module:function" in verdict.message


def test_code_covers_the_inputs_whose_damage_it_rejects():
    code = FunctionSchema(source="a:b", function=len, given=lambda frame: frame)
    assert verdicts.coverage(code, ["age"]) is None
    both = outcome(("range", "age", True), ("null", "age", False), ("type", "job", True))
    assert verdicts.coverage_by_trial(both, ["age", "job"]).outcome == "passed"


def test_code_that_rejects_a_swap_alone_does_not_cover_either_column():
    verdict = verdicts.coverage_by_trial(outcome(("swap", "age+job", True), ("type", "age", False)), ["age"])
    assert verdict.outcome == "failed"
    assert "no damage to age was rejected" in verdict.message


def test_an_input_that_no_mutant_is_of_leaves_coverage_by_code_open():
    assert verdicts.coverage_by_trial(outcome(("type", "age", True)), ["age", "job"]).outcome == "inconclusive"
    assert verdicts.coverage_by_trial(outcome(), ["age"]).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("broken", "tolerance", "expected"), [(0, 0.0, "passed"), (1, 0.0, "failed"), (1, 0.001, "passed")]
)
def test_healthy_data_are_accepted_within_the_tolerance(broken, tolerance, expected):
    checked = Checked(rows=1000, broken=broken, breaches=(Breach(column="x", states="maximum 3", rows=1),) * broken)
    verdict = verdicts.healthy(checked, what="training", tolerance=tolerance, unread=())
    assert verdict.outcome == expected
    assert verdict.measurements[0].value == broken / 1000


def test_what_was_not_understood_was_not_held_against_healthy_data():
    assert verdicts.healthy(HEALTHY, what="training", tolerance=0.0, unread=UNREAD).outcome == "inconclusive"
    broken = Checked(rows=10, broken=1, breaches=(Breach(column="x", states="maximum 3", rows=1),))
    assert verdicts.healthy(broken, what="training", tolerance=0.0, unread=UNREAD).outcome == "failed"


def test_no_rows_are_no_healthy_data():
    assert verdicts.healthy(Checked(rows=0, broken=0), what="x", tolerance=0.0, unread=()).outcome == "inconclusive"


def test_nine_of_ten_mutants_are_enough_and_eight_are_not():
    caught = [("range", f"c{n}", True) for n in range(8)]
    enough = verdicts.damaged(outcome(*caught, ("null", "a", True), ("null", "b", False)), least=0.9, unread=())
    assert enough.outcome == "passed"
    assert [(m.name, m.value, m.note) for m in enough.measurements] == [
        ("mutants rejected", 0.9, ""),
        ("mutants rejected: range", 1.0, ""),
        ("mutants rejected: null", 0.5, "accepted: b"),
    ]
    few = verdicts.damaged(outcome(*caught, ("null", "a", False), ("null", "b", False)), least=0.9, unread=())
    assert few.outcome == "failed"
    assert "8 of 10 mutants were rejected (80%), at least 90% must be. Accepted: null: a; b" in few.message
    assert "forbid null" in few.message


def test_rules_that_were_not_applied_might_have_rejected_more():
    assert verdicts.damaged(outcome(("null", "a", False)), least=0.9, unread=UNREAD).outcome == "inconclusive"
    assert verdicts.damaged(outcome(("null", "a", True)), least=0.9, unread=UNREAD).outcome == "passed"


def test_mutants_of_a_batch_that_is_refused_as_it_is_mean_nothing():
    refused = Checked(rows=10, broken=10, breaches=(Breach(column="", states="raised KeyError", rows=None),))
    verdict = verdicts.damaged(outcome(healthy=refused), least=0.9, unread=())
    assert verdict.outcome == "inconclusive"
    assert "refused before it is damaged" in verdict.message
    assert "raised KeyError" in verdict.message


def test_no_mutant_is_no_pass():
    verdict = verdicts.damaged(outcome(), least=0.0, unread=())
    assert verdict.outcome == "inconclusive"
    assert "no mutant is possible" in verdict.message


def test_drawn_mutants_are_said_to_be():
    verdict = verdicts.damaged(outcome(("null", "a", True), possible=1234), least=0.9, unread=())
    assert verdict.measurements[0].note == "drawn from 1,234"


def test_only_what_is_unread_about_inputs_or_the_table_counts():
    found = json_rows.read({"properties": {"a": {"items": {}}, "b": {"items": {}}}, "minProperties": 1})
    assert [str(one) for one in verdicts.unread_of(found, ["a"])] == ["minProperties", "a: items"]


def test_nothing_is_tried_on_a_batch_that_the_schema_refuses():
    batch = pl.DataFrame({"x": [1, 2]})
    found = trial.run(schema(x={"maximum": 1}), batch, iter([None]), possible=1, tolerance=0.0)
    assert (found.tried, found.healthy.broken) == ((), 1)
