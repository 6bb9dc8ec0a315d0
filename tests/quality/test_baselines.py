from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.quality.baselines import dummies, linear
from pytest_mlready.values import Dataset, Model

BINARY = "binary-classification"


def mixed(n=2000, seed=0):
    """Mixed columns with gaps; the outcome follows age and town, so a linear model must find it."""
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 12, n)
    town = rng.choice(["Aix", "Bern", "Cork", "Đà Nẵng"], n, p=[0.4, 0.3, 0.2, 0.1])
    signal = 0.1 * (age - 40) + 1.5 * (town == "Bern") - (town == "Cork") + rng.logistic(size=n)
    frame = pl.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.05, np.nan, age),
            "town": [None if r < 0.05 else str(t) for r, t in zip(rng.random(n), town, strict=True)],
            "member": rng.random(n) < 0.5,
            "since": pl.Series(rng.integers(0, 9000, n)).cast(pl.Date),
            "note": [f"customer number {i} wrote a rather long remark" for i in range(n)],
            "constant": ["x"] * n,
            "empty": pl.Series([None] * n, dtype=pl.Float64),
            "outcome": np.where(signal > 0, "yes", "no"),
        }
    )
    return dataset(frame)


def dataset(frame, name="train"):
    features = tuple(c for c in frame.columns if c != "outcome")
    return Dataset(frame=frame, name=name, source="test", sha256="0", target="outcome", features=features)


def test_baselines_are_models():
    for model in (*dummies(mixed(), task=BINARY, seed=1), linear(mixed(), task=BINARY, seed=1)):
        assert isinstance(model, Model)


def test_the_dummies_are_the_most_frequent_class_and_a_random_guess():
    train = mixed()
    most, random = dummies(train, task=BINARY, seed=1)
    values, counts = np.unique(train.y, return_counts=True)
    assert set(most.predict(train.X)) == {values[np.argmax(counts)]}
    np.testing.assert_allclose(most.predict_proba(train.X)[0], counts / counts.sum())
    assert np.mean(random.predict(train.X) == "yes") == pytest.approx((train.y == "yes").mean(), abs=0.05)


def test_the_dummy_of_a_regression_is_the_mean():
    train = mixed()
    numbers = replace(train, frame=train.frame.with_columns(outcome=pl.Series(np.arange(2000.0))))
    (mean,) = dummies(numbers, task="regression", seed=1)
    assert mean.predict(numbers.X) == pytest.approx(np.full(2000, 999.5))
    assert mean.predict_proba(numbers.X) is None
    assert mean.decision_function(numbers.X) is None


def test_the_linear_model_equals_a_scikit_learn_pipeline_on_plain_columns():
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train, held = (replace(mixed(seed=s), features=("age", "town")) for s in (0, 1))
    train, held = (replace(d, frame=d.frame.drop_nulls("town").drop_nans("age")) for d in (train, held))
    columns = make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(), ["town"]))
    oracle = make_pipeline(columns, LogisticRegression(max_iter=200, tol=1e-8)).fit(train.X.to_pandas(), train.y)
    ours = linear(train, task=BINARY, seed=1).predict_proba(held.X)
    np.testing.assert_allclose(ours, oracle.predict_proba(held.X.to_pandas()), atol=2e-3)


def test_the_linear_model_learns_from_mixed_columns_and_reads_unseen_categories():
    train, held = mixed(seed=0), mixed(seed=1)
    model = linear(train, task=BINARY, seed=1)
    assert np.mean(model.predict(held.X) == held.y) > 0.68
    strange = held.X.with_columns(
        town=pl.lit("<b>Ütö</b>"), age=pl.lit(float("inf")), since=pl.lit(None, dtype=pl.Date)
    )
    assert np.isfinite(model.predict_proba(strange)).all()


def test_the_linear_model_reads_pandas_frames():
    train = mixed()
    model = linear(replace(train, features=("age", "member")), task=BINARY, seed=1)
    X = train.X.select("age", "member")
    np.testing.assert_array_equal(model.predict(X), model.predict(X.to_pandas()))


def test_the_linear_model_is_the_same_every_time():
    train = mixed()
    first, again = (linear(train, task=BINARY, seed=7, max_rows=500) for _ in range(2))
    assert first.rows == 500
    np.testing.assert_array_equal(first.predict_proba(train.X), again.predict_proba(train.X))
    np.testing.assert_array_equal(first.estimator.coef_, again.estimator.coef_)


def test_many_classes_get_fewer_rows_so_that_time_stays_bounded():
    n = 6000
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.random(n), "outcome": rng.integers(0, 50, n).astype(str)})
    model = linear(dataset(frame), task="multiclass-classification", seed=1, max_rows=10_000)
    assert model.rows == 2000
    assert model.predict_proba(frame).shape == (n, 50)


def test_rare_categories_share_one_column():
    n = 3000
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"user": rng.integers(0, 10_000, n).astype(str), "outcome": rng.choice(["a", "b"], n)})
    model = linear(dataset(frame), task=BINARY, seed=1)
    assert model.estimator.coef_.shape[1] <= 51


def test_the_linear_regression_recovers_a_line():
    rng = np.random.default_rng(0)
    x = rng.random(500)
    frame = pl.DataFrame({"x": x, "outcome": 3 * x + 1})
    predicted = linear(dataset(frame), task="regression", seed=1).predict(frame)
    assert predicted == pytest.approx(3 * x + 1, abs=0.02)


def test_free_text_is_read_as_words():
    rng = np.random.default_rng(0)
    good = rng.random(400) < 0.5
    texts = [f"this {'splendid' if g else 'dreadful'} thing, number {i}, came by mail" for i, g in enumerate(good)]
    frame = pl.DataFrame({"review": texts, "outcome": np.where(good, "up", "down")})
    model = linear(dataset(frame[:300]), task=BINARY, seed=1)
    assert np.mean(model.predict(frame[300:]) == frame["outcome"][300:].to_numpy()) > 0.95


def test_rows_without_a_target_are_left_out():
    train = mixed()
    gaps = train.frame.with_columns(outcome=pl.when(pl.int_range(pl.len()) < 1500).then("outcome"))
    assert linear(dataset(gaps), task=BINARY, seed=1).rows == 1500


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"x": [1.0, 2.0], "outcome": ["a", "a"]}), "single value"),
        (pl.DataFrame({"x": [1.0, 1.0], "outcome": ["a", "b"]}), "no feature column"),
        (pl.DataFrame({"x": [1.0], "outcome": [None]}, schema_overrides={"outcome": pl.String}), "no row"),
    ],
)
def test_a_training_set_that_cannot_be_used_is_said_to_be(frame, message):
    with pytest.raises(DataError, match=message):
        linear(dataset(frame), task=BINARY, seed=1)


def test_a_missing_held_out_column_is_named():
    model = linear(mixed(), task=BINARY, seed=1)
    with pytest.raises(DataError, match='"age" is missing; did you mean "aage"'):
        model.predict(mixed().X.rename({"age": "aage"}))
