"""Reads a search from tables: scikit-learn's `cv_results_`, exports of trials, a team's own JSON or CSV."""

from __future__ import annotations

import ast
import csv
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, near
from pytest_mlready.quality import studies_cells as cells
from pytest_mlready.quality.studies import State, Study, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NESTED = ("params", "parameters", "hyperparameters", "config")  # tables inside a row that hold what was tried
PREFIXES = (
    "params_",
    "params.",
    "param_",
    "param.",
    "hp_",
    "hparams/",
    "config/",
    "config.",
)  # exports of Optuna, Ray …
LONGEST = 10_000  # characters of one such table
SCORES = ("value", "score", "objective", "mean_test_score")
STATES: dict[str, State] = {
    "complete": "complete", "completed": "complete", "finished": "complete", "ok": "complete", "success": "complete",
    "succeeded": "complete", "terminated": "complete", "done": "complete",
    "pruned": "pruned", "stopped": "pruned", "early_stopped": "pruned",
    "running": "running", "waiting": "running", "pending": "running", "scheduled": "running",
}  # fmt: skip
# Columns of a trial that are neither what was tried nor what it reached.
_ASIDE = re.compile(
    r"^(unnamed: 0|index|number|id|trial(_?(id|number|name))?|run_?id|name|state|status|seed|random_state|rank(_.*)?|"
    r"(date|time|start|end|duration)\w*|\w*_(time|date|seconds|duration)|iteration|epoch|step|folds)$"
)
_ROWS = ("trials", "tried", "runs", "results", "cv_results_", "cv_results")
_FOLD = r"split\d+_test_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where in a record things stand.

    Attributes:
        trials: Key of the trials in a JSON document, such as "selection.tried"; None: looked for.
        score: Name of what was optimised; None: looked for.
        sd: Name of its standard deviation over folds; None: looked for.
        names: Hyperparameters by name; found by their prefix or place where there are none.
    """

    trials: str | None = None
    score: str | None = None
    sd: str | None = None
    names: tuple[str, ...] = ()


def read(path: Path, columns: Columns) -> Study:
    """The search in a .json, .yaml, .toml, .csv or .npz file; nothing is unpickled.

    Raises:
        DataError: It cannot be read, or trials or scores are not found in it.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _study(path, _npz(path), columns, frozenset())
    text = cells.content(path).decode("utf-8-sig", errors="replace")
    table = _csv(text, path) if suffix in (".csv", ".tsv") else _document(cells.parsed(path), columns, path)
    return _study(path, table, columns, cells.digests(text))


def _study(path: Path, table: list[dict[str, Any]], columns: Columns, digests: frozenset[str]) -> Study:
    if not table:
        raise DataError(f"{path.name} holds no trials", fix="save all trials of the search")
    heads = tuple(dict.fromkeys(head for row in table for head in row))
    score = _score(heads, columns.score, path.name)
    is_cv = score.startswith("mean_test_")
    plain = score.removeprefix("mean_test_") if is_cv else score
    sd = _sd(heads, columns.sd, score, plain)
    trials = [_trial(n, row, score, sd, plain if is_cv else "", columns.names) for n, row in enumerate(table)]
    trials = _rounds(trials, table) if is_cv else trials
    tool = "scikit-learn" if is_cv else "table"
    # scikit-learn negates what is to be small, so that greater is better in every `cv_results_`.
    return Study(
        source=path.name, tool=tool, trials=tuple(trials), score=plain, greater=True if is_cv else None, digests=digests
    )


def _rounds(trials: list[Trial], table: Sequence[Mapping[str, Any]]) -> list[Trial]:
    """Of successive halving (HalvingGridSearchCV) the last round alone decides: earlier ones saw less data."""
    rounds = [cells.number(row.get("iter")) if "n_resources" in row else None for row in table]
    last = max((number for number in rounds if number is not None), default=None)
    return [replace(t, partial=number != last) for t, number in zip(trials, rounds, strict=True)]


def _score(heads: Sequence[str], asked: str | None, source: str) -> str:
    if asked is not None:
        for head in (asked, f"mean_test_{asked}"):
            if head in heads:
                return head
        hint = near(asked, heads)
        raise DataError(f'the trials in {source} have no "{asked}"{hint}', expected=f"one of {', '.join(heads[:20])}")
    tested = [head for head in heads if head.startswith("mean_test_")]
    found = next((head for head in SCORES if head in heads), tested[0] if len(tested) == 1 else None)
    if found is None:
        told = f"several scores ({', '.join(tested)})" if tested else f"no score among {', '.join(heads[:20])}"
        raise DataError(f"the trials in {source} have {told}", fix='say which one counts: score = "…"')
    return found


def _sd(heads: Sequence[str], asked: str | None, score: str, plain: str) -> str | None:
    if asked is not None and asked not in heads:
        raise DataError(f'the trials have no "{asked}"{near(asked, heads)}', fix="correct sd")
    known = (f"std_test_{plain}",) if score != plain else (f"{score}_sd", f"{score}_std", "sd", "std")
    return asked or next((head for head in known if head in heads), None)


