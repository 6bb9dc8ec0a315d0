"""Brings candidate and production side by side: what loads them, the rows, the memory of each, trainings in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    import pytest

    from pytest_mlready.artifacts.turns import Subject, Turn
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.regression import Costs
    from pytest_mlready.values import Dataset, Model


def subjects(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> tuple[Subject, Subject]:
    """Candidate and production as a process of its own can load them; both were scanned and loaded here before."""
    from pytest_mlready.artifacts.turns import Subject

    models: list[Model] = [request.getfixturevalue(name) for name in ("mlready_production", "mlready_model")]
    if service := next((model for model in models if model.kind == "http"), None):
        evidence.not_applicable(f"{service.source} is a service: its speed is that of the network and of others")
    if _same_artifact(mlready):
        evidence.inconclusive(
            "candidate and production are the same bytes: a model is as fast as itself. "
            'Next step: name the artifact of the release before: [tool.mlready.model] production = "…"'
        )
    if request.config.hook.pytest_mlready_load_model.get_hookimpls():
        evidence.inconclusive("a hook loads the models, which a fresh process cannot call")
    table = mlready.settings.model
    keywords = {"frame": table.frame, "trust": table.trust, "trusted_types": table.trusted_types}
    previous, candidate = (
        Subject(name=what, loader="pytest_mlready.reload:load", arguments=[model.source, str(mlready.root), keywords])
        for what, model in zip(("the production model", "the candidate"), models, strict=True)
    )
    return candidate, previous


def _same_artifact(mlready: Project) -> bool:
    """Whether the candidate's file or folder and the production model's hold the same bytes."""
    from pytest_mlready.artifacts import digests

    named = (mlready.settings.model.path, mlready.settings.model.production)
    there = [path for name in named if name and (path := mlready.path(name)).exists()]
    return len(there) == len(named) and len({digests.sha256(path) for path in there}) == 1


def rows(mlready: Project, heldout: Dataset, count: int) -> Any:
    from pytest_mlready.errors import DataError

    if not len(heldout):
        raise DataError("the held-out data have no rows", expected="rows to time the models on")
    seed = mlready.seed("side_by_side.rows")
    return heldout.X.sample(count, with_replacement=count > len(heldout), seed=seed)


def method(name: str) -> str:
    from pytest_mlready.errors import DataError

    if name not in ("predict", "predict_proba"):
        raise DataError(f'method is "{name}"', expected='"predict" or "predict_proba"')
    return name


def costs(ours: list[Turn], theirs: list[Turn]) -> Iterator[Costs]:
    """Turn by turn: median and 95th percentile of the single calls, and the bulk call."""
    import numpy as np

    from pytest_mlready.quality.regression import Costs

    for figure, share in (("latency p50", 0.5), ("latency p95", 0.95)):
        sides = [[float(np.quantile(turn.singles, share)) for turn in side] for side in (ours, theirs)]
        yield Costs(figure=figure, candidate=sides[0], previous=sides[1])
    yield Costs(figure="throughput", candidate=[t.bulk for t in ours], previous=[t.bulk for t in theirs])


def added(mlready: Project, subject: Subject, rows: Any, *, limit: float) -> int | None:
    """Bytes that one fresh process needed more."""
    from pytest_mlready.quality import footprint

    (found,) = footprint.measure(
        subject.loader, subject.arguments, rows=rows, repeats=1, folder=mlready.root,
        time_limit=limit, progress=mlready.progress,
    )  # fmt: skip
    return found.added


def with_train(mlready: Project, train: str) -> Project:
    """The project with another training."""
    import copy

    other = copy.copy(mlready)
    points = mlready.settings.entry_points.model_copy(update={"train": train})
    other.settings = mlready.settings.model_copy(update={"entry_points": points})
    return other


def trainings(mlready: Project, previous: str, rows: pl.DataFrame, *, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of the team's training and of that of the previous release, in turns."""
    import tempfile
    from pathlib import Path

    from pytest_mlready.team import entry_points

    sides, seed = (mlready, with_train(mlready, previous)), mlready.seed("side_by_side.train") % 2**32
    seconds: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory(prefix="mlready-") as scratch:
        for n, i in order(rounds):
            folder = Path(scratch) / f"{n}-{i}"
            folder.mkdir()
            what = f"training in turns, {n + 1} of {rounds}"
            trained = entry_points.train(sides[i], rows, seed=seed, folder=folder, what=what)
            seconds[i].append(trained.seconds)
    return seconds


def order(rounds: int) -> Iterator[tuple[int, int]]:
    """Round, and whose turn it is: one first, then the other first."""
    for n in range(rounds):
        yield from ((n, i) for i in ((0, 1) if n % 2 == 0 else (1, 0)))
