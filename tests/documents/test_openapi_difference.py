from __future__ import annotations

import copy

import pytest

from pytest_mlready.documents.openapi_difference import differences

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "income", "version": "1.0.0", "description": "Two lines\nof text."},
    "servers": [{"url": "http://localhost"}],
    "paths": {
        "/predict": {
            "post": {
                "tags": ["model"],
                "parameters": [{"in": "query", "name": "a"}, {"in": "header", "name": "b", "required": True}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Row"}}}},
                "responses": {"200": {"description": "ok"}},
            }
        }
    },
    "components": {
        "schemas": {
            "Row": {
                "type": "object", "required": ["age", "hours"],
                "properties": {"age": {"type": "integer", "maximum": 120}, "sex": {"enum": ["f", "m"]}},
            }
        }
    },
}  # fmt: skip
OPERATION = ("paths", "/predict", "post")
ROW = ("components", "schemas", "Row")


def changed(*path, value=None, drop=False):
    document = copy.deepcopy(DOCUMENT)
    node = document
    for step in path[:-1]:
        node = node[step]
    if drop:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return document


SAME = {
    "itself": DOCUMENT,
    "another order of keys": {key: DOCUMENT[key] for key in reversed(DOCUMENT)},
    "another order of required fields": changed(*ROW, "required", value=["hours", "age"]),
    "another order of choices": changed(*ROW, "properties", "sex", "enum", value=["m", "f"]),
    "another order of parameters": changed(
        *OPERATION, "parameters", value=list(reversed(DOCUMENT["paths"]["/predict"]["post"]["parameters"]))
    ),
    "other breaks of lines": changed("info", "description", value="Two lines of\n  text."),
    "another server": changed("servers", value=[{"url": "https://api.example.org"}]),
    "another build": changed("info", "version", value="1.0.1+abc"),
    "a whole number as a decimal one": changed(*ROW, "properties", "age", "maximum", value=120.0),
}


@pytest.mark.parametrize("live", SAME.values(), ids=SAME)
def test_what_means_the_same_is_no_difference(live):
    assert differences(live, DOCUMENT) == []


DIFFERENT = [
    (changed(*ROW, "properties", "age", "maximum", value=99), "schema Row.properties.age.maximum: live 99, committed 120"),
    (changed(*ROW, "required", value=["age"]), 'schema Row.required: "hours" only in the committed document'),
    (changed(*ROW, "properties", "sex", "enum", value=["f", "m", "x"]), '"x" only in the live document'),
    (changed(*OPERATION, drop=True), "POST /predict: only in the committed document"),
    (changed("paths", "/score", value={"get": {}}), "path /score: only in the live document"),
    (changed(*OPERATION, "responses", "200", "description", value="fine"), 'POST /predict: responses.200.description: live "fine"'),
    (changed(*OPERATION, "parameters", value=[{"in": "query", "name": "a"}]), "parameters.header b: only in the committed"),
    (changed(*OPERATION, "deprecated", value=True), "POST /predict: deprecated: only in the live document"),
    (changed(*ROW, "properties", "age", "type", value=["integer", "null"]), "live ["),
    (changed("openapi", value="3.0.3"), 'openapi: live "3.0.3", committed "3.1.0"'),
    ([], "the whole document"),
]  # fmt: skip


@pytest.mark.parametrize(("live", "words"), DIFFERENT)
def test_a_difference_is_told_in_words(live, words):
    found = differences(live, DOCUMENT)
    assert len(found) == 1
    assert words in found[0]


def test_true_is_not_one():
    assert differences({"x": True}, {"x": 1}) == ["x: live true, committed 1"]


def test_further_places_can_be_left_out():
    live = changed("paths", "/predict", "x-owner", value="team")
    assert differences(live, DOCUMENT)
    assert differences(live, DOCUMENT, ignored=("paths.*.x-*",)) == []


def test_what_is_nested_without_end_is_told():
    live, committed = {}, {}
    deep, other = live, committed
    for _ in range(200):
        deep["a"], other["a"] = {}, {}
        deep, other = deep["a"], other["a"]
    assert "nested too deeply" in differences(live, committed)[0]
