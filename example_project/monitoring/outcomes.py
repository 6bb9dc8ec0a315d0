"""Compares predictions with what happened afterwards, by id and version.

There is no traffic here: 2,000 held-out rows stand for a week of it, and their labels for what was learnt later. What
is real is the model that answers, the join, and the figure. In production the two tables come from the log of
predictions and from the tax office's notices, and `page` is what the job leaves for Prometheus.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from service.model import load

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parents[1]
ROWS = 2000
WEEK = dt.timedelta(days=7)
LATER = dt.timedelta(hours=20)  # from a prediction to its outcome
SILENT = 50  # one in so many never sends an outcome
VERSION = "2.0.0"


@cache
def log() -> pl.DataFrame:
    """Rows, answers and times; the last one is of now."""
    rows = pl.read_parquet(HERE / "data" / "heldout.parquet").sample(ROWS, seed=7)
    model = load(HERE / "artifacts" / "model.skops", version=VERSION, sha256=None)
    above = model.pipeline.predict_proba(rows.to_pandas())[:, model.classes.index(">50K")]
    now = dt.datetime.now(tz=dt.UTC)
    return rows.select(
        id=pl.Series([hashlib.sha256(f"prediction {n}".encode()).hexdigest()[:16] for n in range(ROWS)]),
        time=pl.Series([now - WEEK * (1 - (n + 1) / ROWS) for n in range(ROWS)]),
        model_version=pl.lit(VERSION),
        prediction=pl.Series(model.pipeline.predict(rows.to_pandas()).tolist()),
        probability=pl.Series(above.tolist()),  # of ">50K"
        age="age",
        sex="sex",
        income="income",
    )


def predictions() -> pl.DataFrame:
    """One row for each prediction: id, time, model_version, prediction, probability, age."""
    return log().drop("income", "sex")


def outcomes() -> pl.DataFrame:
    """One row for each outcome that is known by now: id, time, outcome; and the sex, which the service is not told."""
    known = log().with_columns(time=pl.col("time") + LATER).filter(pl.col("time") <= dt.datetime.now(tz=dt.UTC))
    return known.filter(pl.int_range(pl.len()) % SILENT != 0).select("id", "time", "sex", outcome="income")


def agreement() -> Iterable[tuple[str, float]]:
    """Share of outcomes that are as predicted, for each version."""
    joined = predictions().join(outcomes().drop("time"), on="id")
    figures = joined.group_by("model_version").agg(share=(pl.col("prediction") == pl.col("outcome")).mean())
    return ((str(version), float(share)) for version, share in figures.iter_rows())


def page() -> str:
    """The figures as Prometheus reads them, for the textfile collector or a push gateway."""
    lines = [
        "# HELP income_outcome_agreement_ratio Share of outcomes that are as predicted.",
        "# TYPE income_outcome_agreement_ratio gauge",
        *(f'income_outcome_agreement_ratio{{model_version="{v}"}} {share:.6f}' for v, share in agreement()),
    ]
    return "\n".join(lines) + "\n"
