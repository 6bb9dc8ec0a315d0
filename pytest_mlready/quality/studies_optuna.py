"""Reads a search that Optuna kept, from a temporary copy of its SQLite file or journal."""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, Inconclusive, MissingExtra, near
from pytest_mlready.quality import studies_cells as cells
from pytest_mlready.quality.studies import Range, State, Study, Trial, is_number

if TYPE_CHECKING:
    from types import ModuleType

SIDES = ("", "-wal", "-shm", "-journal")  # what SQLite keeps beside its file
STATES: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "RUNNING": "running", "WAITING": "running"}


def read(path: Path, name: str | None) -> Study:
    """A study in an Optuna storage.

    The copy is what keeps the team's file as it is: opening a storage writes to it.

    Args:
        path: SQLite file, or journal.
        name: Of the study; needed where there are several.

    Raises:
        MissingExtra: Optuna is not installed.
        DataError: It cannot be read, or holds no such study.
        Inconclusive: It optimises several things at once.
    """
    optuna = _library()
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        copy = Path(folder) / "study"
        for side in SIDES:
            beside = path.with_name(path.name + side)
            if beside.is_file():
                shutil.copyfile(beside, copy.with_name(copy.name + side))
        try:
            return _loaded(optuna, copy, name, path.name)
        except (DataError, Inconclusive):
            raise
        except Exception as error:
            raise DataError(
                f"Optuna {optuna.__version__} cannot read {path.name}: {type(error).__name__}: {str(error)[:200]}",
                fix="optuna storage upgrade --storage sqlite:///… where the file is older than the library",
            ) from error


def _library() -> ModuleType:
    try:
        import optuna
    except ImportError:
        raise MissingExtra("optuna", "tuning", "reading a study of Optuna") from None
    return optuna


def _loaded(optuna: ModuleType, copy: Path, name: str | None, source: str) -> Study:
    storage, close = _storage(optuna, copy)
    try:
        known = optuna.study.get_all_study_names(storage)
        study = optuna.load_study(study_name=_chosen(known, name, source), storage=storage)
        return _study(optuna, study, source)
    finally:
        close()


def _storage(optuna: ModuleType, copy: Path) -> tuple[Any, Any]:
    if copy.read_bytes()[:16] == b"SQLite format 3\0":
        storage = optuna.storages.RDBStorage(f"sqlite:///{copy}")
        return storage, storage.engine.dispose
    backend = optuna.storages.journal.JournalFileBackend(str(copy))
    return optuna.storages.JournalStorage(backend), lambda: None


def _chosen(known: list[str], name: str | None, source: str) -> str:
    if name is None and len(known) == 1:
        return known[0]
    if name in known:
        return name
    told = ", ".join(known[:10]) or "none"
    found = f'{source} has no study "{name}"{near(name, known)}' if name else f"{source} has the studies {told}"
    raise DataError(found, expected=f"one of {told}", fix='name = "…" in the item\'s settings')


def _study(optuna: ModuleType, study: Any, source: str) -> Study:
    if len(study.directions) != 1:
        raise Inconclusive(
            f"{source}: the study optimises {len(study.directions)} things at once, of which none decides alone",
            fix="export its trials with the score that decided (study.trials_dataframe().to_csv), and name that file",
        )
    direction = study.directions[0]
    unknown = direction == optuna.study.StudyDirection.NOT_SET
    trials = study.get_trials(deepcopy=False)
    attributes = [study.user_attrs, *(trial.user_attrs for trial in trials)]
    return Study(
        source=f"{source} ({study.study_name})",
        tool="Optuna",
        trials=tuple(_trial(trial) for trial in trials),
        score=next(iter(study.metric_names or ()), "objective"),
        greater=None if unknown else direction == optuna.study.StudyDirection.MAXIMIZE,
        ranges=_ranges(trials),
        digests=cells.digests(" ".join(map(str, attributes))),
    )


def _trial(trial: Any) -> Trial:
    state = STATES.get(trial.state.name, "failed")
    finite = state == "complete" and trial.value is not None and math.isfinite(trial.value)
    state = "failed" if state == "complete" and not finite else state
    sd = next((cells.number(trial.user_attrs[k]) for k in ("sd", "std") if k in trial.user_attrs), None)
    score = trial.value if finite else None
    return Trial(name=str(trial.number), params=dict(trial.params), score=score, sd=sd, state=state)


def _ranges(trials: list[Any]) -> dict[str, Range]:
    """The widest range of each hyperparameter over all trials: a study may change it on the way."""
    found: dict[str, Range] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            here = _range(distribution)
            if here is None:
                continue
            known = found.get(name, here)
            low, high = min(known.low, here.low), max(known.high, here.high)
            found[name] = Range(low=low, high=high, log=known.log and here.log)
    return found


def _range(distribution: Any) -> Range | None:
    """Of numbers, and of choices that are all numbers."""
    choices = getattr(distribution, "choices", None)
    if choices is not None:
        ordered = len(choices) > 1 and all(is_number(choice) for choice in choices)
        return Range(low=float(min(choices)), high=float(max(choices))) if ordered else None
    return Range(low=float(distribution.low), high=float(distribution.high), log=bool(distribution.log))
