from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mlready.serving import openapi
from pytest_mlready.serving.openapi import Document, DocumentError

ROW = {"type": "object", "required": ["x"], "properties": {"x": {"type": "number", "example": 2.5}}}


def document(schema=None, *, version="3.1.0", media=None, parameters=(), path="/predict", **more):
    """A document with one operation, POST on `path`."""
    content = {"application/json": media or {"schema": schema or {}}}
    operation = {
        "requestBody": {"content": content}, "responses": {"200": {"description": "ok"}}, "parameters": list(parameters),
    }  # fmt: skip
    return Document({"openapi": version, "paths": {path: {"post": operation}}, **more})


def operation(found):
    return next(iter(found.operations()))


def built(schema, **more):
    """The body that is put together from a schema; None where there is none."""
    found = document(schema, **more)
    return next(found.examples(operation(found)), None)


def components(**schemas):
    return {"components": {"schemas": schemas}}


@pytest.mark.parametrize(
    "raw",
    [
        {}, [], None, "openapi: 3.1.0", {"openapi": "3.1.0"}, {"openapi": 3.1, "paths": {}}, {"openapi": "4.0.0", "paths": {}},
        {"openapi": "3.1.0", "paths": []},
    ],
)  # fmt: skip
def test_what_is_no_openapi_document_is_refused(raw):
    with pytest.raises(DocumentError, match="is none"):
        Document(raw)


def test_swagger_2_is_refused_by_name():
    with pytest.raises(DocumentError, match=r"is for version 2\.0"):
        Document({"swagger": "2.0", "paths": {}})


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
def test_every_version_3_is_read(version):
    assert [str(o) for o in document(ROW, version=version).operations()] == ["POST /predict"]


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ({"example": {"x": 1}}, {"x": 1}),
        ({"examples": {"one": {"value": {"x": 2}}}}, {"x": 2}),
        ({"examples": {"one": {"$ref": "#/components/examples/one"}}}, {"x": 3}),
        ({"examples": {"far": {"externalValue": "http://example.org/one.json"}}, "schema": ROW}, {"x": 2.5}),
        ({"schema": {"example": {"x": 4}}}, {"x": 4}),
        ({"schema": {"examples": [{"x": 5}]}}, {"x": 5}),
        ({"schema": {"$ref": "#/components/schemas/Row"}}, {"x": 2.5}),
        ({"example": {"x": 1}, "schema": ROW}, {"x": 1}),
    ],
)
def test_examples_are_found_wherever_a_document_may_give_them(media, body):
    parts = {"components": {"examples": {"one": {"value": {"x": 3}}}, "schemas": {"Row": ROW}}}
    found = document(media=media, **parts)
    assert next(found.examples(operation(found))) == body


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (ROW, {"x": 2.5}),
        ({"type": "array", "items": ROW}, [{"x": 2.5}]),
        ({"type": "array", "items": ROW, "minItems": 3}, [{"x": 2.5}] * 3),
        (
            {"properties": {"a": {"const": 1}, "b": {"default": 0}, "c": {"enum": ["x", "y"]}}},
            {"a": 1, "b": 0, "c": "x"},
        ),
        ({"properties": {"a": {"example": False}, "b": {"type": "string"}}}, {"a": False}),
        ({"allOf": [ROW]}, {"x": 2.5}),
        ({"allOf": [ROW, {"properties": {"y": {"example": 1}}}], "required": ["x", "y"]}, {"x": 2.5, "y": 1}),
        ({"allOf": [{"type": "string", "example": "a"}]}, "a"),
        ({"allOf": [ROW], "properties": {"z": {"example": 9}}}, {"x": 2.5, "z": 9}),
        ({"oneOf": [{"type": "string"}, ROW]}, {"x": 2.5}),
        ({"properties": {"a": {"anyOf": [{"type": "integer", "default": 7}, {"type": "null"}]}}}, {"a": 7}),
        ({"required": ["id", "x"], "properties": {"id": {"readOnly": True}, "x": {"example": 1}}}, {"x": 1}),
    ],
)
def test_a_body_is_put_together_from_its_parts(schema, body):
    assert built(schema) == body


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
        {"type": "object", "required": ["b"], "properties": {"a": {"example": 1}}},
        {"type": "array", "items": {"type": "number"}},
        {"allOf": [ROW, {"required": ["y"], "properties": {"y": {"type": "string"}}}]},
        {"allOf": [ROW], "required": ["y"]},
        {"$ref": "#/components/schemas/Missing"},
        {"$ref": "other.json#/Row"},
        {"type": "object"},
        True,
    ],
)
def test_nothing_is_made_up_where_a_needed_part_has_no_example(schema):
    assert built(schema) is None


