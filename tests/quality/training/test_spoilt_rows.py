from __future__ import annotations

import polars as pl
import pytest

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality.training import control

ROWS = pl.DataFrame({"x": range(100), "y": ["a", "b"] * 50})


def test_shuffled_labels_keep_features_and_shares():
    spoilt = control.spoilt(ROWS, "labels", target="y", seed=1)
    assert spoilt["x"].equals(ROWS["x"])
    assert not spoilt["y"].equals(ROWS["y"])
    assert sorted(spoilt["y"]) == sorted(ROWS["y"])


def test_half_of_the_rows_keep_their_order():
    spoilt = control.spoilt(ROWS, "rows", target=None, seed=1)
    assert spoilt.height == 50
    assert spoilt["x"].is_sorted()


def test_the_same_seed_spoils_in_the_same_way():
    assert control.spoilt(ROWS, "labels", target="y", seed=1).equals(control.spoilt(ROWS, "labels", target="y", seed=1))


@pytest.mark.parametrize(
    ("kind", "target", "error"), [("lables", "y", DataError), ("labels", None, DataError), ("labels", "z", DataError)]
)
def test_what_cannot_be_spoilt_is_an_error(kind, target, error):
    with pytest.raises(error):
        control.spoilt(ROWS, kind, target=target, seed=1)


def test_one_label_and_one_row_cannot_be_spoilt():
    with pytest.raises(Inconclusive, match="same y"):
        control.spoilt(ROWS.filter(pl.col("y") == "a"), "labels", target="y", seed=1)
    with pytest.raises(Inconclusive, match="no half"):
        control.spoilt(ROWS.head(1), "rows", target="y", seed=1)


def test_a_sample_keeps_the_order_and_never_more_rows_than_there_are():
    assert control.drawn(ROWS, 10, seed=1)["x"].is_sorted()
    assert control.drawn(ROWS, 10, seed=1).height == 10
    assert control.drawn(ROWS, 1000, seed=1) is ROWS
    assert control.drawn(ROWS, None, seed=1) is ROWS
    with pytest.raises(DataError, match="rows = 0"):
        control.drawn(ROWS, 0, seed=1)
