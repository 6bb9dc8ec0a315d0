from __future__ import annotations

import jsonschema
import pytest

from pytest_mlready.serving.access import plausible
from pytest_mlready.serving.openapi import Document


def document(operation=None, schemas=None):
    return Document({
        "openapi": "3.1.0", "info": {}, "paths": {"/jobs/{id}": {"post": operation or {}}},
        "components": {"schemas": schemas or {}},
    })  # fmt: skip


def filled(*parameters):
    found = document({"parameters": list(parameters)})
    return plausible.filled(found, next(found.operations()), but="X-Key")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 5},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "minLength": 12},
        {"type": "string", "format": "uuid"},
        {"type": ["null", "boolean"]},
        {"enum": ["a", "b"]},
        {"const": 7},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}, "y": {"type": "string"}}},
        {"allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}, {"type": "object"}]},
    ],
)
def test_a_value_fits_its_schema(schema):
    jsonschema.validate(plausible.value(document(), schema), schema)


def test_a_schema_that_holds_itself_ends():
    schemas = {
        "Tree": {"type": "object", "required": ["of"], "properties": {"of": {"$ref": "#/components/schemas/Tree"}}}
    }
    assert plausible.value(document(schemas=schemas), {"$ref": "#/components/schemas/Tree"})


def test_an_example_goes_before_a_made_up_value_and_is_no_guess():
    form = filled({"name": "id", "in": "path", "example": 7, "schema": {"type": "integer"}})
    assert (form.path, form.guessed) == ("/jobs/7", False)


def test_made_up_parameters_and_headers_are_told_as_guessed():
    form = filled(
        {"name": "id", "in": "path", "schema": {"type": "integer", "minimum": 3}},
        {"name": "limit", "in": "query", "required": True, "schema": {"type": "integer"}},
        {"name": "X-Trace", "in": "header", "required": True, "schema": {"type": "string"}},
        {"name": "X-Key", "in": "header", "required": True, "schema": {"type": "string"}},
        {"name": "verbose", "in": "query", "schema": {"type": "boolean"}},
    )
    assert (form.path, form.guessed) == ("/jobs/3?limit=1", True)
    assert form.headers == {"X-Trace": "1"}


def test_a_body_is_the_example_or_made_up_from_the_schema():
    content = {"schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}
    for media, expected in (({**content, "example": {"n": 5}}, ({"n": 5}, False)), (content, ({"n": 1}, True))):
        found = document({"requestBody": {"content": {"application/json": media}}})
        assert plausible.body(found, next(found.operations())) == expected
