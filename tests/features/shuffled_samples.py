"""Models that are plain functions of a frame, and held-out rows that they are judged on."""

from __future__ import annotations

import numpy as np
import polars as pl

from pytest_mlready.features.importance import Sample, base_losses


def sample(frame, y, predict, **more):
    """Held-out rows whose loss is the squared error of `predict`, a function of the frame."""

    def losses(given, rows):
        return (y[rows] - predict(given)) ** 2

    return Sample(frame=frame, losses=losses, base=base_losses(frame, losses), **more)


def linear(n=4000, seed=0, weights=(1.0, 0.5, 0.2), read=None, **more):
    """Normal columns x0, x1, … whose weighted sum is the outcome, with noise; the model reads them with `read`."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, len(weights)))
    y = X @ np.array(weights) + rng.normal(size=n)
    used = np.array(weights if read is None else read)
    frame = pl.DataFrame({f"x{i}": X[:, i] for i in range(len(weights))})
    return sample(frame, y, lambda given: given.to_numpy() @ used, **more)


def alone(one):
    """Every column in a group of its own."""
    return {column: (column,) for column in one.frame.columns}
