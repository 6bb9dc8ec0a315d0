"""Gathers what can be seen of a project beyond the names of its files: columns, inputs of models, services."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_mlready import filenames, settings_file
from pytest_mlready.errors import SettingsError
from pytest_mlready.init import columns, inputs, services

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.discovery import Discovered
    from pytest_mlready.init.services import Service

MLFLOW = ("mlruns", "mlflow.db")  # where it keeps runs unless told otherwise
LOOKED_AT = 6  # data files and models that are opened
OUTCOMES = frozenset({"target", "label", "labels", "y", "class", "outcome", "churn", "churned", "default", "defaulted",
                      "fraud", "is_fraud", "species", "survived"})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in a project; nothing of it was run.

    Attributes:
        columns: Data file -> its columns.
        inputs: Model -> the columns it takes, where its format tells.
        services: Commands that may start the service.
        mlflow: Runs of MLflow are kept here: its models can be named without a path.
        settled: Folders around models that have settings of their own, such as services/churn.
    """

    columns: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    inputs: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    mlflow: bool = False
    settled: frozenset[str] = frozenset()

    @property
    def targets(self) -> tuple[str, ...]:
        """Columns that may hold the true outcome, the likelier first: in the data and not among a model's inputs.

        Where no model tells its inputs, those whose name is a usual one for an outcome; none of it is known.
        """
        named = list(dict.fromkeys(name for names in self.columns.values() for name in names))
        taken = {name for names in self.inputs.values() for name in names}
        apart = [n for n in named if n not in taken] if taken & set(named) else []
        return tuple(sorted(apart, key=lambda n: n.lower() not in OUTCOMES) or
                     [n for n in named if n.lower() in OUTCOMES])  # fmt: skip


def look(root: Path, discovered: Discovered) -> Seen:
    """Opens the beginnings of data files and models, and reads the source for services. Never raises."""
    data = offered(discovered.data)[:LOOKED_AT]
    by_columns = {path: found for path in data if (found := columns.names(root / path))}
    by_inputs = {path: found for path in offered(discovered.models)[:LOOKED_AT] if (found := inputs.names(root / path))}
    return Seen(
        columns=by_columns,
        inputs=by_inputs,
        services=services.candidates(root, discovered),
        mlflow=any((root / name).exists() for name in MLFLOW),
        settled=frozenset(_settled(root, offered(discovered.models)[:LOOKED_AT])),
    )


def _settled(root: Path, models: Sequence[Path]) -> Iterator[str]:
    for folder in {folder for path in models for folder in path.parents if folder.parts}:
        with suppress(SettingsError):  # two files in one folder: told where that folder is judged
            found = settings_file.find(root / folder)
            if found is not None and found.parent == settings_file.absolute(root / folder):
                yield folder.as_posix()


def offered(paths: Sequence[Path]) -> list[Path]:
    """Paths that may be named in settings: no test data, nothing that no settings file could hold."""
    return [p for p in paths if "tests" not in p.parts and str(p).isprintable()]


def models(discovered: Discovered) -> list[Path]:
    """Model files that may be the one under test."""
    return [p for p in offered(discovered.models) if not filenames.words(p) & filenames.LIVE]


def of_role(discovered: Discovered, role: str) -> list[Path]:
    """Data files whose name has a word of the role: "train", "heldout", "reference" or "current"."""
    return [p for p in offered(discovered.data) if filenames.words(p) & filenames.ROLES[role]]


def of_no_role(discovered: Discovered) -> list[Path]:
    """Data files whose name tells no role."""
    words = frozenset().union(*filenames.ROLES.values())
    return [p for p in offered(discovered.data) if not filenames.words(p) & words]
