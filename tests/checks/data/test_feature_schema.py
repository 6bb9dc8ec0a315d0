from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.artifacts import named
from pytest_mlready.checks.data import feature_schema as check
from pytest_mlready.errors import (
    DataError,
    Failed,
    Inconclusive,
    MissingExtra,
    ReadinessError,
    Unverified,
)
from pytest_mlready.evidence import Evidence
from pytest_mlready.values import Dataset

TESTS = (
    check.test_every_input_is_in_the_schema,
    check.test_the_training_data_conform,
    check.test_damaged_copies_are_rejected,
    check.test_untouched_heldout_data_are_accepted,
)
COVERED, CONFORM, DAMAGED, HEALTHY = TESTS
INPUTS = ("age", "hours", "job")
AGE = {"type": "integer", "minimum": 17, "maximum": 120}
HOURS = {"type": "number", "minimum": 0, "maximum": 168}
JOB = {"enum": ["clerk", "driver", "nurse"]}


def rows(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": rng.integers(17, 91, n),
            "hours": np.round(rng.uniform(0, 80, n), 1),
            "job": rng.choice(["clerk", "driver", "nurse"], n),
            "fnlwgt": rng.integers(1, 9, n),
            "income": rng.choice(["high", "low"], n),
        }
    )


def dataset(name, frame):
    return Dataset(
        frame=frame, name=name, source=f"{name}.parquet", sha256=name, target="income",
        features=tuple(c for c in frame.columns if c != "income"),
    )  # fmt: skip


def document(**properties):
    """A schema of rows that names every column given, and requires it."""
    properties = {"age": AGE, "hours": HOURS, "job": JOB} | properties
    properties = {name: schema for name, schema in properties.items() if schema is not None}
    return {"type": "object", "properties": properties, "required": list(properties)}


class Case:
    """One project: a schema in a file (or what the setting says), data, and perhaps a model."""

    def __init__(
        self, tmp_path, schema=None, *, source="schema.json", train=None, heldout=None, model=INPUTS, **options
    ):
        if schema is not None:
            (tmp_path / source).write_text(json.dumps(schema))
        self.root = tmp_path
        self.data = {
            "train": rows() if train is None else train,
            "heldout": rows(700, 1) if heldout is None else heldout,
        }
        self.model = model
        self.options = {o.name: o.default for o in check.ITEM.options} | {"schema": source} | options
        self.config = SimpleNamespace(stash={})
        self.evidence = Evidence()
        self.openapi, self.kind = (), "polars"

    def getfixturevalue(self, name):
        if name == "mlready_model":
            if self.model is None:
                raise Unverified("no model is configured", fix="path = …")
            return SimpleNamespace(feature_names=self.model, loose_names=False)
        found = self.data[name.removeprefix("mlready_")]
        if isinstance(found, Unverified):
            raise found
        return dataset(name.removeprefix("mlready_"), found)

    def run(self, test):
        mlready = SimpleNamespace(
            root=self.root, options=lambda _: self.options, seed=lambda _: 7, progress=lambda _: None,
            discovered=SimpleNamespace(openapi=self.openapi),
            file=lambda text, what: named.file(text, self.root, error=ReadinessError, what=what),
            settings=SimpleNamespace(
                entry_points=SimpleNamespace(frame=self.kind), data=SimpleNamespace(train="train.parquet")
            ),
        )  # fmt: skip
        test(mlready, self.evidence, self)
        return {e["name"]: e for e in self.evidence.notes.evidence}

    def ends(self, test, ending):
        with pytest.raises(ending) as caught:
            self.run(test)
        return str(caught.value)

    def endings(self):
        """How each of the four tests ends: "passed", or the name of the exception."""
        found = []
        for test in TESTS:
            try:
                self.run(test)
            except (Failed, Inconclusive, Unverified) as ending:
                found.append(type(ending).__name__)
            else:
                found.append("passed")
        return found


GREEN = ["passed"] * 4


