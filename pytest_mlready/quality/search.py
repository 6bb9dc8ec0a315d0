"""Moves rows within a budget towards another answer, all rows at once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pytest_mlready.quality.answers import Answer, ask, usable
from pytest_mlready.quality.edits import distance, typo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.quality.feature_schema import Column
    from pytest_mlready.values import Model

Cells: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the search may do to one row.

    Attributes:
        eps: A number moves at most so many robust standard deviations from its value; an integer at least by one.
        swaps: Category and boolean columns that may change.
        edits: Character edits (typing errors) in all text columns together.
        queries: Predictions a row.
    """

    eps: float = 0.1
    swaps: int = 1
    edits: int = 2
    queries: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """What the search found.

    Attributes:
        broken: Which rows changed their answer, shape (n,).
        distance: Of each row that did: sum of the moves in robust standard deviations, plus one a swap, plus one an
            edit; NaN elsewhere. Shape (n,).
        queries: Predictions used in all.
        example: The nearest change found: column -> (before, after).
        unanswered: Calls for many rows together in which the model raised or hung.
    """

    broken: NDArray[np.bool_]
    distance: NDArray[np.float64]
    queries: int
    example: dict[str, tuple[Any, Any]]
    unanswered: int = 0


class Search:
    """The state of one search: for every row its original cells, and the best change so far."""

    def __init__(  # noqa: PLR0913 - as `perturbation.attack`
        self,
        model: Model,
        X: pl.DataFrame,
        columns: Sequence[Column],
        *,
        budget: Budget,
        shift: float | None,
        seed: int,
        time_limit: float,
    ) -> None:
        self.model, self.columns, self.budget, self.time_limit = model, columns, budget, time_limit
        self.rng = np.random.default_rng(seed)
        self.words = random.Random(seed)  # noqa: S311 - reproducible edits, no secret
        base = usable(model, X, what="the held-out rows", time_limit=time_limit)
        self.labels = np.asarray(base.labels)
        self.numeric = base.proba is None and self.labels.dtype.kind == "f"
        self.shift = shift if shift is not None else _robust_sd(self.labels) if self.numeric else 0.0
        self.dtypes = X.schema
        self.original: Cells = {name: _cells(X[name]) for name in X.columns}
        self.best: Cells = {name: cells.copy() for name, cells in self.original.items()}
        self.objective = self._objective(base, np.arange(X.height))
        self.broken = np.zeros(X.height, bool)
        self.queries = self.unanswered = 0

    def step(self) -> None:
        """One candidate for every row that is not broken yet."""
        rows = np.flatnonzero(~self.broken)
        greedy = self.rng.random(len(rows)) < 0.5
        candidate = {
            name: np.where(greedy, self.best[name][rows], self.original[name][rows]).astype(self.original[name].dtype)
            for name in self.original
        }
        self._mutate(candidate, rows)
        self._keep_within(candidate, rows)
        answer = self._ask(candidate)
        changed, objective = self._changed(answer, rows), self._objective(answer, rows)
        better = changed | (objective < self.objective[rows])
        self._accept(candidate, rows, better)
        self.objective[rows[better]] = objective[better]
        self.broken[rows[changed]] = True

    def revert(self) -> None:
        """Sets each changed cell of a broken row back where the answer stays changed without it."""
        for column in self.columns:
            name = column.name
            rows = np.flatnonzero(self.broken & _unequal(self.best[name], self.original[name]))
            if not len(rows):
                continue
            candidate = {n: cells[rows].copy() for n, cells in self.best.items()}
            candidate[name] = self.original[name][rows]
            self._accept(candidate, rows, self._changed(self._ask(candidate), rows))

    def result(self) -> Attack:
        everywhere = np.arange(len(self.broken))
        moved = np.sum([self._moved(c, self.best, everywhere) for c in self.columns], axis=0)
        away = np.where(self.broken, moved, np.nan)
        example: dict[str, tuple[Any, Any]] = {}
        if self.broken.any():
            i = int(np.nanargmin(away))
            example = {
                c.name: (_plain(self.original[c.name][i]), _plain(self.best[c.name][i]))
                for c in self.columns
                if _unequal(self.best[c.name][[i]], self.original[c.name][[i]])[0]
            }
        return Attack(
            broken=self.broken, distance=away, queries=self.queries, example=example, unanswered=self.unanswered
        )

    def _mutate(self, candidate: Cells, rows: NDArray[np.int64]) -> None:
        """Changes one to three columns of every candidate row."""
        order = self.rng.random((len(rows), len(self.columns))).argsort(axis=1)
        chosen = order < self.rng.integers(1, min(3, len(self.columns)) + 1, len(rows))[:, None]
        for j, column in enumerate(self.columns):
            at = np.flatnonzero(chosen[:, j])
            if len(at):
                candidate[column.name][at] = self._moved_cells(column, candidate[column.name][at], rows[at])

    def _moved_cells(self, column: Column, cells: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
        original = self.original[column.name][rows]
        if column.kind in ("numeric", "integer"):
            reach = self.budget.eps * column.spread
            reach = max(1.0, np.floor(reach)) if column.kind == "integer" else reach
            signs = self.rng.choice([-1.0, 1.0], len(rows))
            steps = signs * reach * self.rng.choice([0.25, 0.5, 1.0], len(rows))
            steps = np.where(signs > 0, np.ceil(steps), np.floor(steps)) if column.kind == "integer" else steps
            moved = original + steps
            return np.where((moved >= column.min) & (moved <= column.max), moved, original)
        swapped = cells.copy()
        for i, value in enumerate(cells):
            if value is None:
                continue
            swapped[i] = typo(value, self.words) if column.kind == "text" else self.words.choice(column.categories)
        return swapped

    def _keep_within(self, candidate: Cells, rows: NDArray[np.int64]) -> None:
        """Takes back swaps and edits beyond the budget, the earliest columns first at random."""
        for kinds, most in ((("category", "boolean"), self.budget.swaps), (("text",), self.budget.edits)):
            group = [c for c in self.columns if c.kind in kinds]
            used = np.zeros(len(rows))
            for j in self.rng.permutation(len(group)):
                name = group[j].name
                cost = self._moved(group[j], candidate, rows)
                beyond = (used + cost > most) & (cost > 0)
                candidate[name][beyond] = self.original[name][rows][beyond]
                used += np.where(beyond, 0, cost)

    def _moved(self, column: Column, cells: Cells, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """How far one column is from its original, in the unit of `Attack.distance`, shape (len(rows),)."""
        now, before = cells[column.name], self.original[column.name][rows]
        if column.kind in ("numeric", "integer"):
            return np.asarray(np.nan_to_num(np.abs(now - before)) / (column.spread or 1.0))
        if column.kind == "text":
            return np.array([0.0 if a == b else float(distance(a, b)) for a, b in zip(now, before, strict=True)])
        return _unequal(now, before).astype(float)

    def _changed(self, answer: Answer, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which answers differ from the row's own. A row without a usable one does; see `unanswered` for calls."""
        if answer.labels is None or len(answer.labels) != len(rows):
            return np.zeros(len(rows), bool)
        if self.numeric:
            return np.asarray(~(np.abs(answer.labels - self.labels[rows]) <= self.shift))
        return np.asarray((answer.labels != self.labels[rows]) | answer.bad_rows())

    def _objective(self, answer: Answer, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Lower is nearer to a changed answer: the probability of the row's own class, or minus the shift so far."""
        if answer.labels is None or len(answer.labels) != len(rows):
            return np.full(len(rows), np.inf)
        if self.numeric:
            return np.asarray(-np.abs(answer.labels - self.labels[rows]))
        if answer.proba is None or self.model.classes is None:
            return np.zeros(len(rows))
        position = {label: i for i, label in enumerate(self.model.classes)}
        own = np.array([position.get(label, 0) for label in self.labels[rows].tolist()])
        return np.asarray(answer.proba[np.arange(len(rows)), own])

    def _ask(self, cells: Cells) -> Answer:
        frame = pl.DataFrame([_series(name, values, self.dtypes[name]) for name, values in cells.items()])
        self.queries += frame.height
        answer = ask(self.model, frame, time_limit=self.time_limit)
        self.unanswered += answer.labels is None or len(answer.labels) != frame.height
        return answer

    def _accept(self, candidate: Cells, rows: NDArray[np.int64], which: NDArray[np.bool_]) -> None:
        for name, cells in candidate.items():
            self.best[name][rows[which]] = cells[which]


def _cells(values: pl.Series) -> NDArray[Any]:
    """Numbers as floats with NaN for null; anything else as objects."""
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).to_numpy(writable=True)
    cells = np.empty(len(values), dtype=object)
    cells[:] = values.to_list()
    return cells


def _series(name: str, cells: NDArray[Any], dtype: pl.DataType) -> pl.Series:
    if dtype.is_numeric():
        return pl.Series(name, cells, nan_to_null=True).cast(dtype, strict=False)
    return pl.Series(name, cells.tolist(), dtype=dtype, strict=False)


def _plain(cell: Any) -> Any:
    return cell.item() if hasattr(cell, "item") else cell


def _unequal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    if a.dtype.kind == "f":
        return np.asarray(~((a == b) | (np.isnan(a) & np.isnan(b))))
    return np.array([x != y for x, y in zip(a, b, strict=True)], bool)


def _robust_sd(values: NDArray[Any]) -> float:
    middle = float(np.median(np.abs(values - np.median(values)))) * 1.4826
    return middle or float(np.std(values)) or 1.0
