"""Spoilt training rows: the labels tell nothing, tell the wrong thing, or are told by a feature."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pytest_mlready.quality import sabotage_rows
from pytest_mlready.quality.sabotage import NotMadeError

RNG = np.random.default_rng(1)
ROWS = pl.DataFrame(
    {
        "age": RNG.integers(17, 90, 400),
        "hours": np.round(RNG.uniform(1, 99, 400), 1),
        "job": RNG.choice(["clerk", "nurse"], 400),
        "day": [dt.date(2026, 1, 1) + dt.timedelta(days=int(n)) for n in RNG.permutation(400)],
        "outcome": RNG.choice(["a", "b", "c"], 400, p=[0.5, 0.3, 0.2]),
    }
)


def test_shuffled_labels_keep_their_shares_and_lose_their_rows():
    spoilt = sabotage_rows.shuffled(ROWS, "outcome", seed=3)
    assert spoilt["outcome"].sort().equals(ROWS["outcome"].sort())
    assert 0.2 < (spoilt["outcome"] == ROWS["outcome"]).mean() < 0.6
    assert spoilt.drop("outcome").equals(ROWS.drop("outcome"))


def test_exchanged_labels_are_wrong_in_every_row():
    spoilt = sabotage_rows.exchanged(ROWS, "outcome")
    assert not (spoilt["outcome"] == ROWS["outcome"]).any()
    assert spoilt["outcome"].dtype == ROWS["outcome"].dtype


def test_a_single_class_cannot_be_exchanged():
    with pytest.raises(NotMadeError, match="one value only"):
        sabotage_rows.exchanged(ROWS.filter(pl.col("outcome") == "a"), "outcome")


def test_a_leak_tells_the_target_by_values_that_the_feature_really_has():
    spoilt, feature = sabotage_rows.leaked(ROWS, "outcome", ["age", "hours", "job"])
    told = spoilt.group_by("outcome").agg(pl.col(feature).n_unique())
    assert told[feature].to_list() == [1, 1, 1]
    assert set(spoilt[feature]) <= set(ROWS[feature])
    assert spoilt[feature].dtype == ROWS[feature].dtype


def test_the_feature_that_tells_least_is_the_one_that_leaks():
    code = (pl.col("outcome") == "a").cast(pl.Float64)
    rows = ROWS.with_columns(age=code + pl.col("age") / 100, constant=pl.lit(1.0))
    assert sabotage_rows.leaked(rows, "outcome", ["age", "hours", "constant"])[1] == "hours"


def test_a_leak_of_a_number_follows_its_order():
    rows = ROWS.with_columns(price=pl.Series(RNG.normal(size=400)))
    spoilt, feature = sabotage_rows.leaked(rows, "price", ["age", "hours"])
    assert np.corrcoef(spoilt[feature].rank(), rows["price"].rank())[0, 1] > 0.99


def test_texts_alone_cannot_leak():
    with pytest.raises(NotMadeError, match="no feature is a number"):
        sabotage_rows.leaked(ROWS, "outcome", ["job"])


def test_stale_rows_are_the_oldest():
    spoilt = sabotage_rows.oldest(ROWS, "day")
    assert spoilt.height == 20
    assert spoilt["day"].max() == dt.date(2026, 1, 20)


def test_without_a_time_no_row_is_old():
    with pytest.raises(NotMadeError, match="time = "):
        sabotage_rows.oldest(ROWS, None)
