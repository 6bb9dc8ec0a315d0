from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_mlready.quality import explanation

GOOD = {"baseline": -1.0, "contributions": {"age": 0.5, "job": 1.25}, "link": "logit"}


def test_one_number_is_recomposed_through_its_link():
    found = explanation.read(GOOD, ("no", "yes"))
    assert found.recomposed() == pytest.approx([1 / (1 + math.exp(-0.75))])
    assert found.names == ("age", "job")


@pytest.mark.parametrize(("link", "expected"), [("identity", 0.75), ("log", math.exp(0.75))])
def test_other_links(link, expected):
    assert explanation.read({**GOOD, "link": link}, None).recomposed() == pytest.approx([expected])


def test_no_link_is_the_identity():
    assert explanation.read({"baseline": 1, "contributions": {"a": 2}}, None).recomposed() == [3.0]


def test_classes_are_lists_in_their_order_or_tables_by_name():
    lists = {"baseline": [0.0, 1.0, 0.0], "contributions": {"a": [1.0, 0.0, 2.0]}, "link": "softmax"}
    tables = {
        "baseline": {"c": 0.0, "b": 1.0, "a": 0.0}, "contributions": {"a": {"a": 1.0, "b": 0, "c": 2.0}},
        "link": "softmax",
    }  # fmt: skip
    raw = np.exp([1.0, 1.0, 2.0])
    for given in (lists, tables):
        assert explanation.read(given, ("a", "b", "c")).recomposed() == pytest.approx(raw / raw.sum())


def test_enormous_log_odds_do_not_overflow():
    for size in (1e6, -1e6):
        found = explanation.read({**GOOD, "baseline": size}, ("no", "yes"))
        assert found.recomposed() == pytest.approx([float(size > 0)])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "contributions is None"),
        ({**GOOD, "contributions": [0.5]}, "contributions is [0.5]"),
        ({**GOOD, "contributions": {}}, "contributions is {}"),
        ({"contributions": {"a": 1.0}}, "no baseline"),
        ({**GOOD, "link": "logits"}, 'did you mean "logit"'),
        ({**GOOD, "link": ["logit"]}, "link is ['logit']"),
        ({**GOOD, "baseline": "1"}, "baseline is '1'"),
        ({**GOOD, "baseline": []}, "baseline is a list of 0"),
        ({**GOOD, "contributions": {"a": float("nan")}}, "the contribution of a is nan"),
        ({**GOOD, "contributions": {"a": True}}, "the contribution of a is True"),
        ({**GOOD, "contributions": {"a": [1.0, 2.0]}}, "other classes than the baseline"),
        ({**GOOD, "baseline": [1.0, 2.0, 3.0]}, "a list of 3, and there are 2 classes"),
        ({**GOOD, "baseline": {"maybe": 1.0}}, "a table of maybe"),
        ({**GOOD, "link": "softmax"}, "one number instead of one for each class"),
    ],
)
def test_each_lacking_part_is_named(given, said):
    with pytest.raises(explanation.ExplanationError) as caught:
        explanation.read(given, ("no", "yes"))
    assert said in str(caught.value)
