"""Holds validation by columns against jsonschema's validation row by row, on small random tables and schemas."""

from __future__ import annotations

import math

import jsonschema
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mlready.features.schema import json_rows, rules

QUARTERS = st.integers(-40, 40).map(lambda n: n / 4)
WORDS = st.text("ab01é", max_size=4)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), QUARTERS, WORDS)
NAMES = ("integer", "number", "boolean", "string", "null", "array", "object")
TYPE = st.one_of(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
SIMPLE = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPE, "enum": st.lists(SCALARS, min_size=1, max_size=4), "const": SCALARS,
        "minimum": QUARTERS, "maximum": st.integers(-9, 9), "exclusiveMinimum": QUARTERS, "exclusiveMaximum": QUARTERS,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5]), "minLength": st.integers(0, 3), "maxLength": st.integers(0, 3),
        "pattern": st.sampled_from(["^a", "b$", "[0-9]+", "a|é", ""]), "title": WORDS,
    },
)  # fmt: skip


def nested(inner):
    branches = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.booleans(),
        st.fixed_dictionaries(
            {}, optional={"anyOf": branches, "oneOf": branches, "allOf": branches, "not": inner, "type": TYPE}
        ),
        st.just({"$ref": "#/$defs/shared"}),
    )


VALUES = st.recursive(SIMPLE, nested, max_leaves=4)
COLUMNS = {
    "small": (pl.Int8, st.integers(-100, 100)),
    "count": (pl.Int64, st.integers(-9, 9)),
    "share": (pl.Float64, st.one_of(QUARTERS, st.just(math.nan))),
    "flag": (pl.Boolean, st.booleans()),
    "word": (pl.String, WORDS),
    "coded": (pl.Categorical, WORDS),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 6))
    columns = {
        name: pl.Series(draw(st.lists(st.one_of(st.none(), values), min_size=rows, max_size=rows)), dtype=dtype)
        for name, (dtype, values) in COLUMNS.items()
    }
    return pl.DataFrame(columns)


@st.composite
def schemas(draw):
    names = draw(st.lists(st.sampled_from([*COLUMNS]), min_size=1, unique=True))
    return {
        "type": "object",
        "properties": {name: draw(VALUES) for name in names},
        "required": draw(st.lists(st.sampled_from([*COLUMNS]), unique=True)),
        "additionalProperties": True,
        "$defs": {"shared": draw(SIMPLE)},
    }


def as_rows(frame, required):
    """The rows as objects: NaN is null, and a null of what is not required is left out."""
    for row in frame.with_columns(pl.col("share").fill_nan(None)).to_dicts():
        yield {name: value for name, value in row.items() if value is not None or name in required}


@settings(max_examples=120, deadline=None)
@given(tables(), schemas())
def test_every_row_is_judged_as_jsonschema_judges_it(frame, document):
    oracle = jsonschema.Draft202012Validator(document)
    expected = [oracle.is_valid(row) for row in as_rows(frame, document["required"])]
    schema = json_rows.read(document)
    assert schema.unread == ()
    checked = schema.check(frame)
    assert checked.broken == expected.count(False)
    if schema.rules:
        assert list(rules._held(frame, schema.rules).select(pl.all_horizontal(pl.all())).to_series()) == expected


@settings(max_examples=30, deadline=None)
@given(tables())
def test_rows_with_a_column_that_a_closed_schema_does_not_name_are_refused(frame):
    document = {"properties": {"count": True}, "additionalProperties": False}
    oracle = jsonschema.Draft202012Validator(document)
    expected = [oracle.is_valid(row) for row in frame.select("count", "word").to_dicts()]
    assert json_rows.read(document).check(frame.select("count", "word")).broken == expected.count(False) == len(frame)
    assert json_rows.read(document).check(frame.select("count")).broken == 0
