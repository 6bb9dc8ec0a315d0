from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.features.schema import json_rows


def row(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


def broken(schema, **columns):
    return json_rows.read(schema).check(pl.DataFrame(columns)).broken


def unread(schema):
    return [str(one) for one in json_rows.read(schema).unread]


def test_a_breach_names_column_rule_rows_and_one_value():
    checked = json_rows.read(row(age={"type": "integer", "maximum": 120})).check(pl.DataFrame({"age": [163, 5, 170]}))
    assert [str(breach) for breach in checked.breaches] == ["age: maximum 120 (2 rows, such as 163)"]
    assert (checked.broken, checked.share) == (2, 2 / 3)


def test_a_row_with_two_breaches_is_one_broken_row():
    assert broken(row(a={"maximum": 1}, b={"maximum": 1}), a=[2, 0], b=[2, 0]) == 1


def test_a_null_of_a_property_that_is_not_required_is_left_out():
    schema = row(age={"type": "integer"})
    assert broken(schema, age=[1, None]) == 1
    assert broken({**schema, "required": []}, age=[1, None]) == 0


def test_openapi_3_0_writes_nullable_and_exclusive_bounds_as_switches():
    schema = row(age={"type": "integer", "nullable": True, "minimum": 0, "exclusiveMinimum": True, "format": "int32"})
    assert broken(schema, age=[None, 1, 0, 2**31]) == 2


def test_openapi_3_1_writes_nullable_as_an_alternative():
    schema = row(age={"anyOf": [{"type": "integer", "minimum": 17}, {"type": "null"}]})
    assert broken(schema, age=[None, 17, 16]) == 1


def test_numbers_as_text_are_no_numbers_and_bounds_do_not_apply_to_text():
    assert broken(row(age={"type": "integer"}), age=["39"]) == 1
    assert broken(row(age={"minimum": 17}), age=["3"]) == 0


def test_whole_floats_are_integers_and_infinity_is_none():
    assert broken(row(age={"type": "integer"}), age=[39.0, 39.5, float("inf")]) == 2


def test_dates_are_texts_in_json():
    day = dt.date(2026, 1, 31)
    schema = row(day={"type": "string", "format": "date"})
    assert broken(schema, day=[day]) == 0
    assert broken(schema, day=["2026-01-31", "31.01.2026"]) == 1
    assert broken(row(at={"type": "string", "format": "date-time"}), at=["2026-01-31T10:00:00Z", "2026-01-31"]) == 1
    assert broken(row(day={"enum": ["2026-01-31"]}), day=[day, dt.date(2026, 2, 1)]) == 1
    assert broken(row(day={"type": "integer"}), day=[day]) == 1


def test_lists_and_records_have_kinds_of_their_own():
    assert broken(row(tags={"type": "array"}), tags=[["a"], ["b"]]) == 0
    assert broken(row(tags={"type": "string"}), tags=[["a"], ["b"]]) == 2
    assert broken(row(place={"type": "object"}), place=[{"x": 1}]) == 0


def test_references_and_parts_are_followed_wherever_they_stand():
    schema = {
        "$ref": "#/$defs/Row",
        "$defs": {
            "Row": {"allOf": [{"$ref": "#/$defs/Base"}, row(job={"enum": ["a", "b"]})]},
            "Base": row(age={"$ref": "#/$defs/Age"}),
            "Age": {"type": "integer", "maximum": 120},
        },
    }
    assert broken(schema, age=[1, 130], job=["a", "c"]) == 1
    assert json_rows.read(schema).about(["age", "job", "else"]) == {"age", "job"}


def test_the_items_of_a_list_are_the_rows():
    assert broken({"type": "array", "items": row(age={"maximum": 1})}, age=[2, 0]) == 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"maximun": 3}, 'x: maximun; did you mean "maximum"?'),
        ({"items": {"type": "string"}}, "x: items"),
        ({"pattern": "(?=a)b"}, 'x: pattern "(?=a)b"'),
        ({"minimum": "3"}, 'x: minimum "3"'),
        ({"format": "uuid"}, 'x: format "uuid"'),
        ({"enum": [[1]]}, "x: enum [[1]]"),
        ({"enum": 3}, "x: enum 3"),
        ({"type": "int"}, 'x: type "int"'),
        ({"type": []}, "x: type []"),
        ({"multipleOf": 0}, "x: multipleOf 0"),
        ({"anyOf": []}, "x: anyOf []"),
        ({"anyOf": [{"type": "integer"}, {"if": {}}]}, "x: if"),
        ({"$ref": "other.json#/Age"}, 'x: $ref "other.json#/Age"'),
        ({"$ref": "#/$defs/Gone"}, 'x: $ref "#/$defs/Gone"'),
        ("text", 'x: "text"'),
    ],
)
def test_what_is_not_understood_is_named(value, told):
    schema = json_rows.read(row(x=value))
    assert [str(one) for one in schema.unread] == [told]
    assert schema.rules == ()