def test_a_schema_that_holds_itself_is_put_together_without_end_of_it():
    node = {"properties": {"value": {"example": 1}, "next": {"$ref": "#/components/schemas/Node"}}}
    assert built({"$ref": "#/components/schemas/Node"}, **components(Node=node)) == {"value": 1}


def test_a_schema_that_needs_itself_has_no_example():
    node = {"required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    assert built({"$ref": "#/components/schemas/Node"}, **components(Node=node)) is None


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
    ],
)
def test_references_in_a_circle_lead_nowhere(schemas):
    assert built({"$ref": "#/components/schemas/A"}, **components(**schemas)) is None


@pytest.mark.parametrize(
    "schemas",
    [
        {
            f"S{n}": {"properties": {side: {"$ref": f"#/components/schemas/S{n + 1}"} for side in "abcd"}}
            for n in range(60)
        },
        {
            f"S{n}": {"type": "array", "minItems": 10_000, "items": {"$ref": f"#/components/schemas/S{n + 1}"}}
            for n in range(60)
        },
    ],
    ids=["tables", "lists"],
)
def test_a_small_schema_that_stands_for_an_endless_tree_takes_no_time(schemas):
    schemas["S60"] = {"example": 1}
    began = time.monotonic()
    assert len(json.dumps(built({"$ref": "#/components/schemas/S0"}, **components(**schemas)))) < 1_000_000
    assert time.monotonic() - began < 1


def test_a_reference_may_be_escaped_percent_encoded_or_go_through_a_list():
    found = Document({"openapi": "3.1.0", "paths": {"/a{b}": {"get": {"parameters": [{"name": "p"}]}}}})
    assert found.resolved({"$ref": "#/paths/~1a%7Bb%7D/get/parameters/0"}) == {"name": "p"}
    assert found.resolved({"$ref": "#/paths/~1a%7Bb%7D/get/parameters/7"}) == {}


@pytest.mark.parametrize(
    ("servers", "prefix"),
    [
        (None, ""),
        ([], ""),
        ("nonsense", ""),
        ([{"url": "/"}], ""),
        ([{"url": "/api/v1/"}], "/api/v1"),
        ([{"url": "api"}], "/api"),
        ([{"url": "./"}], ""),
        ([{"url": "https://example.org"}], ""),
        ([{"url": "https://example.org/base"}], "/base"),
        ([{"url": "https://{region}.example.org/{v}", "variables": {"v": {"default": "v2"}}}], "/v2"),
        ([{"url": "/{unknown}"}], ""),
        ([{"url": "/first"}, {"url": "/second"}], "/first"),
    ],
)
def test_the_first_servers_path_stands_before_every_path(servers, prefix):
    found = document(ROW, **({} if servers is None else {"servers": servers}))
    assert found.prefix == prefix
    assert found.filled_path(operation(found)) == f"{prefix}/predict"


