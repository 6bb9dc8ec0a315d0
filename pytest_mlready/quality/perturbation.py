"""Searches small changes of real rows that change a model's answer, with predictions alone and a budget of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import DataError
from pytest_mlready.quality.answers import TIME_LIMIT, shorten
from pytest_mlready.quality.intervals import wilson
from pytest_mlready.quality.search import Attack, Budget, Search
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from pytest_mlready.quality.feature_schema import Column, FeatureSchema
    from pytest_mlready.values import Model


DEFAULT_BUDGET = Budget()


def attack(  # noqa: PLR0913 - one argument for each thing a caller may fix
    model: Model,
    X: pl.DataFrame,
    schema: FeatureSchema,
    *,
    budget: Budget = DEFAULT_BUDGET,
    columns: tuple[str, ...] = (),
    shift: float | None = None,
    seed: int = 0,
    time_limit: float = TIME_LIMIT,
    progress: Callable[[str], None] = lambda _: None,
) -> Attack:
    """Searches, for all rows at once, a change within the budget that changes the answer.

    Each round asks the model once for every row not yet broken: half of the candidates start from the row itself
    (random search), half from the best change so far, which is kept when it lowers the score of the row's own class
    (greedy search). What broke a row is then reverted column by column where the answer stays changed.

    Args:
        model: The model.
        X: Rows it must be able to answer, shape (n, d).
        schema: Kinds, bounds and spreads of the columns; no candidate leaves the contract.
        budget: How far a candidate may be from its row, and how many are tried.
        columns: The columns that may change; all by default.
        shift: For numeric predictions: how far an answer must move, in its unit, to count as changed. One robust
            standard deviation of the answers by default.
        seed: Of the search; the same seed gives the same changes.
        time_limit: Seconds for one call.
        progress: Told what is going on.

    Raises:
        ModelError: the model cannot answer the unchanged rows.
        DataError: no rows, or no column that may change.
    """
    free = [column for name in columns or X.columns if _movable(column := schema[name])]
    if not X.height or not free:
        raise DataError(f"{X.height} rows and {len(free)} columns may change", expected="at least one of each")
    search = Search(model, X, free, budget=budget, shift=shift, seed=seed, time_limit=time_limit)
    for i in range(budget.queries):
        if i % 10 == 0:
            progress(f"perturbation search: round {i} of {budget.queries}, {int(search.broken.sum())} rows broken")
        if search.broken.all():
            break
        search.step()
    search.revert()
    progress("")
    return search.result()


def judge(found: Attack, *, limit: float | None = None, confidence: float = 0.95, min_rows: int = 30) -> Verdict:
    """Reports the share of rows broken with its Wilson interval; gated only where a `limit` (0 to 1) is given.

    With a limit: failed when the share is above it, passed when its one-sided upper bound is at most it, otherwise
    inconclusive; so is a search in which the model raised, which says nothing of the rows asked together.
    """
    n, k = len(found.broken), int(found.broken.sum())
    low, high = (float(v) for v in wilson(k, n, confidence=confidence))
    median = float(np.median(found.distance[found.broken])) if k else None
    measurements = (
        Measurement(name="attack success", value=k / n, max=limit, interval=(low, high), n=n, note="Wilson"),
        Measurement(name="attack distance, median", value=median, n=k, unit="sd", note="plus one a swap or an edit"),
        Measurement(name="attack queries", value=found.queries),
        Measurement(name="attack rounds without an answer", value=found.unanswered, max=0),
        Measurement(name="nearest change", value=_told(found.example)),
    )
    told = f"small changes change {k} of {n} answers ({100 * low:.1f} to {100 * high:.1f} %)"
    told += f", median distance {median:.2g}; nearest: {_told(found.example)}" if k else ""
    if limit is None:
        return Verdict(outcome="passed", message=f"{told}; reported only", measurements=measurements)
    if n < min_rows:
        message = f"{told}: at least {min_rows} rows are needed to judge"
        return Verdict(outcome="inconclusive", message=message, measurements=measurements)
    message = f"{told}; max_attack_success = {limit:g}"
    if k / n > limit:
        return Verdict(outcome="failed", message=message, measurements=measurements)
    if found.unanswered:
        told = f"{message}; {found.unanswered} rounds got no answer at all, so the share may be larger"
        return Verdict(outcome="inconclusive", message=told, measurements=measurements)
    if not confidence or float(wilson(k, n, confidence=confidence, sides=1)[1]) <= limit:
        return Verdict(outcome="passed", message=message, measurements=measurements)
    return Verdict(outcome="inconclusive", message=f"{message}; raise attack_rows to decide", measurements=measurements)


def _told(example: dict[str, tuple[Any, Any]]) -> str:
    return shorten(", ".join(f"{name} {a!r} → {b!r}" for name, (a, b) in example.items()), 160) or "none"


def _movable(column: Column) -> bool:
    if column.kind in ("numeric", "integer"):
        return column.min is not None and column.min < column.max
    return column.kind == "text" or (column.kind in ("category", "boolean") and len(column.categories) > 1)
