from __future__ import annotations

import json

import numpy as np
import pytest
from stand_ins import StandIn, rows, sound

from pytest_mlready.errors import DataError
from pytest_mlready.quality import casefile
from pytest_mlready.quality.feature_schema import infer

SCHEMA = infer(rows())
ORDINARY = {"age": 40, "hours": 40.0, "job": "clerk", "gain": None}
YAML = """
version: 1
defaults: {age: 40, hours: 40.0, job: clerk, gain: null}
cases:
  - {name: oldest, input: {age: 90, hours: 99}, expect: {label: "yes", score_min: 0.9}}
  - {name: youngest, input: {age: 17, hours: 1}, expect: {label: "no", score_max: 0.1}, level: should}
"""


def written(tmp_path, content, name="edge_cases.yaml"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def judged(tmp_path, cases, model=None):
    file = {"version": 1, "defaults": ORDINARY, "cases": cases}
    return casefile.judge(model or StandIn(sound), SCHEMA, casefile.load(written(tmp_path, file, "c.json")))


def one(tmp_path, expect, model=None, **case):
    return judged(tmp_path, [{"name": "c", "input": {}, "expect": expect, **case}], model)[0]


def test_yaml_json_and_toml_hold_the_same_cases(tmp_path):
    toml = """
    version = 1
    [defaults]
    age = 40
    [[cases]]
    name = "oldest"
    input = { age = 90 }
    expect = { label = "yes" }
    """
    table = {
        "version": 1,
        "defaults": {"age": 40},
        "cases": [{"name": "oldest", "input": {"age": 90}, "expect": {"label": "yes"}}],
    }
    from_toml = casefile.load(written(tmp_path, toml, "c.toml"))
    assert from_toml == casefile.load(written(tmp_path, table, "c.json")) == casefile.load(written(tmp_path, table))
    assert from_toml[0].level == "must"


def test_cases_that_hold_pass(tmp_path):
    verdicts = casefile.judge(StandIn(sound), SCHEMA, casefile.load(written(tmp_path, YAML)))
    assert [v.outcome for v in verdicts] == ["passed", "passed"]


def test_a_must_that_does_not_hold_fails_and_a_should_is_reported(tmp_path):
    verdicts = casefile.judge(StandIn(lambda X: 1 - sound(X)), SCHEMA, casefile.load(written(tmp_path, YAML)))
    assert [v.outcome for v in verdicts] == ["failed", "passed"]
    assert "oldest: label no, expected yes; score" in verdicts[0].message
    assert "1 of 1 `should` cases do not hold" in verdicts[1].message


@pytest.mark.parametrize(
    ("expect", "outcome"),
    [
        ({"equals": 80.0}, "passed"),
        ({"equals": 80.5, "tolerance": 1}, "passed"),
        ({"equals": 82}, "failed"),
        ({"min": 79, "max": 81}, "passed"),
        ({"min": 81}, "failed"),
        ({"max": 79}, "failed"),
        ({"raises": True}, "failed"),
    ],
)
def test_values_are_held_against_limits(tmp_path, expect, outcome):
    model = StandIn(lambda X: X["hours"].to_numpy() * 2.0, classes=None)
    assert one(tmp_path, expect, model).outcome == outcome


def test_nan_satisfies_no_expectation(tmp_path):
    model = StandIn(lambda X: np.full(X.height, np.nan), classes=None)
    assert one(tmp_path, {"max": 5}, model).outcome == "failed"


def test_an_expected_exception_is_held_by_its_type(tmp_path):
    def strict(X):
        if X["age"].null_count() or "age" not in X.columns:
            raise ValueError("age is missing")
        return sound(X)

    for raises, outcome in ((True, "passed"), ("ValueError", "passed"), ("KeyError", "failed")):
        assert one(tmp_path, {"raises": raises}, StandIn(strict), input={"age": None}).outcome == outcome
    assert one(tmp_path, {"raises": True}, StandIn(strict), input={"extra": 1}).outcome == "failed"


def test_a_text_case_goes_into_the_text_column(tmp_path):
    import polars as pl

    schema = infer(pl.DataFrame({"note": ["good", "bad"]}), text=("note",))
    model = StandIn(lambda X: X["note"].str.contains("good").cast(pl.Float64).to_numpy())
    file = {"version": 1, "cases": [{"name": "t", "text": "all good", "expect": {"label": "yes"}}]}
    assert casefile.judge(model, schema, casefile.load(written(tmp_path, file)))[0].outcome == "passed"


def test_every_mistake_in_a_file_is_told_at_once(tmp_path):
    file = {
        "version": 2,
        "case": [],
        "cases": [
            {"name": "a", "inputs": {}, "expect": {"lable": "x"}},
            {"name": "a", "input": [], "expect": {}, "level": "shall"},
            {"input": {}, "text": "x", "expect": {"min": "3", "raises": 5}},
            "four",
        ],
    }
    with pytest.raises(DataError) as error:
        casefile.load(written(tmp_path, file))
    for part in (
        "version is 2, expected 1",
        'unknown key "case"; did you mean "cases"',
        'case 1 (a): unknown key "inputs"; did you mean "input"',
        'unknown key "lable"; did you mean "label"',
        "case 2 (a): input is []",
        "expect is {}",
        "level is 'shall'",
        "case 3: name is missing",
        "one of input and text",
        "expect.min is '3'",
        "expect.raises is 5",
        "case 4: 'four' is not a table",
        "the name 'a' is used 2 times",
    ):
        assert part in str(error.value), part


def test_inputs_that_do_not_fit_the_model_are_told_with_near_names(tmp_path):
    file = {"version": 1, "cases": [{"name": "a", "input": {"agee": 3}, "expect": {"label": "x"}}]}
    with pytest.raises(DataError, match=r'did you mean "age".*columns age, hours, job, gain have no value'):
        casefile.judge(StandIn(sound), SCHEMA, casefile.load(written(tmp_path, file)))


@pytest.mark.parametrize("name", ["c.json", "c.yaml", "c.toml"])
@pytest.mark.parametrize("content", ["{{[", "", "[1", "version: 1", "null", "\x00"])
def test_a_malformed_file_is_a_clear_error(tmp_path, name, content):
    with pytest.raises(DataError, match=name):
        casefile.load(written(tmp_path, content, name))


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.yaml cannot be read"):
        casefile.load(tmp_path / "nothing.yaml")


def test_a_yaml_file_cannot_make_objects(tmp_path):
    with pytest.raises(DataError, match="not valid YAML"):
        casefile.load(written(tmp_path, "!!python/object/apply:os.system ['true']"))


def test_a_case_file_is_found_by_its_name(tmp_path):
    assert casefile.discover(tmp_path) is None
    (tmp_path / "tests").mkdir()
    path = written(tmp_path / "tests", YAML)
    assert casefile.discover(tmp_path) == path


def test_columns_that_the_model_does_not_take_may_be_given_and_may_lack(tmp_path):
    model = StandIn(sound, names=("age", "hours"))
    cases = [{"name": "c", "input": {"age": 90, "hours": 99, "job": "clerk"}, "expect": {"label": "yes"}}]
    cases.append({"name": "d", "input": {"age": 90, "hours": 99}, "expect": {"label": "yes"}})
    path = written(tmp_path, {"version": 1, "cases": cases})
    assert casefile.judge(model, SCHEMA, casefile.load(path))[0].outcome == "passed"
