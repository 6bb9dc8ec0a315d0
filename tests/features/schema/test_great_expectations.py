from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.features.schema import great_expectations


def suite(*entries, spelling="type"):
    listed = [{spelling: f"expect_{kind}", "kwargs": kwargs} for kind, kwargs in entries]
    return great_expectations.read({"name": "inputs", "expectations": listed})


def broken(kind, values, **kwargs):
    return suite((kind, {"column": "x", **kwargs})).check(pl.DataFrame({"x": values})).broken


@pytest.mark.parametrize(
    ("kind", "kwargs", "values", "expected"),
    [
        ("column_values_to_be_between", {"min_value": 1, "max_value": 3}, [0, 1, 3, 4, None], 2),
        ("column_values_to_be_between", {"min_value": 1, "max_value": None, "strict_min": True}, [1, 2], 1),
        ("column_values_to_be_between", {"min_value": 1}, ["1"], 1),
        ("column_values_to_be_in_set", {"value_set": ["a", "b"]}, ["a", "c", None], 1),
        ("column_values_to_be_in_set", {"value_set": [1, 2.0]}, [1, 2, 3], 1),
        ("column_values_to_not_be_in_set", {"value_set": ["?"]}, ["a", "?"], 1),
        ("column_values_to_not_be_null", {}, [1.0, None, float("nan")], 2),
        ("column_values_to_be_null", {}, [1, None], 1),
        ("column_values_to_be_of_type", {"type_": "int64"}, [1, 2], 0),
        ("column_values_to_be_of_type", {"type_": "float64"}, [1, 2], 2),
        ("column_values_to_be_of_type", {"type_": "StringType"}, ["a"], 0),
        ("column_values_to_be_of_type", {"type_": "VARCHAR(20)"}, [1], 1),
        ("column_values_to_be_of_type", {"type_": "datetime64"}, [dt.date(2026, 1, 1)], 0),
        ("column_values_to_be_in_type_list", {"type_list": ["INTEGER", "object"]}, ["a"], 0),
        ("column_values_to_match_regex", {"regex": "^[A-Z]{2}$"}, ["DE", "de", None], 1),
        ("column_values_to_match_regex", {"regex": "1"}, [1], 1),
        ("column_values_to_not_match_regex", {"regex": "^\\s"}, ["a", " a"], 1),
        ("column_value_lengths_to_be_between", {"max_value": 2}, ["ab", "abc"], 1),
    ],
)
def test_each_expectation_is_applied(kind, kwargs, values, expected):
    assert broken(kind, values, **kwargs) == expected


def test_mostly_is_a_share_of_the_values_that_are_there():
    values = [1] * 19 + [99] + [None] * 20
    assert broken("column_values_to_be_between", values, max_value=9, mostly=0.95) == 0
    assert broken("column_values_to_be_between", values, max_value=9, mostly=0.96) == 1
    assert broken("column_values_to_not_be_null", values, mostly=0.5) == 0
    assert broken("column_values_to_not_be_null", values, mostly=0.51) == 20


def test_the_older_spelling_is_read_too():
    schema = suite(("column_values_to_not_be_null", {"column": "x"}), spelling="expectation_type")
    assert schema.about(["x", "y"]) == {"x"}


@pytest.mark.parametrize(
    ("kind", "kwargs", "told"),
    [
        ("column_values_to_be_betwen", {}, 'did you mean "expect_column_values_to_be_between"'),
        ("column_mean_to_be_between", {"min_value": 1}, "expect_column_mean_to_be_between"),
        ("column_values_to_be_between", {"min_value": "2020-01-01"}, "min_value"),
        ("column_values_to_be_between", {"min_value": 1, "row_condition": "y > 3"}, "row_condition"),
        ("column_values_to_be_between", {}, "expect_column_values_to_be_between"),
        ("column_values_to_be_of_type", {"type_": "Point"}, "Point"),
        ("column_values_to_match_regex", {"regex": "(?<=a)b"}, "(?<=a)b"),
    ],
)
def test_what_is_not_understood_is_named(kind, kwargs, told):
    schema = suite((kind, {"column": "x", **kwargs}))
    assert told in str(schema.unread[0])
    assert (schema.unread[0].column, schema.rules) == ("x", ())


def test_arguments_that_state_nothing_are_no_obstacle():
    schema = suite(("column_values_to_not_be_null", {"column": "x", "row_condition": None, "meta": {"by": "me"}}))
    assert schema.unread == ()


def test_a_column_that_need_only_exist_is_not_covered():
    schema = suite(("column_to_exist", {"column": "x"}))
    assert (schema.unread, schema.about(["x"])) == ((), frozenset())


def test_expectations_about_the_table_are_not_understood():
    schema = suite(("table_row_count_to_be_between", {"min_value": 1}))
    assert [(one.column, one.what.partition(" ")[0]) for one in schema.unread] == [
        ("", "expect_table_row_count_to_be_between")
    ]


def test_what_is_no_expectation_is_an_error():
    with pytest.raises(DataError, match="is no expectation"):
        great_expectations.read({"expectations": ["not null"]})
