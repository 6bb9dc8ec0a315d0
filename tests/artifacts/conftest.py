"""Trains the small models that the tests of loading share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


@pytest.fixture(scope="session")
def people() -> pl.DataFrame:
    rng = np.random.default_rng(7)
    return pl.DataFrame(
        {
            "age": rng.integers(18, 80, 60),
            "hours per week": rng.normal(40, 8, 60),
            "sex": rng.choice(["Female", "Male"], 60),
        }
    )


@pytest.fixture(scope="session")
def outcome(people) -> np.ndarray:
    return np.where(people["age"].to_numpy() + people["hours per week"].to_numpy() > 88, ">50K", "<=50K")


@pytest.fixture(scope="session")
def table(people) -> pd.DataFrame:
    return pd.DataFrame({name: people[name].to_list() for name in people.columns})


@pytest.fixture(scope="session")
def numbers(table) -> pd.DataFrame:
    return table[["age", "hours per week"]]


@pytest.fixture(scope="session")
def pipeline(table, outcome):
    columns = make_column_transformer(
        (StandardScaler(), ["age", "hours per week"]), (OneHotEncoder(handle_unknown="ignore"), ["sex"])
    )
    return make_pipeline(columns, LogisticRegression()).fit(table, outcome)


@pytest.fixture(scope="session")
def fitted(table, numbers, outcome, pipeline):
    """Fitted models by name, each with rows that it can predict."""
    import lightgbm

    categorical = table.assign(sex=table["sex"].astype("category"))
    texts = ["good day", "bad night", "good night", "bad day"] * 5
    return {
        "pipeline": (pipeline, table),
        "forest": (RandomForestClassifier(4, random_state=0).fit(numbers, outcome), numbers),
        "boosting": (HistGradientBoostingClassifier(max_iter=3).fit(numbers, outcome), numbers),
        "boosting with categories": (
            HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype").fit(categorical, outcome),
            categorical,
        ),
        "TF-IDF": (make_pipeline(TfidfVectorizer(), SGDClassifier(random_state=0)).fit(texts, [1, 0, 1, 0] * 5), texts),
        "LightGBM": (lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(numbers.to_numpy(), outcome), None),
    }