@pytest.mark.parametrize(
    ("parameter", "filled"),
    [
        ({"name": "id", "in": "path", "example": "a b/c"}, "/m/a%20b%2Fc"),
        ({"name": "id", "in": "path", "schema": {"default": 0}}, "/m/0"),
        ({"name": "id", "in": "path", "schema": {"$ref": "#/components/schemas/Id"}}, "/m/7"),
        ({"name": "id", "in": "path", "schema": {"type": "string"}}, None),
        ({"name": "id", "in": "path", "examples": {"one": {"value": "x"}}}, "/m/x"),
        ({"$ref": "#/components/parameters/Id"}, "/m/9"),
        ({"name": "other", "in": "path", "example": 1}, None),
    ],
)
def test_path_parameters_are_filled_with_their_examples(parameter, filled):
    parts = {
        "schemas": {"Id": {"example": 7}}, "parameters": {"Id": {"name": "id", "in": "path", "example": 9}},
    }  # fmt: skip
    found = document(ROW, path="/m/{id}", parameters=[parameter], components=parts)
    assert found.filled_path(operation(found)) == filled


def test_required_query_parameters_follow_and_optional_ones_do_not():
    parameters = [
        {"name": "flag", "in": "query", "required": True, "example": True},
        {"name": "tag", "in": "query", "required": True, "example": ["a", "b&"]},
        {"name": "more", "in": "query", "example": 1},
    ]
    found = document(ROW, parameters=parameters)
    assert found.filled_path(operation(found)) == "/predict?flag=true&tag=a&tag=b%26"


def test_required_headers_are_given_as_far_as_they_have_an_example():
    parameters = [
        {"name": "X-Tenant", "in": "header", "required": True, "example": "acme"},
        {"name": "X-Trace", "in": "header", "required": True},
        {"name": "X-Opt", "in": "header", "example": "no"},
    ]
    found = document(ROW, parameters=parameters)
    assert found.headers(operation(found)) == {"X-Tenant": "acme"}


def test_a_parameter_of_the_operation_replaces_that_of_the_path():
    raw = {
        "parameters": [{"name": "id", "in": "path"}],
        "post": {"parameters": [{"name": "id", "in": "path", "example": "mine"}]},
    }
    found = Document({"openapi": "3.1.0", "paths": {"/{id}": raw}})
    assert found.filled_path(operation(found)) == "/mine"


@pytest.mark.parametrize(
    ("top", "own", "secured"),
    [
        ([{"bearer": []}], None, True),
        ([{"bearer": []}], [], False),
        ([{"bearer": []}], [{}], False),
        ([{"bearer": []}], [{"bearer": []}, {}], False),
        (None, [{"key": []}], True),
        (None, None, False),
    ],
)
def test_an_operation_is_secured_when_no_alternative_is_empty(top, own, secured):
    raw = {} if own is None else {"security": own}
    whole = {} if top is None else {"security": top}
    found = Document({"openapi": "3.1.0", "paths": {"/": {"get": raw}}, **whole})
    assert operation(found).secured is secured


def objection(value, schema, *, version="3.1.0", **more):
    found = document(ROW, version=version, **more)
    return found.objection(value, found.closed(schema))


def test_an_answer_is_held_against_its_schema():
    assert objection({"x": 1}, ROW) is None
    assert "'x' is a required property" in objection({}, ROW)
    assert objection({"x": "one"}, {"$ref": "#/components/schemas/Row"}, **components(Row=ROW)).startswith("x: ")


def test_nullable_is_known_in_3_0_and_type_lists_in_3_1():
    assert objection(None, {"type": "number", "nullable": True}, version="3.0.3") is None
    assert objection(None, {"type": ["number", "null"]}) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Missing"},
        {"$ref": "#/components/schemas/Loop"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"type": "object", "properties": {"x": {"pattern": "("}}},
    ],
    ids=["dead", "circle", "elsewhere", "bad pattern"],
)
def test_a_schema_that_cannot_be_used_is_an_error_of_the_document(schema):
    with pytest.raises(DocumentError, match="cannot be used"):
        objection({"x": "1"}, schema, **components(Loop={"$ref": "#/components/schemas/Loop"}))


