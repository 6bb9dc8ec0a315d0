from __future__ import annotations

from pytest_mlready.quality.training.json_difference import differences


def test_equal_documents_have_no_difference():
    assert differences({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}) == []


def test_many_values_under_one_key_are_one_sentence():
    a, b = ([{"__id__": n + offset, "class": "Tree"} for n in range(5)] for offset in (0, 10))
    assert differences(a, b) == ["5 values under __id__ differ, first $[0].__id__: 0 and 10"]


def test_a_key_that_one_lacks_and_lists_of_other_lengths_are_told():
    assert differences({"a": 1}, {"b": [1]}) == ["$.a: 1 and 'nothing'", "$.b: 'nothing' and [1]"]
    assert differences({"a": [1]}, {"a": [1, 2]}) == ["$.a: [1] and [1, 2]"]


def test_a_number_is_not_the_truth_value_that_equals_it():
    assert differences({"a": 1}, {"a": True}) == ["$.a: 1 and True"]


def test_documents_nested_beyond_measure_are_compared_as_a_whole():
    a, b = [1], [2]
    for _ in range(150):
        a, b = [a], [b]
    (said,) = differences(a, b)
    assert said.startswith("$[0][0]")