def _trial(  # noqa: PLR0913, PLR0917 - a row, and where things stand in it
    number: int, row: Mapping[str, Any], score: str, sd: str | None, tested: str, names: Sequence[str]
) -> Trial:
    label = next((row[head] for head in ("number", "trial", "trial_id", "run_id", "id", "name") if head in row), number)
    reached = cells.number(row.get(score))
    told = str(row.get("state", row.get("status", "complete"))).strip().lower().rpartition(".")[2]
    state: State = STATES.get(told, "failed")
    if state == "complete" and reached is None:
        state = "failed"
    split = (cells.number(v) for k, v in row.items() if tested and re.fullmatch(_FOLD + re.escape(tested), k))
    return Trial(
        name=str(label), params=_params(row, {score, sd}, names), score=reached if state == "complete" else None,
        sd=cells.number(row.get(sd)) if sd else None, folds=tuple(v for v in split if v is not None), state=state,
    )  # fmt: skip


def _params(row: Mapping[str, Any], aside: set[str | None], names: Sequence[str]) -> dict[str, Any]:
    nested = next((found for k in NESTED if (found := _nested(row.get(k))) is not None), None)
    if nested is not None:
        return {str(k): cells.value_of(v) for k, v in nested.items()}
    prefix = next((p for p in PREFIXES if any(head.startswith(p) for head in row)), "")
    if prefix:
        found = {head.removeprefix(prefix): cell for head, cell in row.items() if head.startswith(prefix)}
    elif names:
        found = {name: row[name] for name in names if name in row}
    else:
        found = {h: c for h, c in row.items() if h not in aside and not _ASIDE.match(h.lower()) and _plain(c)}
    return {name: cells.value_of(cell) for name, cell in found.items() if not _blank(cell)}


def _nested(cell: Any) -> Mapping[Any, Any] | None:
    """A table in a cell; pandas writes scikit-learn's as Python spells it, which tells None from nothing."""
    if isinstance(cell, str) and cell.startswith("{") and len(cell) < LONGEST:
        try:
            cell = ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    return cell if isinstance(cell, Mapping) else None


def _plain(cell: Any) -> bool:
    return cell is None or isinstance(cell, (str, int, float, bool))


def _blank(cell: Any) -> bool:
    """An empty cell, or the NaN that pandas writes for a hyperparameter which a trial did not have."""
    return cell == "" or (isinstance(cell, float) and cell != cell)  # noqa: PLR0124


def _csv(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        lines = list(csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    except csv.Error as error:
        raise DataError(
            f"{path.name} cannot be read: {error}", expected="a line of names, then a line a trial"
        ) from None
    return [{k: v for k, v in line.items() if k is not None and v is not None} for line in lines]


def _document(document: Any, columns: Columns, path: Path) -> list[dict[str, Any]]:
    found = cells.at(document, columns.trials, where=path.name) if columns.trials else _found(document)
    rows = _turned(found) if isinstance(found, Mapping) else found
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise DataError(
            f"{path.name} holds no list of trials" + (f' at "{columns.trials}"' if columns.trials else ""),
            expected="a list of tables, or scikit-learn's cv_results_ as a table of lists",
            fix='say where it stands: trials = "selection.tried"',
        )
    return [{str(k): v for k, v in row.items()} for row in rows]


def _found(document: Any) -> Any:
    """The trials in a document that does not say where they are."""
    if isinstance(document, Mapping) and not any(str(k).startswith("mean_test_") for k in document):
        return next((document[k] for k in _ROWS if isinstance(document.get(k), (list, Mapping))), document)
    return document


def _turned(table: Mapping[str, Any]) -> Any:
    """A table of columns (lists, or tables by row as pandas writes them) as a list of tables; None where it is none."""
    columns = {str(k): list(v.values()) if isinstance(v, Mapping) else v for k, v in table.items()}
    lists = {k: v for k, v in columns.items() if isinstance(v, list)}
    if not lists or len({len(v) for v in lists.values()}) != 1:
        return None
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _npz(path: Path) -> list[dict[str, Any]]:
    """Arrays of numbers and texts; what was saved as a pickle is named and never opened."""
    import numpy as np

    arrays: dict[str, Any] = {}
    refused = []
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(member.file_size for member in packed.infolist()) > cells.LARGEST:
                raise DataError(
                    f"{path.name} expands to more than {cells.LARGEST:,} bytes", expected="a record of trials"
                )
        with np.load(path, allow_pickle=False) as loaded:
            for name in loaded.files:
                try:
                    arrays[name] = loaded[name].tolist()
                except ValueError:
                    refused.append(name)
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{path.name} cannot be read: {error}", expected="arrays as numpy.savez writes them") from None
    hidden = [name for name in refused if name.startswith("param_")]
    if hidden or not any(name.startswith("param_") for name in arrays):
        told = ", ".join((hidden or refused)[:5]) or "what was tried"
        raise DataError(
            f"{path.name}: {told} was saved as pickled objects, which are not opened, or not at all",
            fix="write the results as JSON (json.dump with default=str), or from a pandas frame as CSV",
        )
    return _turned(arrays) or []
