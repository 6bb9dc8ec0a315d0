from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest
from git_history import Request, project, run

from pytest_mlready.checks.data import feature_policy as check
from pytest_mlready.errors import DataError, Failed, Inconclusive, ModelError, NotApplicable, ReadinessError, Unverified
from pytest_mlready.values import Dataset

POLICY = """\
default: allowed
rules:
  - { columns: [sex, relationship], tag: forbidden, reason: equal treatment }
  - { columns: [old_score], tag: deprecated, until: 2026-10-31 }
raw:
  census: [age, hours, sex, relationship, old_score]
"""


class Model:
    """Reads some columns of what it is given, whether it says so or not."""

    source, sha256, kind, path, classes, estimator = "test", None, "function", None, None, None

    def __init__(self, *reads, says=None, noise=False):
        self.reads, self.feature_names, self.noise = reads, says, noise

    def predict(self, X):
        noise = np.random.default_rng().random() if self.noise else 0.0
        return sum((X[c].cast(pl.String).hash(seed=1) % 1000).to_numpy().astype(float) for c in self.reads) + noise

    def predict_proba(self, X):
        return None


def heldout(n=200, **columns):
    rng = np.random.default_rng(5)
    given = {"age": rng.integers(20, 60, n), "hours": rng.integers(10, 60, n), "sex": rng.choice(["f", "m"], n)}
    frame = pl.DataFrame({**given, **columns})
    return Dataset(frame=frame, name="heldout", source="t", sha256="0", features=tuple(frame.columns))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY)
    return tmp_path


def ask(root, model, rows=None, tables=None, **options):
    mlready = project(root, check.ITEM, tables, today=dt.date(2026, 11, 24), **{"policy": "policy.yaml", **options})
    fixtures = {"mlready_model": model, "mlready_heldout": rows or heldout()}
    return run(check.test_no_input_breaks_a_rule, mlready, Request(**fixtures))


def try_out(root, model, rows=None, **options):
    mlready = project(root, check.ITEM, **{"policy": "policy.yaml", **options})
    return run(check.test_no_answer_follows_a_forbidden_column, mlready, model, rows or heldout())


def test_inputs_that_keep_to_the_policy_pass(root):
    noted = ask(root, Model("age", says=("age", "hours")))
    assert noted["violations"]["value"] == 0
    assert noted["inputs"]["value"] == 2


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        (("age", "sex"), r"sex is forbidden \(equal treatment\)"),
        (("age", "Old-Score"), "its last day was 2026-10-31"),
    ],
)
def test_an_input_that_breaks_a_rule_turns_it_red(root, inputs, told):
    with pytest.raises(Failed, match=told):
        ask(root, Model("age", says=inputs))


def test_a_derived_copy_of_a_forbidden_column_turns_it_red(root):
    (root / "policy.yaml").write_text(POLICY + "derived:\n  is_husband: [relationship]\n")
    with pytest.raises(Failed, match="is_husband ← relationship: relationship is forbidden"):
        ask(root, Model("age", says=("age", "is_husband")))


def test_a_model_that_names_no_inputs_is_judged_by_the_columns_it_is_given(root):
    with pytest.raises(Failed, match="sex is forbidden"):
        ask(root, Model("age"))


def test_the_lineage_records_tell_what_the_policy_does_not(root):
    fields = {"f1": {"inputFields": [{"namespace": "file", "name": "census", "field": "sex"}]}}
    output = {"namespace": "file", "name": "data/train.csv", "facets": {"columnLineage": {"fields": fields}}}
    (root / "lineage.ndjson").write_text(json.dumps({"eventType": "COMPLETE", "outputs": [output]}))
    tables = {"data": {"train": "data/train.csv"}}
    with pytest.raises(Failed, match=r"f1 of data/train\.csv ← sex of census"):
        ask(root, Model("age", says=("f1",)), tables=tables, records=["lineage.ndjson"])
    with pytest.raises(Inconclusive, match="f1"):
        ask(root, Model("age", says=("f1",)), tables=tables)