def test_a_reference_to_another_host_is_not_fetched(monkeypatch):
    def fetch(*_, **__):
        raise AssertionError("fetched")

    monkeypatch.setattr("urllib.request.urlopen", fetch)
    with pytest.raises(DocumentError, match=r"Unresolvable|Referencing"):
        objection(1, {"$ref": "http://127.0.0.1:9/schema.json"})


def test_the_schema_of_an_answer_is_found_by_status_then_class_then_default():
    answers = {
        code: {"content": {"application/json": {"schema": {"title": code}}}} for code in ("200", "2XX", "default")
    }
    found = Document({"openapi": "3.1.0", "paths": {"/": {"get": {"responses": answers}}}})
    titles = [found.answer_schema(operation(found), status)["title"] for status in (200, 201, 404)]
    assert titles == ["200", "2XX", "default"]


def test_a_vendors_json_is_json():
    media = {"application/vnd.api+json": {"schema": ROW}}
    found = Document({"openapi": "3.1.0", "paths": {"/": {"post": {"requestBody": {"content": media}}}}})
    assert next(found.examples(operation(found))) == {"x": 2.5}


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
WORDS = (
    "$ref type properties items required allOf oneOf anyOf example examples default const enum minItems parameters in "
    "name schema content application/json requestBody responses 200 post get security servers url variables value"
)
KEYS = st.sampled_from(WORDS.split()) | st.text(max_size=3)
REFERENCES = st.sampled_from(["#/paths/~1p", "#/", "#/components/schemas/A", "#/paths/~1p/post", "x"])
ANYTHING = st.recursive(
    PLAIN | REFERENCES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(item=ANYTHING, schema=ANYTHING, servers=ANYTHING, security=ANYTHING)
@settings(max_examples=100, deadline=None)
def test_whatever_a_document_holds_reading_it_ends_without_a_crash(item, schema, servers, security):
    raw = {
        "openapi": "3.1.0", "paths": {"/p": item, "/q": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}},
        "components": {"schemas": {"A": schema}}, "servers": servers, "security": security,
    }  # fmt: skip
    found = Document(raw)
    for one in found.operations():
        list(found.examples(one))
        found.filled_path(one)
        found.headers(one)
        found.body_schema(one)
        found.answer_schema(one, 200)
    assert isinstance(found.prefix, str)


LEAVES = st.one_of(
    st.integers().map(lambda n: ({"type": "integer", "example": n}, n)),
    st.text(max_size=5).map(lambda t: ({"type": "string", "const": t}, t)),
    st.booleans().map(lambda b: ({"type": "boolean", "default": b}, b)),
)


def _table(parts):
    return (
        {"type": "object", "required": list(parts), "properties": {n: s for n, (s, _) in parts.items()}},
        {n: v for n, (_, v) in parts.items()},
    )


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.dictionaries(st.text(min_size=1, max_size=4), inner, min_size=1, max_size=3).map(_table)
        | inner.map(lambda pair: ({"type": "array", "items": pair[0], "minItems": 2}, [pair[1]] * 2))
        | inner.map(lambda pair: ({"anyOf": [{"type": "null"}, pair[0]]}, pair[1]))
        | inner.map(lambda pair: ({"allOf": [pair[0]]}, pair[1]))
    ),
    max_leaves=8,
)


@given(pair=SCHEMAS)
@settings(max_examples=150, deadline=None)
def test_what_is_put_together_is_what_the_parts_give_and_fits_the_schema(pair):
    schema, value = pair
    assert built(schema) == value
    assert objection(value, schema) is None


def test_depth_of_references_is_bounded_by_a_constant():
    chain = {f"S{n}": {"$ref": f"#/components/schemas/S{n + 1}"} for n in range(openapi.DEEPEST * 2)}
    assert built({"$ref": "#/components/schemas/S0"}, **components(**chain)) is None