def test_a_schema_with_ranges_types_and_categories_is_verified(tmp_path):
    case = Case(tmp_path, document())
    assert case.endings() == GREEN
    noted = {e["name"]: e for e in case.evidence.notes.evidence}
    assert noted["inputs covered"]["value"] == 1.0
    assert noted["mutants rejected"] == {"name": "mutants rejected", "value": 1.0, "min": 0.9, "n": 14}
    assert {n.partition(": ")[2] for n in noted if ": " in n} == {"range", "null", "category", "type", "unit", "swap"}
    assert noted["untouched held-out rows refused"]["n"] == 700
    assert case.evidence.notes.plots[0]["data"]["labels"][0] == "range"
    assert case.evidence.notes.grade == "replayed"


def test_columns_that_are_no_inputs_count_only_where_the_schema_names_them(tmp_path):
    assert Case(tmp_path, document() | {"additionalProperties": False}).endings() == GREEN
    income = {"enum": ["high"]}
    assert "income: enum" in Case(tmp_path, document(income=income)).ends(CONFORM, Failed)


def test_heldout_data_that_lack_an_input_are_an_error(tmp_path):
    case = Case(tmp_path, document(), heldout=rows(700, 1).rename({"hours": "hour"}))
    assert 'did you mean "hour"' in case.ends(HEALTHY, DataError)


def test_what_only_requests_have_is_no_obstacle(tmp_path):
    assert Case(tmp_path, document(request_id={"type": "string"})).endings() == GREEN


def test_a_schema_that_was_generated_once_and_allows_everything_fails(tmp_path):
    loose = {name: {"type": ["number", "string", "null"]} for name in INPUTS}
    message = Case(tmp_path, document(**loose)).ends(DAMAGED, Failed)
    assert "0 of 14 mutants were rejected" in message
    assert 'job "' in message


def test_bounds_that_are_missing_fail(tmp_path):
    case = Case(tmp_path, document(age={"type": "integer"}, hours={"type": "number"}))
    message = case.ends(DAMAGED, Failed)
    for told in ("age below", "hours ×100", "state a minimum and a maximum"):
        assert told in message


def test_inputs_that_need_not_be_there_fail(tmp_path):
    message = Case(tmp_path, document() | {"required": []}).ends(DAMAGED, Failed)
    assert "null: age; hours; job" in message
    assert "forbid null" in message


def test_an_input_that_the_schema_does_not_know_fails(tmp_path):
    message = Case(tmp_path, document(job=None)).ends(COVERED, Failed)
    assert "states nothing about 1 of 3 inputs: job" in message


def test_training_data_that_break_the_schema_fail(tmp_path):
    train = rows().with_columns(age=pl.when(pl.int_range(pl.len()) == 3).then(-1).otherwise("age"))
    message = Case(tmp_path, document(), train=train).ends(CONFORM, Failed)
    assert "1 of 1,500 training rows are refused: age: minimum 17 (1 row, such as -1)" in message
    assert Case(tmp_path, document(), train=train, tolerance=0.001).run(CONFORM)


def test_a_schema_that_knows_the_training_rows_by_heart_refuses_healthy_data_and_fails(tmp_path):
    by_heart = {"enum": sorted(set(rows()["hours"].to_list()) - {12.5})}
    case = Case(tmp_path, document(hours=by_heart), train=rows().filter(pl.col("hours") != 12.5))
    case.data["heldout"] = rows(700, 1).with_columns(hours=pl.lit(12.5))
    assert case.endings() == ["passed", "passed", "passed", "Failed"]
    assert "700 of 700 untouched held-out rows are refused" in case.ends(HEALTHY, Failed)


def test_a_schema_that_rejects_everything_is_not_taken_for_one_that_catches_every_mutant(tmp_path):
    case = Case(tmp_path, document(age={"minimum": 1000}))
    assert case.endings() == ["passed", "Failed", "Inconclusive", "Failed"]
    assert "refused before it is damaged" in case.ends(DAMAGED, Inconclusive)


