"""Computes the features of the model from rows as they come, for training.

The service computes its own from the request (`service/model.py`). That the two agree is held against examples that
were really served (`monitoring/served.py`).
"""

from __future__ import annotations

import pandas as pd
from train import CATEGORIES, NUMBERS

UNKNOWN = "?"  # as the census writes it


def make(rows: pd.DataFrame) -> pd.DataFrame:
    """Eight columns: numbers as floats, NaN where nothing is known; words, "?" where nothing is known."""
    numbers = {name: rows[name].astype(float) for name in NUMBERS}
    return pd.DataFrame({**numbers, **{name: words(rows[name]) for name in CATEGORIES}})


def words(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), UNKNOWN)
