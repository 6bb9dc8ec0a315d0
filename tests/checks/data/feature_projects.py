"""A project as checks of features see it: real settings, a real model, held-out rows, and a session's stash."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.artifacts import models, named
from pytest_mlready.errors import ReadinessError
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality.predictions import predict
from pytest_mlready.settings import Settings
from pytest_mlready.values import Dataset

WEIGHTS = {"age": 1.2, "hours": 0.8, "gain": 0.5, "noise": 0.0}


def people(n=6000, seed=0, task="classes", **columns):
    """Outcomes follow age, hours and gain; `noise` says nothing. Further columns by name: functions of the frame."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame({name: rng.normal(size=n) for name in WEIGHTS})
    score = frame.to_numpy() @ np.array(list(WEIGHTS.values()))
    y = np.where(score + rng.logistic(size=n) > 0, "yes", "no") if task == "classes" else score + rng.normal(size=n)
    for name, make in columns.items():
        frame = frame.with_columns(pl.Series(name, make(frame, rng)))
    return frame, y


def dataset(frame, y, features, name="heldout", **more):
    table = frame.with_columns(outcome=y)
    return Dataset(
        frame=table, name=name, source=name, sha256=name, target="outcome", features=tuple(features), **more
    )  # fmt: skip


def fitted(features, estimator=None, seed=1, task="classes", **columns):
    """A scikit-learn model, trained on other rows, as the loaders hand it out."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    frame, y = people(4000, seed, task, **columns)
    if estimator is None:
        estimator = LogisticRegression() if task == "classes" else LinearRegression()
    return models.wrap(estimator.fit(frame.select(features).to_pandas(), y), source="model")


class Case:
    """One project; `run` runs a test of a check in it."""

    def __init__(self, root, features, *, model=None, heldout=None, train=None, items=None, **settings):
        self.root, self.evidence = root, Evidence()
        self.settings = Settings.model_validate({"items": items or {}, **settings})
        self.heldout = heldout or dataset(*people(), features)
        self.model = model or fitted(features)
        self.stash, self.train = pytest.Stash(), train
        self.sha256 = "a" * 64

    @property
    def config(self):
        return SimpleNamespace(stash=self.stash)

    def getfixturevalue(self, name):
        if name == "mlready_predictions":
            return predict(self.model, self.heldout, task=self.settings.task, positive=None)
        return {"mlready_model": self.model, "mlready_heldout": self.heldout, "mlready_train": self.train}[name]

    def run(self, test):
        """Runs one test; returns the names and values of what it noted."""
        from pytest_mlready import catalog

        items = catalog.load().items

        def file(text, what):
            return named.file(text, self.root, error=ReadinessError, what=what)

        mlready = SimpleNamespace(
            settings=self.settings, root=self.root, confidence=self.settings.confidence, file=file, seed=lambda _: 7,
            options=lambda item: self.settings.options(items[item]), progress=lambda _: None,
            digests=SimpleNamespace(model=self.sha256),
        )  # fmt: skip
        known = {"mlready": mlready, "mlready_evidence": self.evidence, "request": self}
        test(**{name: known[name] for name in inspect.signature(test).parameters})
        return {e["name"]: e["value"] for e in self.evidence.notes.evidence}

    def ends(self, test, ending):
        """Runs one test that must end so; returns its message."""
        with pytest.raises(ending) as caught:
            self.run(test)
        return str(caught.value)
