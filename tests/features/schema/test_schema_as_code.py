from __future__ import annotations

import warnings
from types import SimpleNamespace

import polars as pl
import pydantic
import pytest

from pytest_mlready.errors import DataError, Inconclusive, MissingExtra
from pytest_mlready.features.schema import function, pandera_schema, reading

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library's own imports
    pandas = pytest.importorskip("pandera.pandas")
    polars = pytest.importorskip("pandera.polars")

GIVEN = {"pandas": lambda frame: frame.to_pandas(), "polars": lambda frame: frame}
GOOD = pl.DataFrame({"age": [17, 90], "job": ["clerk", "nurse"]})
BAD = pl.DataFrame({"age": [17, 190], "job": ["clerk", "smith"]})
SCHEMAS = {
    "polars": polars.DataFrameSchema(
        {"age": polars.Column(pl.Int64, polars.Check.in_range(0, 120)),
         "job": polars.Column(pl.String, polars.Check.isin(["clerk", "nurse"]))}
    ),
    "pandas": pandas.DataFrameSchema(
        {"age": pandas.Column(int, pandas.Check.in_range(0, 120)),
         "job": pandas.Column(str, pandas.Check.isin(["clerk", "nurse"]))}
    ),
}  # fmt: skip


class Person(polars.DataFrameModel):
    age: int = polars.Field(ge=0, le=120)


class Instance(pydantic.BaseModel):
    age: int = pydantic.Field(ge=0, le=120)
    job: str | None = pydantic.Field(alias="current-job")


def opened(found, kind="polars"):
    return reading.of_object(found, source="rules:schema", columns=("age", "job"), given=GIVEN, kind=kind)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_pandera_tells_rows_and_rules(kind):
    schema = opened(SCHEMAS[kind])
    assert schema.about(["age", "job", "else"]) == {"age", "job"}
    assert schema.check(GOOD).breaches == ()
    checked = schema.check(BAD)
    assert [(b.column, b.rows) for b in checked.breaches] == [("age", 1), ("job", 1)]
    assert checked.broken == 1


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_column_of_another_type_or_none_at_all_refuses_the_batch(kind):
    schema = opened(SCHEMAS[kind])
    texts = schema.check(GOOD.with_columns(age=pl.col("age").cast(pl.String) + " years"))
    assert texts.broken == 2
    assert schema.check(GOOD.select("job")).broken == 2


def test_a_model_and_a_pattern_of_names_are_read():
    assert opened(Person).check(BAD.select("age")).broken == 1
    pattern = polars.DataFrameSchema({"^x_.*$": polars.Column(pl.Int64, regex=True)})
    assert opened(pattern).about(["x_1", "y_1"]) == {"x_1"}


def test_rows_that_pandera_drops_are_refused_rows():
    schema = polars.DataFrameSchema(SCHEMAS["polars"].columns, drop_invalid_rows=True)
    assert opened(schema).check(BAD).broken == 1


def test_a_pandera_column_that_allows_everything_covers_nothing():
    schema = polars.DataFrameSchema({"age": polars.Column(nullable=True), "job": polars.Column(nullable=False)})
    assert opened(schema).about(["age", "job"]) == {"job"}
    assert opened(schema).names("age")


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_pandera_reads_back_what_it_wrote(kind):
    import yaml

    document = yaml.safe_load(SCHEMAS[kind].to_yaml())
    schema = reading.of_document(document, columns=("age",), given=GIVEN, source="schema.yaml")
    assert (schema.form, schema.check(BAD).broken) == ("pandera", 1)


def test_a_pandera_schema_for_other_tables_is_not_understood():
    other = type("DataFrameSchema", (), {"__module__": "pandera.api.pyspark.container", "columns": {}})
    with pytest.raises(Inconclusive, match="pyspark"):
        opened(other())


def test_pandera_that_is_missing_gives_the_install_line(monkeypatch):
    import importlib

    monkeypatch.setattr(importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(MissingExtra, match=r"pytest-mlready\[schema\]"):
        pandera_schema.of_document({"schema_type": "dataframe"}, given=GIVEN)


def test_a_document_that_pandera_cannot_read_is_an_error():
    with pytest.raises(DataError, match="pandera cannot read"):
        pandera_schema.of_document({"schema_type": "dataframe", "columns": {"age": {"dtype": "nonsense"}}}, given=GIVEN)


def test_a_pydantic_model_is_read_as_its_json_schema():
    schema = opened(Instance)
    assert schema.about(["age", "current-job"]) == {"age", "current-job"}
    assert schema.check(pl.DataFrame({"age": [1, 130], "current-job": [None, "clerk"]})).broken == 1


def test_a_pydantic_model_without_a_json_schema_is_an_error():
    class Odd(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        table: pl.DataFrame

    with pytest.raises(DataError, match="pydantic writes no JSON Schema of rules:schema"):
        opened(Odd)


def test_a_dictionary_is_read_as_a_document():
    assert opened({"properties": {"age": {"maximum": 120}}}).check(BAD).broken == 1


def raising(frame):
    raise ValueError("age above 120")


@pytest.mark.parametrize(
    ("answer", "refused"),
    [(lambda f: None, 0), (lambda f: [], 0), (lambda f: f, 0), (lambda f: ["age"], 2), (lambda f: f[:1], 2), (raising, 2)],
)  # fmt: skip
def test_a_function_objects_by_raising_listing_or_dropping(answer, refused):
    schema = opened(answer)
    assert schema.about(["age"]) is None
    assert schema.check(GOOD).broken == refused


@pytest.mark.parametrize("answer", [True, 3, "age"])
def test_a_function_that_returns_something_else_is_an_error(answer):
    with pytest.raises(DataError, match="rules:schema returned a"):
        opened(lambda frame: answer).check(GOOD)


def test_a_function_is_given_the_kind_of_table_that_the_settings_name():
    import pandas as pd

    seen = []
    opened(seen.append, kind="pandas").check(GOOD)
    opened(seen.append, kind="polars").check(GOOD)
    assert [type(table) for table in seen] == [pd.DataFrame, pl.DataFrame]


def test_a_table_that_cannot_be_made_is_no_objection():
    def unable(frame):
        raise MissingExtra("pandas", "pandas", "a pandas frame")

    schema = function.FunctionSchema(source="rules:schema", function=lambda frame: [], given=unable)
    with pytest.raises(MissingExtra):
        schema.check(GOOD)


def test_what_is_no_schema_is_answered_with_the_forms():
    with pytest.raises(DataError, match="rules:schema is a SimpleNamespace"):
        opened(SimpleNamespace())
    with pytest.raises(DataError, match="holds a list"):
        reading.of_document([], columns=(), given=GIVEN, source="schema.json")


def test_an_openapi_document_needs_a_place_and_is_answered_with_it():
    document = {"openapi": "3.1.0", "components": {"schemas": {"Instance": {"properties": {"age": {}, "job": {}}}}}}
    with pytest.raises(DataError, match=r'schema = "openapi.json#/components/schemas/Instance"'):
        reading.of_document(document, columns=("age", "job"), given=GIVEN, source="openapi.json")


@pytest.mark.parametrize(
    ("document", "form"),
    [
        ({"expectations": []}, "Great Expectations"),
        ({"feature": []}, "TFDV"),
        ({"properties": {"age": True}}, "JSON Schema"),
    ],
)
def test_documents_are_told_apart_by_what_they_hold(document, form):
    assert reading.of_document(document, columns=(), given=GIVEN, source="x").form == form
