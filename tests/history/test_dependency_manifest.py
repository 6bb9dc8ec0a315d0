from __future__ import annotations

import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.history import dependencies

WHOLE = {"version": "1.9.1", "owner": "@team", "channel": "#releases"}
DIGEST = "4a" * 32


def one(**entry):
    (found,) = dependencies.read({"code": [{"name": "scikit-learn", **WHOLE, **entry}]}, "dependencies.yaml")
    return found


@pytest.mark.parametrize(
    "document",
    [
        {"code": [{"name": "a", **WHOLE}], "data": [{"name": "b", **WHOLE}]},
        {"code": {"a": WHOLE}, "datasets": {"b": WHOLE}},
        {"dependencies": [{"name": "a", "kind": "code", **WHOLE}, {"name": "b", "kind": "data", **WHOLE}]},
        [{"name": "a", "kind": "code", **WHOLE}, {"name": "b", "kind": "data", **WHOLE}],
        {"version": "1", "owner": "us", "packages": [{"name": "a", **WHOLE}], "data": {"b": WHOLE}},
    ],
)
def test_every_shape_that_people_write_is_read(document):
    found = dependencies.read(document, "dependencies.yaml")
    assert [(d.name, d.kind, d.version) for d in found] == [("a", "code", "1.9.1"), ("b", "data", "1.9.1")]


def test_the_digest_is_the_version_of_a_file_or_stands_beside_it():
    assert one(path="data/./t.parquet", version=f"sha256:{DIGEST}").sha256 == DIGEST
    assert one(path="data/./t.parquet").path == "data/t.parquet"
    assert one(path="t", version="2026-11", sha256=DIGEST.upper()).sha256 == DIGEST
    assert one(version=f"sha256:{DIGEST}").sha256 == ""


def test_columns_are_names_or_names_with_types():
    assert one(columns=["a", "b"]).columns == (("a", ""), ("b", ""))
    assert one(columns={"a": "Int64"}).columns == (("a", "Int64"),)


@pytest.mark.parametrize(
    ("entry", "lacks"),
    [
        ({"owner": ""}, "owner"),
        ({"owner": "TODO"}, "owner"),
        ({"channel": "?"}, "channel"),
        ({"version": "n/a"}, "version"),
    ],
)
def test_what_is_not_said_and_what_is_a_placeholder_is_lacking(entry, lacks):
    assert one(**entry).lacks == (lacks,)


def test_a_whole_entry_lacks_nothing():
    assert one().lacks == ()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"code": [{"name": "a", **WHOLE, "version": 1.1}]}, "write it in quotes"),
        ({"code": [{"name": "a", **WHOLE, "ownr": "x"}]}, 'unknown key "ownr"; did you mean "owner"'),
        ({"cod": []}, 'unknown section "cod"; did you mean "code"'),
        ({"dependencies": [{"name": "a", "kind": "cod", **WHOLE}]}, "expected code, data"),
        ({"code": [{**WHOLE}]}, "code/0 has no name"),
        ({"code": ["scikit-learn"]}, "code/0 is no table"),
        ({"code": "scikit-learn"}, "code is no list"),
        ({"code": [{"name": "a_b", **WHOLE}, {"name": "A-B", **WHOLE}]}, "code a-b stands 2 times"),
        ({"data": [{"name": "a", **WHOLE, "sha256": "abc"}]}, "64 hexadecimal digits"),
        ({"data": [{"name": "a", **WHOLE, "columns": 3}]}, "columns is neither"),
        ({"data": [{"name": "a", **WHOLE, "owner": ["x"]}]}, "owner is no text"),
        ({}, "it names no dependency"),
        ("text", "it is no table"),
        (None, "it is no table"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(document, said):
    with pytest.raises(DataError) as caught:
        dependencies.read(document, "dependencies.yaml")
    assert said in str(caught.value)


def test_all_mistakes_are_listed_at_once():
    with pytest.raises(DataError, match=r"version is the number.*unknown section"):
        dependencies.read({"code": [{"name": "a", **WHOLE, "version": 2}], "x": []}, "m.yaml")