def test_without_a_policy_it_is_unverified_with_the_line_to_paste(root):
    with pytest.raises(Unverified, match="policy ="):
        ask(root, Model("age", says=("age",)), policy=None)
    with pytest.raises(Unverified, match="policy ="):
        try_out(root, Model("age"), policy=None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &a [*a]", "circular|itself|not valid"),
        ("!!python/object:os.system {}", "not valid"),
        ("{{{", "not valid"),
        ("", "holds no table"),
    ],
)
def test_a_hostile_or_damaged_policy_is_an_error(root, text, told):
    (root / "policy.yaml").write_text(text)
    with pytest.raises(DataError, match=told):
        ask(root, Model("age", says=("age",)))


def test_a_policy_that_is_not_there_is_an_error_with_the_nearest_name(root):
    with pytest.raises(ReadinessError, match=r'did you mean "policy\.yaml"'):
        ask(root, Model("age", says=("age",)), policy="polcy.yaml")


# --- the shuffle ------------------------------------------------------------------------------------------------


def test_a_model_that_does_not_read_the_forbidden_column_passes(root):
    noted = try_out(root, Model("age", "hours"))
    assert noted["answers that follow sex"]["value"] == 0
    assert noted["answers that follow sex"]["n"] >= 30


def test_a_model_that_reads_it_behind_its_own_list_of_inputs_turns_it_red(root):
    with pytest.raises(Failed, match="answers follow sex"):
        try_out(root, Model("age", "sex", says=("age",)))


def test_a_column_made_from_a_forbidden_one_is_tried_too(root):
    (root / "policy.yaml").write_text(POLICY + "derived:\n  title: [sex]\n")
    rows = heldout(title=["Mr" if i % 2 else "Ms" for i in range(200)])
    with pytest.raises(Failed, match="answers follow title"):
        try_out(root, Model("title"), rows)


def test_a_model_that_is_not_deterministic_cannot_be_tried(root):
    with pytest.raises(Inconclusive, match="two answers to the same rows"):
        try_out(root, Model("age", noise=True))


def test_a_column_that_hardly_varies_cannot_be_tried(root):
    with pytest.raises(Inconclusive, match="too few rows differ in sex"):
        try_out(root, Model("age"), heldout(sex=["f"] * 200))


def test_data_without_the_forbidden_columns_leave_nothing_to_try(root):
    rows = Dataset(frame=pl.DataFrame({"age": [1, 2]}), name="heldout", source="t", sha256="0", features=("age",))
    with pytest.raises(NotApplicable, match="no column of the held-out data is forbidden"):
        try_out(root, Model("age"), rows)


def test_a_model_that_raises_is_an_error_and_no_verdict(root):
    with pytest.raises(ModelError, match="raised"):
        try_out(root, Model("no_such_column"))


@pytest.mark.parametrize(("rule", "name"), [("native-country", "nativeCountry"), ("race [self]", "race [self]")])
def test_a_forbidden_name_is_known_in_camel_case_and_with_brackets(root, rule, name):
    text = (
        f"default: allowed\nrules:\n - {{columns: ['{rule}'], tag: forbidden}}\nraw: {{c: [age, '{name}', 'race *']}}\n"
    )
    (root / "policy.yaml").write_text(text)
    with pytest.raises(Failed, match="is forbidden"):
        ask(root, Model("age", says=("age", name)))


def test_a_name_with_brackets_is_allowed_by_itself(root):
    text = "rules:\n - {columns: [age, 'income [USD]'], tag: allowed}\nraw: {c: [age, 'income*']}\n"
    (root / "policy.yaml").write_text(text)
    assert ask(root, Model("age", says=("age", "income [USD]")))["violations"]["value"] == 0


@pytest.mark.parametrize("name", ["sex_Female", "onehot__sex_Female"])
def test_an_input_called_after_a_forbidden_column_needs_a_word_of_its_own(root, name):
    text = "default: allowed\nrules:\n - {{columns: [sex], tag: forbidden}}\n{more}raw: {{c: [age, {name}]}}\n"
    (root / "policy.yaml").write_text(text.format(more="", name=name))
    with pytest.raises(Inconclusive, match="holds the forbidden sex"):
        ask(root, Model("age", says=("age", name)))
    more = f" - {{columns: [{name}], tag: allowed}}\n"
    (root / "policy.yaml").write_text(text.format(more=more, name=name))
    assert ask(root, Model("age", says=("age", name)))["violations"]["value"] == 0
