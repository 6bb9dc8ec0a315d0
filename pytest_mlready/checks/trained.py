"""Trains through the team's entry point, for the checks that need a model of their own, and loads what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Option

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from pytest_mlready.project import Project
    from pytest_mlready.team.entry_points import Trained
    from pytest_mlready.values import Model

KEPT = pytest.StashKey["dict[tuple[Any, ...], Trained]"]()
SEEDS = 2**31  # below which a seed fits NumPy's and everybody else's

LOAD = Option(
    name="load", type="string", default=None,
    doc='"module:function" of (path), returning an object with predict, for artifacts of a kind that is not known '
    "here; called without a scan, as the team's own code.",
)  # fmt: skip


def once(  # noqa: PLR0913 - one argument for each that training has
    mlready: Project,
    config: pytest.Config,
    rows: pl.DataFrame,
    *,
    seed: int,
    key: tuple[Any, ...],
    steps: int | None = None,
    what: str = "training",
) -> Trained:
    """Trains in a fresh process, once a session for each key; artifacts are kept until the session ends."""
    import tempfile
    from pathlib import Path

    from pytest_mlready.team import entry_points

    kept = config.stash.setdefault(KEPT, {})
    if key not in kept:
        folder = tempfile.TemporaryDirectory(prefix="mlready-")
        config.add_cleanup(folder.cleanup)
        kept[key] = entry_points.train(mlready, rows, seed=seed, folder=Path(folder.name), steps=steps, what=what)
    return kept[key]


def load(mlready: Project, path: Path, function: str | None) -> Model:
    """The model in an artifact that the team's code wrote, scanned before it is loaded.

    Raises:
        ModelError: It cannot be loaded, or is not safe to load.
        ReadinessError: `function` cannot be imported.
    """
    return opened(str(path), str(mlready.root), function, reading(mlready))


def reading(mlready: Project) -> dict[str, Any]:
    """How artifacts are loaded, as JSON can carry it."""
    table = mlready.settings.model
    return {"frame": table.frame, "trust": list(table.trust), "trusted_types": list(table.trusted_types)}


def opened(path: str, root: str, function: str | None, settings: dict[str, Any]) -> Model:
    """As `load`, from arguments that JSON can carry: a process of its own calls it too."""
    from pathlib import Path

    from pytest_mlready.artifacts import models

    if function is not None:
        return _by_the_team(path, Path(root), function, settings["frame"])
    return models.load(
        path,
        root=Path(root),
        frame=settings["frame"],
        trust=tuple(settings["trust"]),
        trusted_types=tuple(settings["trusted_types"]),
    )


def _by_the_team(path: str, root: Path, function: str, frame: Any) -> Model:
    from pathlib import Path

    from pytest_mlready.artifacts import models, named
    from pytest_mlready.errors import ModelError, ReadinessError

    read = named.object_named(function, root, error=ReadinessError)
    try:
        given = read(Path(path))
    except Exception as error:
        raise ModelError(
            f'load = "{function}" raised {type(error).__name__} on {Path(path).name}: {error}', fix="call it by hand"
        ) from error
    return models.wrap(given, source=function, frame=frame)


def seed(mlready: Project, name: str) -> int:
    """A seed from the digests of data and model, in the range that every library takes."""
    return mlready.seed(name) % SEEDS
