"""Builds projects with a team's own code in a folder: a small network that really trains, and ways to break it."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pytest_mlready.artifacts import named
from pytest_mlready.artifacts.loaders import estimators
from pytest_mlready.errors import ReadinessError
from pytest_mlready.evidence import Evidence
from pytest_mlready.quality import predictions
from pytest_mlready.settings import Settings
from pytest_mlready.values import Dataset

# A hidden layer of fixed random units and a trained output: flexible enough to learn 16 rows by heart, quick, and free
# of imports beyond numpy, since each training starts a process.
CODE = """
import json
import numpy as np

NAMES = ["age", "hours"]

def matrix(rows):
    return np.column_stack([rows[name].to_numpy().astype(float) for name in NAMES])

class Model:
    classes_ = np.array(["no", "yes"])
    feature_names_in_ = np.array(NAMES)

    def __init__(self, hidden, weights):
        self.hidden, self.weights = np.array(hidden), np.array(weights)

    def layer(self, rows):
        return np.tanh(matrix(rows) @ self.hidden[:-1] + self.hidden[-1])

    def predict_proba(self, rows):
        p = 1 / (1 + np.exp(-(self.layer(rows) @ self.weights)))
        return np.column_stack([1 - p, p])

    def predict(self, rows):
        return self.classes_[self.predict_proba(rows).argmax(axis=1)]

def train(rows, *, seed, folder, steps=None):
    random = np.random.default_rng(seed)
    hidden = random.normal(0, 3, (len(NAMES) + 1, 60))
    model = Model(hidden, np.zeros(60))
    layer, y = model.layer(rows), (rows["y"].to_numpy() == "yes").astype(float)
    for _ in range(steps or 300):
        p = 1 / (1 + np.exp(-(layer @ model.weights)))
        model.weights = model.weights - 0.3 * layer.T @ (p - y) / len(y)
    target = folder / "model.json"
    target.write_text(json.dumps({"hidden": hidden.tolist(), "weights": model.weights.tolist()}))
    return target

def load(path):
    stored = json.loads(path.read_text())
    return Model(stored["hidden"], stored["weights"])

def explain(example):
    model = load(FOLDER / "candidate" / "model.json")
    h = np.tanh(np.array([example[n] for n in NAMES]) @ model.hidden[:-1] + model.hidden[-1])
    means = {"age": 0.0, "hours": 0.0}
    start = np.tanh(model.hidden[-1])
    first = np.tanh(example["age"] * model.hidden[0] + model.hidden[-1])
    return {
        "baseline": float(start @ model.weights),
        "contributions": {"age": float((first - start) @ model.weights), "hours": float((h - first) @ model.weights)},
        "link": "logit",
    }
"""
_NUMBERS = itertools.count()


def rows(n, seed):
    random = np.random.default_rng(seed)
    age, hours = random.normal(size=(2, n))
    chance = 1 / (1 + np.exp(-3 * (age + np.sin(2 * hours))))
    return pl.DataFrame({"age": age, "hours": hours, "y": np.where(random.random(n) < chance, "yes", "no")})


def dataset(frame, name):
    return Dataset(
        frame=frame,
        name=name,
        source=name,
        sha256=name,
        target="y",
        features=tuple(c for c in frame.columns if c != "y"),
    )


class Request:
    """Hands out fixtures by name, keeps a stash, and cleans up, as pytest's does."""

    def __init__(self, fixtures):
        self.fixtures, self.cleanups = fixtures, []
        self.config = SimpleNamespace(stash={}, add_cleanup=self.cleanups.append)

    def getfixturevalue(self, name):
        given = self.fixtures[name]
        if isinstance(given, Exception):
            raise given
        return given() if callable(given) else given


class Project:
    """A project whose team's module has this code, and options for one check."""

    def __init__(self, root, check, *, code=CODE, options=None, train=300, entry_points=None, **tables):
        self.root, self.check = root, check
        self.module = f"team_code_{next(_NUMBERS)}"  # the process that runs the tests imports it too, once by name
        (root / f"{self.module}.py").write_text(f"from pathlib import Path\nFOLDER = Path({str(root)!r})\n" + code)
        points = {"train": f"{self.module}:train", "frame": "polars", "time_limit": 60.0}
        points = points if entry_points is None else entry_points
        points = {k: v.replace("MODULE", self.module) if isinstance(v, str) else v for k, v in points.items()}
        own = {"load": f"{self.module}:load"} if any(o.name == "load" for o in check.ITEM.options) else {}
        items = {check.ITEM.id: {**own, **(options or {})}}
        tables = {"data": {"positive": "yes"}, "model": {"frame": "polars"}, **tables}
        self.settings = Settings.model_validate({"entry_points": points, "items": items, **tables})
        self.train, self.heldout = dataset(rows(train, 1), "train"), dataset(rows(400, 2), "heldout")
        self.request = Request({
            "mlready_train": self.train, "mlready_heldout": self.heldout, "mlready_model": self.candidate,
            "mlready_predictions": lambda: predictions.predict(self.candidate(), self.heldout, positive="yes"),
            "mlready_artifacts": (),
        })  # fmt: skip

    def candidate(self):
        """The model that is to ship, trained by the team's code with the seed 5."""
        train, load = (
            named.object_named(f"{self.module}:{name}", self.root, error=ReadinessError) for name in ("train", "load")
        )
        artifact = self.root / "candidate" / "model.json"
        if not artifact.exists():
            artifact.parent.mkdir(exist_ok=True)
            train(self.train.frame, seed=5, folder=artifact.parent)
        return estimators.wrap(load(artifact), source="candidate", frame="polars", path=str(artifact))

    @property
    def mlready(self):
        return SimpleNamespace(
            root=self.root, settings=self.settings, options=lambda _: self.settings.options(self.check.ITEM),
            seed=lambda name: len(name) + 7, progress=lambda _: None, path=lambda text: (self.root / text).resolve(),
            confidence=0.95,
        )  # fmt: skip

    def run(self, test):
        """Runs one test of the check; what it noted, by name."""
        evidence = Evidence()
        fixtures = {"mlready": self.mlready, "mlready_evidence": evidence, "request": self.request}
        try:
            test(**{name: fixtures[name] for name in test.__annotations__ if name in fixtures})
        finally:
            for cleanup in self.request.cleanups:
                cleanup()
            self.request.cleanups.clear()
            self.request.config.stash.clear()
            self.grade = evidence.notes.grade
        return {one["name"]: one for one in evidence.notes.evidence}

    def ends(self, test, ending):
        """Runs one test that must end so; its message."""
        with pytest.raises(ending) as caught:
            self.run(test)
        return str(caught.value)


def changed(*replacements):
    """The team's code with texts replaced, each of which must be there."""
    code = CODE
    for old, new in replacements:
        assert old in code
        code = code.replace(old, new)
    return code