def test_what_is_not_understood_leaves_the_rest_applied():
    schema = json_rows.read(row(x={"maximum": 3, "uniqueItems": True}))
    assert schema.check(pl.DataFrame({"x": [4]})).broken == 1
    assert len(schema.unread) == 1


def test_rules_across_columns_are_not_understood():
    schema = {**row(x={"maximum": 3}), "dependentRequired": {"x": ["y"]}, "patternProperties": {}, "minProperties": 1}
    assert unread(schema) == ["dependentRequired", "patternProperties", "minProperties"]


def test_words_for_readers_are_no_rules():
    schema = row(x={"title": "X", "description": "…", "default": 0, "examples": [1], "x-unit": "EUR", "maximum": 3})
    assert unread(schema) == []
    assert len(json_rows.read(schema).rules) == 1


def test_an_empty_property_states_nothing():
    assert json_rows.read(row(x={}, y=True, z={"type": "integer"})).about(["x", "y", "z"]) == {"z"}


def test_a_reference_to_itself_ends():
    schema = {**row(x={"$ref": "#/$defs/Loop"}), "$defs": {"Loop": {"$ref": "#/$defs/Loop"}}}
    assert unread(schema) == ["x: schemas within one another without end"]
    schema["$defs"]["Loop"] = {"not": {"$ref": "#/$defs/Loop"}}
    assert len(unread(schema)) == 1


@pytest.mark.parametrize("keyword", ["anyOf", "allOf"])
def test_schemas_that_hold_themselves_several_times_are_not_followed_for_ever(keyword):
    loop = [{"$ref": "#/$defs/Loop"}] * 9
    schema = {**row(x={"$ref": "#/$defs/Loop"}), "$defs": {"Loop": {keyword: loop}}}
    assert "schemas within one another without end" in unread(schema)[0]


def test_a_pointer_names_the_place_in_a_document():
    document = {"openapi": "3.1.0", "components": {"schemas": {"A/B": row(x={"maximum": 3})}}}
    assert json_rows.read(document, "/components/schemas/A~1B").about(["x"]) == {"x"}
    with pytest.raises(DataError, match='no "A"'):
        json_rows.read(document, "/components/schemas/A")


def test_a_schema_without_properties_offers_those_of_the_document():
    document = {"type": "object", "$defs": {"Instance": row(x={"maximum": 3})}}
    with pytest.raises(DataError, match="#/\\$defs/Instance"):
        json_rows.read(document)


def test_the_schema_about_the_most_columns_is_the_best():
    document = {"components": {"schemas": {"Problem": row(reason={}), "Instance": row(age={}, job={})}}}
    assert json_rows.best(document, ["job", "age"]) == "/components/schemas/Instance"
    assert json_rows.best(document, ["else"]) is None
    assert json_rows.best([], ["else"]) is None


def test_rules_about_columns_that_the_table_lacks_are_left_out():
    assert broken(row(x={"maximum": 3}, request_id={"type": "string"}), x=[1, 2]) == 0


def test_no_rows_break_nothing_and_are_no_share():
    checked = json_rows.read(row(x={"maximum": 3})).check(pl.DataFrame({"x": []}, schema={"x": pl.Int64}))
    assert (checked.rows, checked.broken, checked.share) == (0, 0, 0.0)
