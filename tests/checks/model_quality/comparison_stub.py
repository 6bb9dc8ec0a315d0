"""A mixed table, models on it, and a stand-in for the project, for tests of checks that compare models."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready import subjects
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality.predictions import predict
from pytest_mlready.settings import Settings
from pytest_mlready.values import Dataset

FEATURES = ("age", "hours", "job")


def table(n=4000, seed=0, *, name="heldout", task="binary"):
    """Outcomes follow age, hours and job with an interaction that a linear model cannot see."""
    rng = np.random.default_rng(seed)
    age, hours = rng.integers(17, 90, n), np.round(rng.uniform(1, 99, n), 1)
    job, sex = rng.choice(["clerk", "driver", "nurse"], n), rng.choice(["Female", "Male"], n, p=[0.4, 0.6])
    town = rng.choice(["Aix", "Bern", "Cork"], n, p=[0.55, 0.43, 0.02])
    signal = 2.5 * np.sign((age - 50) * (hours - 50)) + 0.02 * (age - 50) + (job == "nurse")
    outcome = np.where(signal + rng.logistic(size=n) > 0, "yes", "no")
    if task == "regression":
        outcome = signal + rng.normal(size=n)
    frame = pl.DataFrame({"age": age, "hours": hours, "job": job, "sex": sex, "town": town, "outcome": outcome})
    return Dataset(frame=frame, name=name, source="test", sha256=str(seed), target="outcome", features=FEATURES)


class Fitted:
    """A scikit-learn pipeline asked with polars frames, as the loaders do it; `spoil` may change its answers."""

    source, sha256, kind, path, feature_names = "test", None, "scikit-learn", None, FEATURES

    def __init__(self, estimator, train, *, spoil=None):
        from sklearn.compose import make_column_transformer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        columns = make_column_transformer((StandardScaler(), ["age", "hours"]), (OneHotEncoder(), ["job"]))
        self.estimator = make_pipeline(columns, estimator).fit(train.X.to_pandas(), train.y)
        self.classes = tuple(getattr(self.estimator, "classes_", ())) or None
        self.spoil = spoil or (lambda X, proba: proba)

    def predict(self, X):
        if self.classes is None:
            return self.spoil(X, self.estimator.predict(X.to_pandas()))
        return np.asarray(self.classes)[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        return None if self.classes is None else self.spoil(X, self.estimator.predict_proba(X.to_pandas()))

    def decision_function(self, X):
        return None


def forest(train, *, spoil=None, seed=0, trees=30):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if train.frame["outcome"].dtype.is_float() else RandomForestClassifier
    return Fitted(kind(trees, max_depth=8, random_state=seed), train, spoil=spoil)


class Request:
    """Builds fixtures on demand, as `pytest.FixtureRequest` does; production as the real fixture decides."""

    def __init__(self, settings, fixtures):
        self.settings, self.fixtures = settings, fixtures

    def getfixturevalue(self, name):
        if name == "mlready_production_predictions" and name not in self.fixtures:
            subjects.production(SimpleNamespace(settings=self.settings), None)
        return self.fixtures[name]


class Case:
    """One project: settings, held-out and training set, a candidate, and perhaps a live model."""

    def __init__(self, check, *, heldout, candidate, production=None, train=None, settings=None, options=None):
        self.check, self.heldout = check, heldout
        self.settings = Settings.model_validate(settings or {})
        self.options = {o.name: o.default for o in check.ITEM.options} | (options or {})
        self.predictions = predict(candidate, heldout, task=self.settings.task)
        fixtures = {"mlready_train": train}
        if production is not None:
            fixtures["mlready_production_predictions"] = predict(production, heldout, task=self.settings.task)
        self.request = Request(self.settings, fixtures)
        self.evidence = Evidence()

    def run(self, test):
        """Runs one test of the check; returns the names and values of what it noted."""
        import inspect

        mlready = SimpleNamespace(
            settings=self.settings, root=Path(), confidence=self.settings.confidence, options=lambda _: self.options,
            seed=lambda _: 7, progress=lambda _: None,
        )  # fmt: skip
        known = {
            "mlready": mlready, "mlready_evidence": self.evidence, "mlready_predictions": self.predictions,
            "mlready_heldout": self.heldout, "request": self.request,
        }  # fmt: skip
        test(**{name: known[name] for name in inspect.signature(test).parameters})
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}

    def ends(self, test, ending):
        """Runs one test that must end so; returns its message."""
        with pytest.raises(ending) as caught:
            self.run(test)
        return str(caught.value)
