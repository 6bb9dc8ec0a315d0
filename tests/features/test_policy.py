from __future__ import annotations

import datetime as dt

import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.features import policy, policy_lineage, policy_verdicts

TODAY = dt.date(2026, 11, 24)
RULES = [
    {"columns": ["sex", "race", "*_ssn"], "tag": "forbidden", "reason": "equal treatment"},
    {"columns": ["score_v1"], "tag": "deprecated", "until": "2026-12-31"},
    {"sources": ["bureau/*"], "tag": "licensed", "purposes": ["credit scoring"], "until": "2027-12-31"},
]


def rules(*more, **tables):
    return policy.parse({"default": "allowed", "rules": [*RULES, *more], **tables}, name="policy.yaml")


def judged(inputs, *more, purpose="credit scoring", events=(), dataset="", today=TODAY, **tables):
    known, given = policy_lineage.facets(events), rules(*more, **tables)
    traces = [policy_lineage.trace(one, given, known, dataset=dataset) for one in inputs]
    return policy_verdicts.judge(traces, given, policy_verdicts.Circumstances(today=today, purpose=purpose))


def event(output, fields, *, kind="COMPLETE", **facet):
    made = {
        column: {"inputFields": [{"namespace": "file", "name": n, "field": f, **more} for n, f, more in origins]}
        for column, origins in fields.items()
    }
    facets = {"columnLineage": {"fields": made, **facet}}
    return {"eventType": kind, "outputs": [{"namespace": "file", "name": output, "facets": facets}]}


RAW = {
    "warehouse.people": ["age", "income", "relationship", "sex"],
    "bureau/scores": ["bureau_score"],
    "crm": ["score_v1"],
}


def test_inputs_within_the_rules_pass():
    verdict = judged(["age", "income", "bureau_score"], raw=RAW)
    assert verdict.outcome == "passed", verdict.message


@pytest.mark.parametrize("name", ["sex", "SEX", "home ssn", "home-ssn", "Home.SSN"])
def test_a_forbidden_input_fails_however_its_name_is_joined(name):
    verdict = judged([name], raw={"x": [name]})
    assert verdict.outcome == "failed"
    assert f"{name} is forbidden (equal treatment)" in verdict.message


def test_a_column_made_from_a_forbidden_one_fails_with_its_way():
    verdict = judged(["is_wife"], derived={"is_wife": ["marital"], "marital": ["sex", "age"]}, raw=RAW)
    assert verdict.outcome == "failed"
    assert "is_wife ← marital ← sex: sex is forbidden" in verdict.message


def test_one_hot_columns_are_derived_by_a_glob():
    assert judged(["sex_Male"], derived={"sex_*": ["sex"]}, raw=RAW).outcome == "failed"


def test_an_exception_that_a_rule_states_holds_for_what_is_made_from_the_column_too():
    wider = {"columns": ["relationship"], "tag": "forbidden", "except": ["household_size"]}
    tables = {"derived": {"household_size": ["relationship"], "is_husband": ["relationship"]}, "raw": RAW}
    assert judged(["household_size"], wider, **tables).outcome == "passed"
    assert judged(["is_husband"], wider, **tables).outcome == "failed"


@pytest.mark.parametrize(
    ("today", "outcome"),
    [(dt.date(2026, 12, 31), "passed"), (dt.date(2027, 1, 1), "failed")],
)
def test_a_deprecated_input_may_be_used_until_its_last_day(today, outcome):
    verdict = judged(["score_v1"], raw=RAW, today=today)
    assert verdict.outcome == outcome
    if outcome == "passed":
        assert any(m.name.startswith("ends soon: score_v1") for m in verdict.measurements)


@pytest.mark.parametrize(
    ("purpose", "today", "told"),
    [
        ("marketing", TODAY, "licensed for credit scoring, and the model is for marketing"),
        ("credit scoring", dt.date(2028, 1, 1), "has a licence that ended on 2027-12-31"),
    ],
)
def test_a_licence_for_other_purposes_or_one_that_ended_fails(purpose, today, told):
    verdict = judged(["bureau_score"], raw=RAW, purpose=purpose, today=today)
    assert verdict.outcome == "failed"
    assert told in verdict.message
    assert "bureau/scores" in verdict.message


def test_a_licence_with_no_purpose_to_hold_it_against_is_inconclusive():
    verdict = judged(["bureau_score"], raw=RAW, purpose="")
    assert verdict.outcome == "inconclusive"
    assert "set `purpose`" in verdict.message


def test_an_input_that_no_rule_is_about_fails_without_a_default_or_with_one_that_forbids():
    assert "no rule is about age" in judged(["age"], raw=RAW, default=None).message
    assert judged(["age"], raw=RAW, default=None).outcome == "failed"
    verdict = judged(["age"], raw=RAW, default="forbidden")
    assert verdict.outcome == "failed"
    assert "the default is forbidden" in verdict.message
    assert judged(["age"], {"columns": ["age"], "tag": "allowed"}, raw=RAW, default="forbidden").outcome == "passed"


def test_an_input_whose_source_nobody_names_is_inconclusive():
    verdict = judged(["age", "x7"], raw=RAW)
    assert verdict.outcome == "inconclusive"
    assert "nothing says where 1 inputs come from: x7" in verdict.message


def test_a_derived_column_is_no_better_known_than_what_it_is_made_from():
    verdict = judged(["rank"], derived={"rank": ["mystery"]}, raw=RAW)
    assert verdict.outcome == "inconclusive"
    assert "rank ← mystery" in verdict.message


