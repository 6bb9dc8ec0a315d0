"""Models and data that stand in for real ones."""

from __future__ import annotations

import numpy as np
import polars as pl


class StandIn:
    """A model made of one function: frame -> scores of the second class, or values where `classes` is None."""

    source, sha256, kind, path, estimator = "stand-in", None, "function", None, None

    def __init__(self, function, *, classes=("no", "yes"), names=("age", "hours", "job", "gain"), labels=None):
        self.function, self.classes, self.feature_names, self.labels = function, classes, names, labels
        self.calls = 0

    def predict(self, X):
        self.calls += 1
        values = np.asarray(self.function(X))
        if self.classes is None:
            return values
        return np.where(values > 0.5, self.classes[1], self.classes[0])

    def predict_proba(self, X):
        if self.classes is None:
            return None
        values = np.asarray(self.function(X), float)
        return np.column_stack([1 - values, values])

    def decision_function(self, X):
        return None


def rows(n=400, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": rng.integers(17, 90, n),
            "hours": np.round(rng.uniform(1, 99, n), 1),
            "job": rng.choice(["clerk", "driver", "nurse", "smith"], n, p=[0.5, 0.3, 0.15, 0.05]),
            "gain": [
                None if r < 0.1 else float(v) for r, v in zip(rng.random(n), rng.exponential(100, n), strict=True)
            ],
        }
    )


def sound(X):
    """Increases with age and hours, ignores the job; answers whatever it is asked."""
    age = X["age"].cast(pl.Float64, strict=False).fill_null(40.0).fill_nan(40.0).clip(0, 120).to_numpy()
    hours = X["hours"].cast(pl.Float64, strict=False).fill_null(40.0).fill_nan(40.0).clip(0, 168).to_numpy()
    return 1 / (1 + np.exp(-(0.08 * (age - 45) + 0.05 * (hours - 40))))
