"""UCI Adult as data sets, from the example project."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pytest_mlready.values import Dataset

FOLDER = Path(__file__).parents[2] / "example_project" / "data"


def dataset(frame: pl.DataFrame, name: str = "train", **roles) -> Dataset:
    taken = {v for v in roles.values() if isinstance(v, str)}
    features = tuple(c for c in frame.columns if c not in taken)
    return Dataset(frame=frame, name=name, source=f"{name}.parquet", sha256="0" * 64, **{"features": features, **roles})


def adult() -> tuple[Dataset, Dataset]:
    """Train with 32,561 rows and the held-out set with 16,281."""
    frames = [pl.read_parquet(FOLDER / f"{name}.parquet") for name in ("train", "heldout")]
    train, heldout = (dataset(f, n, target="income") for f, n in zip(frames, ("train", "heldout"), strict=True))
    return train, heldout