def test_no_inputs_are_inconclusive():
    assert judged([]).outcome == "inconclusive"


# --- OpenLineage ------------------------------------------------------------------------------------------------


def test_the_facet_is_followed_over_several_data_sets():
    events = [
        event("staging", {"rel": [("people", "sex", {})]}),
        event("train", {"f1": [("staging", "rel", {})], "f2": [("people", "age", {})]}),
    ]
    assert judged(["f2"], events=events, dataset="train").outcome == "passed"
    verdict = judged(["f1"], events=events, dataset="train")
    assert verdict.outcome == "failed"
    assert "f1 of train ← rel of staging ← sex of people: sex is forbidden" in verdict.message


def test_a_column_that_the_facet_does_not_know_is_inconclusive():
    events = [event("train", {"f2": [("people", "age", {})]})]
    assert judged(["f3"], events=events, dataset="train").outcome == "inconclusive"


def test_rows_chosen_by_a_column_carry_none_of_its_values_and_conditions_do():
    def steps(subtype):
        transformed = {"transformations": [{"type": "INDIRECT", "subtype": subtype}]}
        return [event("train", {"f": [("people", "age", {}), ("people", "sex", transformed)]})]

    assert judged(["f"], events=steps("FILTER"), dataset="train").outcome == "passed"
    assert judged(["f"], events=steps("CONDITIONAL"), dataset="train").outcome == "failed"
    assert judged(["f"], events=steps("JOIN"), dataset="train").outcome == "failed"


def test_what_the_whole_data_set_is_made_from_counts_for_each_column():
    events = [
        event(
            "train", {"f": [("people", "age", {})]}, dataset=[{"namespace": "file", "name": "people", "field": "sex"}]
        )
    ]
    assert judged(["f"], events=events, dataset="train").outcome == "failed"


def test_the_last_run_that_did_not_fail_counts():
    old, new = event("train", {"f": [("people", "sex", {})]}), event("train", {"f": [("people", "age", {})]})
    assert judged(["f"], events=[old, new], dataset="train").outcome == "passed"
    assert judged(["f"], events=[new, {**old, "eventType": "FAIL"}], dataset="train").outcome == "passed"
    assert judged(["f"], events=[new, old], dataset="train").outcome == "failed"


def test_a_circle_in_the_records_ends_and_is_no_source():
    events = [event("a", {"x": [("b", "x", {})]}), event("b", {"x": [("a", "x", {})]})]
    assert judged(["x"], events=events, dataset="a").outcome == "inconclusive"
    assert judged(["x"], events=[event("a", {"x": [("a", "x", {})]})], dataset="a").outcome == "inconclusive"


def test_a_data_set_is_known_by_the_end_of_its_name():
    known = policy_lineage.facets([event("data/train.parquet", {"f": [("people", "age", {})]})])
    assert known.dataset("data/train.parquet") == "data/train.parquet"
    assert known.dataset("train.parquet") == "data/train.parquet"
    assert known.dataset("rain.parquet") == ""


@pytest.mark.parametrize(
    "events",
    [[None], [{}], [{"outputs": 3}], [{"outputs": [{"facets": {"columnLineage": []}}]}], [{"outputs": [{"facets": {"columnLineage": {"fields": {"f": 1, "g": {"inputFields": [{"field": 1}]}}}}}]}]],
)  # fmt: skip
def test_malformed_events_say_nothing(events):
    assert not policy_lineage.facets(events).made_from


# --- the file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ([], "holds no table"),
        ({}, "has no rules"),
        ({"rules": []}, "has no rules"),
        ({"rule": RULES}, 'did you mean "rules"'),
        ({"rules": [{"columns": ["a"], "tag": "forbiden"}]}, 'did you mean "forbidden"'),
        ({"rules": [{"column": ["a"], "tag": "forbidden"}]}, 'did you mean "columns"'),
        ({"rules": [{"tag": "forbidden"}]}, "neither columns nor sources"),
        ({"rules": [{"columns": ["a"], "tag": "deprecated"}]}, "has no `until`"),
        ({"rules": [{"columns": ["a"], "tag": "deprecated", "until": "soon"}]}, "until is 'soon'"),
        ({"rules": [{"columns": ["a"], "tag": "licensed"}]}, "has no `purposes`"),
        ({"rules": [{"columns": ["a"], "tag": "forbidden", "until": "2027-01-01"}]}, "only what is deprecated"),
        ({"rules": [{"columns": ["a"], "tag": "allowed", "purposes": ["x"]}]}, "only a licence has"),
        ({"rules": [{"columns": [3], "tag": "allowed"}]}, "no list of names"),
        ({"rules": RULES, "default": "whatever"}, "allowed or forbidden"),
        ({"rules": RULES, "raw": ["age"]}, "`raw` is no table"),
        ({"rules": RULES, "raw": {"x": ["*"]}}, "nothing is derived"),
        ({"rules": RULES, "derived": {"a": ["b"], "b": ["a"]}}, "goes in a circle"),
        ({"rules": RULES, "derived": {"age": ["age"]}}, "goes in a circle"),
        ({"rules": RULES, "derived": {"age": []}}, "no columns"),
    ],
)
def test_a_policy_that_is_none_says_what_is_wrong(table, told):
    with pytest.raises(DataError, match=r"policy\.yaml") as caught:
        policy.parse(table, name="policy.yaml")
    assert told in str(caught.value)
