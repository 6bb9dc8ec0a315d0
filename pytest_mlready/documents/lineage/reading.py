"""Reads lineage records of any known kind as one list of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.documents import bounded, jsonlines
from pytest_mlready.documents.lineage import dvc, mlflow_runs, openlineage
from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.documents.lineage.graph import Run

MOST_RUNS = 50_000
EXPECTED = "OpenLineage run events (JSON lines), exported MLflow runs (JSON), dvc.lock or .dvc files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the records hold.

    Attributes:
        runs: Later ones last.
        passed_over: Values that tell of no run, such as OpenLineage's job events.
    """

    runs: tuple[Run, ...]
    passed_over: int = 0


def read(paths: Iterable[Path], *, setting: str = "records") -> Records:
    """All runs in some files.

    Args:
        paths: .lock, .dvc, .yaml and .yml are read as DVC's, all others as JSON.
        setting: Name of the setting that names them, for messages.

    Raises:
        DataError: a file cannot be read, is too large, or holds nothing of a known kind.
    """
    found: list[Run] = []
    events: list[tuple[str, Mapping[str, Any]]] = []
    passed_over = 0
    for path in paths:
        if path.suffix in (".lock", ".dvc", ".yaml", ".yml"):
            found += _dvc(path, setting)
        else:
            passed_over += _json(path, setting, found, events)
        if len(found) + len(events) > MOST_RUNS:
            raise DataError(f"there are more than {MOST_RUNS:,} runs", fix="export those of these models alone")
    return Records(runs=(*found, *openlineage.runs(events)), passed_over=passed_over)


def _dvc(path: Path, setting: str) -> Sequence[Run]:
    content = bounded.as_written(bounded.text(path, setting=setting))  # as written: a digest of digits is no number
    if path.suffix == ".dvc":
        return dvc.tracked(content, path.name)
    if not (runs := dvc.runs(content, path.name)):
        raise DataError(f"{path} holds no stage of DVC", expected=EXPECTED)
    return runs


def _json(path: Path, setting: str, found: list[Run], events: list[tuple[str, Mapping[str, Any]]]) -> int:
    """Adds what a file holds to `found` and `events`; returns how many values tell of no run."""
    passed_over, before = 0, len(found) + len(events)
    for record in jsonlines.read(path, setting=setting):
        place = f"{path.name}, line {record.line}" if record.line else path.name
        tables = list(mlflow_runs.tables(record.value))
        if openlineage.is_event(record.value):
            events.append((place, record.value))
        elif tables:
            found += [mlflow_runs.run(table, place) for table in tables]
        else:
            passed_over += 1
        if len(found) + len(events) > MOST_RUNS:
            break
    if passed_over and len(found) + len(events) == before:
        raise DataError(f"{path} holds no run that is understood", expected=EXPECTED)
    return passed_over
