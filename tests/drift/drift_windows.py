"""Builds windows of traffic for the tests of drift: numbers, words, point masses, blocks, texts."""

from __future__ import annotations

import numpy as np
import polars as pl

from pytest_mlready.drift.windows import Windows

WORDS = np.array([f"word{i}" for i in range(500)])
COMMON = 1 / np.arange(1, 501) / (1 / np.arange(1, 501)).sum()


def numbers(rng, rows, columns=50):
    return pl.DataFrame({f"x{i}": rng.normal(size=rows) for i in range(columns)})


def mixed(rng, rows):
    """What tables hold: a normal number, a count, one with a point mass, one with gaps, few and many categories."""
    gappy = rng.normal(size=rows)
    gappy[rng.random(rows) < 0.05] = np.nan
    return pl.DataFrame(
        {
            "normal": rng.normal(50, 10, rows),
            "count": rng.poisson(6, rows),
            "gain": rng.lognormal(7, 1, rows) * (rng.random(rows) < 0.08),
            "gappy": gappy,
            "flag": rng.random(rows) < 0.3,
            "plan": np.array(["basic", "plus", "pro", "trial"])[rng.choice(4, rows, p=[0.6, 0.25, 0.1, 0.05])],
            "city": pl.Series(np.minimum(rng.zipf(1.5, rows), 10**6)).cast(pl.String),
        }
    )


def pair(build, rng, rows=1000, current=None, **more):
    return Windows(reference=build(rng, rows, **more), current=build(rng, current or rows, **more))


def clustered(rng, clusters, rows, correlation, columns=20):
    """Numbers of which a share of the variance is common to a cluster, and the cluster of each row."""
    common = rng.normal(size=(clusters, 1, columns)) * np.sqrt(correlation)
    own = rng.normal(size=(clusters, rows, columns)) * np.sqrt(1 - correlation)
    values = (common + own).reshape(-1, columns)
    return pl.DataFrame({f"x{i}": values[:, i] for i in range(columns)}), np.repeat(np.arange(clusters), rows)


def texts(rng, rows, roll=0):
    share = np.roll(COMMON, roll)
    return pl.Series([" ".join(rng.choice(WORDS, rng.poisson(10) + 1, p=share)) for _ in range(rows)])