def test_the_inputs_are_the_models_where_there_is_one_and_else_every_feature(tmp_path):
    assert "fnlwgt" in Case(tmp_path, document(), model=None).ends(COVERED, Failed)
    assert Case(tmp_path, document(fnlwgt={"minimum": 1}), model=None).run(COVERED)["inputs covered"]["n"] == 4
    assert "did you mean" in Case(tmp_path, document(), model=("age", "hour")).ends(COVERED, DataError)


def test_too_few_rows_to_damage_are_inconclusive(tmp_path):
    assert "there are 60 training rows" in Case(tmp_path, document(), train=rows(60)).ends(DAMAGED, Inconclusive)
    assert "there are 50 training rows" in Case(tmp_path, document(), rows=50).ends(DAMAGED, Inconclusive)


def test_without_heldout_data_nobody_knows_whether_healthy_data_are_accepted(tmp_path):
    case = Case(tmp_path, document())
    case.data["heldout"] = Unverified("no heldout data are configured", fix='[tool.mlready.data] heldout = "…"')
    message = case.ends(HEALTHY, Inconclusive)
    assert "nothing to hold the schema against" in message
    assert "[tool.mlready.data] heldout" in message


def test_a_construct_that_is_not_understood_is_inconclusive(tmp_path):
    case = Case(tmp_path, document(age={**AGE, "multipleOf": "one"}))
    assert case.endings() == ["passed", "Inconclusive", "passed", "Inconclusive"]
    assert 'age: multipleOf "one"' in case.ends(CONFORM, Inconclusive)
    assert Case(tmp_path, document(fnlwgt={"items": {}})).endings() == GREEN  # about no input


def test_without_a_schema_the_line_to_paste_is_told(tmp_path):
    message = Case(tmp_path, source=None).ends(DAMAGED, Unverified)
    assert '[tool.mlready.items."data.feature_schema"] schema = "schema.json"' in message


@pytest.mark.parametrize(
    "place", ["input_schema.yaml", "schemas/schema.pbtxt", "gx/expectations/inputs.json", "data/features.schema.json"]
)
def test_files_that_may_be_the_schema_are_offered(tmp_path, place):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("not looked into")
    message = Case(tmp_path, source=None).ends(DAMAGED, Unverified)
    assert f'(found {place}). Next step: [tool.mlready.items."data.feature_schema"] schema = "{place}"' in message


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (json.dumps({"openapi": "3.1.0", "components": {"schemas": {"Instance": document()}}}), "Instance"),
        ('{"openapi": "3.1.0"}', "NAME"),
        ("{", "NAME"),
    ],
)
def test_the_services_own_document_is_offered_with_the_place_in_it(tmp_path, content, pointer):
    (tmp_path / "openapi.json").write_text(content)
    case = Case(tmp_path, source=None)
    case.openapi = (Path("openapi.json"),)
    assert f'schema = "openapi.json#/components/schemas/{pointer}"' in case.ends(COVERED, Unverified)


def test_the_services_own_document_can_be_the_schema(tmp_path):
    case = Case(tmp_path)
    (tmp_path / "openapi.json").write_text(json.dumps({"components": {"schemas": {"Instance": document()}}}))
    case.options["schema"] = "openapi.json#/components/schemas/Instance"
    assert case.endings() == GREEN


def test_a_schema_that_is_not_there_is_an_error_with_the_nearest_name(tmp_path):
    (tmp_path / "schema.jsn").write_text("{}")
    assert 'did you mean "schema.jsn"' in Case(tmp_path).ends(COVERED, ReadinessError)


def test_a_schema_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "schema.json").write_text("{")
    assert "is not valid JSON" in Case(tmp_path).ends(COVERED, DataError)
    (tmp_path / "schema.txt").write_text("{}")
    assert "no suffix" in Case(tmp_path, source="schema.txt").ends(COVERED, DataError)


