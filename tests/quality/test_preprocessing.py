"""Preprocessing: statistics of train alone, of all data, and of neither."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from adult_data import dataset
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from pytest_mlready.errors import DataError, Inconclusive, NotApplicable
from pytest_mlready.quality import preprocessing


def table(n, seed):
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, n)
    return pl.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.1, np.nan, age),
            "gain": rng.exponential(size=n),
            "job": rng.choice([f"j{i}" for i in range(200)], n),
            "town": rng.choice([None, *(f"t{i}" for i in range(20))], n),
            "y": (age + rng.normal(0, 5, n) > 42).astype(int),
        }
    )


TRAIN, HELDOUT = (dataset(table(n, s), name, target="y") for n, s, name in ((600, 1, "train"), (300, 2, "heldout")))
BOTH = pl.concat([TRAIN.frame, HELDOUT.frame])


def numbers_and_categories():
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer(
        [("number", numbers, ["age", "gain"]), ("job", OneHotEncoder(handle_unknown="ignore"), ["job", "town"])]
    )


def fitted(frame, preprocessing=None, kind="pandas"):
    X, y = frame.drop("y"), frame["y"].to_numpy()
    pipeline = make_pipeline(preprocessing or numbers_and_categories(), LogisticRegression(max_iter=200))
    return pipeline.fit(X.to_pandas() if kind == "pandas" else X, y)


def test_statistics_of_train_alone_pass():
    verdict = preprocessing.judge(fitted(TRAIN.frame), TRAIN, HELDOUT)
    assert verdict.outcome == "passed"
    assert "all 6 fitted statistics equal those of train, 6 of which held-out rows would change" in verdict.message


def test_statistics_of_all_data_fail():
    verdict = preprocessing.judge(fitted(BOTH), TRAIN, HELDOUT)
    assert verdict.outcome == "failed"
    assert "number.simpleimputer.statistics_" in verdict.message
    assert "Next step: split first" in verdict.message


def test_one_scaler_fitted_on_all_data_fails_though_the_rest_was_not():
    model = fitted(TRAIN.frame)
    model[0].named_transformers_["number"][1].mean_ = fitted(BOTH)[0].named_transformers_["number"][1].mean_
    verdict = preprocessing.judge(model, TRAIN, HELDOUT)
    assert verdict.outcome == "failed"
    assert "1 of 6 fitted statistics" in verdict.message


def test_statistics_of_a_part_of_train_are_inconclusive():
    verdict = preprocessing.judge(fitted(TRAIN.frame[:500]), TRAIN, HELDOUT)
    assert verdict.outcome == "inconclusive"
    assert "exactly the rows that the model was fitted on" in verdict.message


PARTS = {
    "scaler": lambda: ColumnTransformer([("s", MinMaxScaler(), ["gain"]), ("o", OrdinalEncoder(), ["job"])]),
    "target": lambda: ColumnTransformer([("t", TargetEncoder(), ["job"])]),
    "union": lambda: ColumnTransformer(
        [("u", FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())]), ["gain"])]
    ),
}


@pytest.mark.parametrize(
    ("part", "kind"), [("scaler", "pandas"), ("scaler", "polars"), ("target", "pandas"), ("union", "polars")]
)
def test_other_transformers_are_compared_too_whatever_the_kind_of_table(part, kind):
    assert preprocessing.judge(fitted(TRAIN.frame, PARTS[part](), kind), TRAIN, HELDOUT).outcome == "passed"
    assert preprocessing.judge(fitted(BOTH, PARTS[part](), kind), TRAIN, HELDOUT).outcome == "failed"


def test_a_vocabulary_of_all_texts_fails():
    rng = np.random.default_rng(3)
    words = np.array([f"word{i}" for i in range(500)])
    frames = [
        pl.DataFrame({"t": [" ".join(rng.choice(words, 8)) for _ in range(n)], "y": [0, 1] * (n // 2)})
        for n in (60, 40)
    ]
    train, heldout = (dataset(f, n, target="y") for f, n in zip(frames, ("train", "heldout"), strict=True))
    both = pl.concat(frames)

    def model(f):
        return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(f["t"].to_list(), f["y"].to_numpy())

    assert preprocessing.judge(model(train.frame), train, heldout).outcome == "passed"
    assert preprocessing.judge(model(both), train, heldout).outcome == "failed"


def test_a_search_is_judged_by_its_best_pipeline():
    search = GridSearchCV(
        make_pipeline(numbers_and_categories(), LogisticRegression()), {"logisticregression__C": [0.1, 1]}, cv=2
    )
    search.fit(TRAIN.frame.drop("y").to_pandas(), TRAIN.y)
    assert preprocessing.judge(search, TRAIN, HELDOUT).outcome == "passed"


def test_a_model_without_known_preprocessing_is_not_applicable():
    for model in (
        LogisticRegression().fit([[0.0], [1.0]], [0, 1]),
        make_pipeline(FunctionTransformer(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1]),
        lambda X: X,
        None,
    ):
        with pytest.raises(NotApplicable):
            preprocessing.judge(model, TRAIN, HELDOUT)


def test_preprocessing_that_cannot_be_refitted_is_inconclusive():
    model, words = fitted(TRAIN.frame), dataset(TRAIN.frame.with_columns(age=pl.lit("n/a")), target="y")
    with pytest.raises(Inconclusive, match=r"could not be refitted on train.*'n/a'"):
        preprocessing.judge(model, words, HELDOUT)


def test_the_set_that_lacks_a_fitted_column_or_all_rows_is_named():
    model = fitted(TRAIN.frame)
    with pytest.raises(DataError, match=r"the train data lack 1 of the columns .* fitted on: age"):
        preprocessing.judge(model, dataset(TRAIN.frame.drop("age"), target="y"), HELDOUT)
    with pytest.raises(Inconclusive, match="data have no rows"):
        preprocessing.judge(model, TRAIN, dataset(TRAIN.frame.clear(), target="y"))
