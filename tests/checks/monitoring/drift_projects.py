"""Stands in for a project with two windows, for the tests of both drift items."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl

from pytest_mlready.checks.monitoring import feature_drift, prediction_drift
from pytest_mlready.values import Dataset, seed_of

FAST = {"repetitions": 80, "fault_repetitions": 40, "budget": 60.0}


def project(tmp_path, positive=None, confidence=0.95, **items):
    """Options of each item by its short name: feature_drift={...}."""
    defaults = {
        m.ITEM.id: {o.name: o.default for o in m.ITEM.options} | FAST for m in (feature_drift, prediction_drift)
    }
    options = {i: {**values, **items.get(i.partition(".")[2], {})} for i, values in defaults.items()}
    return SimpleNamespace(
        root=tmp_path,
        confidence=confidence,
        settings=SimpleNamespace(data=SimpleNamespace(positive=positive)),
        seed=lambda check: seed_of("a", check),
        progress=lambda _: None,
        options=options.__getitem__,
    )


def rows(seed, n=800):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "age": rng.normal(40, 12, n),
            "visits": rng.poisson(4, n),
            "plan": np.array(["basic", "plus", "pro"])[rng.choice(3, n, p=[0.6, 0.3, 0.1])],
        }
    )


def dataset(name, frame, **roles):
    special = {v for v in roles.values() if isinstance(v, str)}
    features = tuple(c for c in frame.columns if c not in special)
    return Dataset(frame=frame, name=name, source=f"{name}.parquet", sha256=name, features=features, **roles)


def windows(n=800, current=None, **changes):
    frame = rows(2, current or n).with_columns(**changes)
    return dataset("reference", rows(1, n)), dataset("current", frame)