TFDV = """
feature { name: "age" type: INT presence { min_fraction: 1 } int_domain { min: 17 max: 120 } }
feature { name: "hours" type: FLOAT presence { min_fraction: 1 } float_domain { min: 0 max: 168 } }
feature { name: "job" type: BYTES presence { min_fraction: 1 } string_domain { value: ["clerk", "driver", "nurse"] } }
"""
EXPECTATIONS = [
    ("not_be_null", "age", {}), ("be_of_type", "age", {"type_": "int64"}),
    ("be_between", "age", {"min_value": 17, "max_value": 120}),
    ("not_be_null", "hours", {}), ("be_between", "hours", {"min_value": 0, "max_value": 168}),
    ("not_be_null", "job", {}), ("be_in_set", "job", {"value_set": ["clerk", "driver", "nurse"]}),
]  # fmt: skip
CODE = """
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandera.polars as pa

SCHEMA = pa.DataFrameSchema({
    "age": pa.Column(int, pa.Check.in_range(17, 120)),
    "hours": pa.Column(float, pa.Check.in_range(0, 168)),
    "job": pa.Column(str, pa.Check.isin(["clerk", "driver", "nurse"])),
})

def violations(frame):
    SCHEMA.validate(frame)
    return []

def blind(frame):
    SCHEMA.remove_columns(["job"]).validate(frame)
"""


def test_a_schema_of_tensorflow_data_validation_is_verified(tmp_path):
    (tmp_path / "schema.pbtxt").write_text(TFDV)
    assert Case(tmp_path, source="schema.pbtxt").endings() == GREEN


def test_a_suite_of_great_expectations_is_verified(tmp_path):
    entries = [
        {"type": f"expect_column_values_to_{kind}", "kwargs": {"column": column, **kwargs}}
        for kind, column, kwargs in EXPECTATIONS
    ]
    assert Case(tmp_path, {"name": "inputs", "expectations": entries}).endings() == GREEN


@pytest.fixture
def code(tmp_path, monkeypatch):
    (tmp_path / "income_rules.py").write_text(CODE)
    yield tmp_path
    sys.modules.pop("income_rules", None)
    importlib.invalidate_caches()


@pytest.mark.parametrize("name", ["SCHEMA", "violations"])
def test_a_pandera_schema_and_a_function_are_verified(code, name):
    pytest.importorskip("pandera")
    assert Case(code, source=f"income_rules:{name}").endings() == GREEN


def test_a_function_that_never_looks_at_an_input_fails(code):
    pytest.importorskip("pandera")
    case = Case(code, source="income_rules:blind")
    assert "no damage to job was rejected" in case.ends(COVERED, Failed)


def test_pandera_that_is_missing_is_inconclusive_with_the_line_that_installs_it(tmp_path, monkeypatch):
    (tmp_path / "lacking_rules.py").write_text("import pandera_that_is_not_there")
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[schema\]"):
        Case(tmp_path, source="lacking_rules:SCHEMA").run(COVERED)


def test_another_module_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "other_rules.py").write_text("import nothing_like_it")
    assert "nothing_like_it" in Case(tmp_path, source="other_rules:SCHEMA").ends(COVERED, DataError)


def test_the_mutants_are_tried_once_for_both_tests_that_need_them(tmp_path, monkeypatch):
    case = Case(tmp_path, document())
    case.run(DAMAGED)
    monkeypatch.setattr("pytest_mlready.features.schema.trial.run", None)
    assert case.run(DAMAGED)["mutants rejected"]["value"] == 1.0


def test_a_draw_of_few_mutants_says_little(tmp_path):
    more = {f"x{n}": HOURS for n in range(4)}
    frames = [
        rows(n, seed).with_columns(**{name: pl.col("hours") for name in more}) for n, seed in ((1500, 0), (700, 1))
    ]
    case = Case(tmp_path, document(**more), train=frames[0], heldout=frames[1], model=(*INPUTS, *more), mutants=3)
    assert "too few of" in case.ends(DAMAGED, Inconclusive)
