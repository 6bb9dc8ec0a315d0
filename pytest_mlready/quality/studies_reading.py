"""Finds out which tool kept a search, and has it read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from pytest_mlready.errors import DataError
from pytest_mlready.quality import studies_mlflow, studies_optuna, studies_tables

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.quality.studies import Study
    from pytest_mlready.quality.studies_tables import Columns

TABLES = (".json", ".yaml", ".yml", ".toml", ".csv", ".tsv", ".npz")
PICKLED = (".pkl", ".pickle", ".joblib")
KNOWN = "an Optuna storage (SQLite file or journal), MLflow's (SQLite file or mlruns/), or .json, .csv, .npz of trials"


def read(path: Path | None, columns: Columns, *, name: str | None = None) -> Study:
    """The search in a file or folder; None: in the MLflow server that MLFLOW_TRACKING_URI names.

    Args:
        path: The record.
        columns: Where things stand in a table.
        name: Of the study or experiment, where there are several.

    Raises:
        DataError: It is of no known kind, or cannot be read.
        MissingExtra: The library that keeps such records is not installed.
        Inconclusive: The record, or its server, does not tell.
    """
    if path is None or path.is_dir():
        return studies_mlflow.read(path, name=name, score=columns.score)
    if path.suffix.lower() in TABLES:
        return studies_tables.read(path, columns)
    if path.suffix.lower() in PICKLED:
        raise DataError(
            f"{path.name} is a pickle, which runs code when it is opened",
            expected=KNOWN,
            fix="write search.cv_results_ as JSON (json.dump with default=str), or from a pandas frame as CSV",
        )
    with path.open("rb") as file:
        head = file.read(16)
    if head == b"SQLite format 3\0":
        if _holds(path, "runs"):
            return studies_mlflow.read(path, name=name, score=columns.score)
        return studies_optuna.read(path, name)
    if head.lstrip().startswith(b'{"'):
        return studies_optuna.read(path, name)
    raise DataError(f"{path.name} is of no known kind", expected=KNOWN)


def _holds(path: Path, table: str) -> bool:
    """Whether a SQLite file has a table; it is opened for reading alone."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as opened:
            names = opened.execute("select name from sqlite_master where type = 'table'")
            return table in {name for (name,) in names}
    except sqlite3.Error as error:
        raise DataError(f"{path.name} cannot be read: {error}", expected=KNOWN) from None
