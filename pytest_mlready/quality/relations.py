"""Holds a model against relations that its answers must obey when inputs change (CheckList, Ribeiro et al. 2020)."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from pytest_mlready.quality.answers import TIME_LIMIT, Answer, ask, scores, usable
from pytest_mlready.quality.edits import EDITS
from pytest_mlready.quality.intervals import rule_of_three, wilson
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.values import Model

MIN_ROWS = 30  # fewer applicable rows cannot show a rate of violations below 10 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One relation, as declared in the settings.

    Attributes:
        kind: "invariant" (the answer stays), "increasing" / "decreasing" (the score never moves the other way when
            `step` is added), "expect" (with the cells of `set`, the answer is `label`: minimum functionality).
        column: The column that changes; None for "expect".
        values: "invariant": each of these in turn.
        swap: "invariant": two values, each for the other.
        edit: "invariant", text: "typo", "case", "whitespace" or "punctuation".
        step: Added to the column, in its unit.
        set: "expect": cells by column.
        label: "expect": the answer.
        of: Class whose probability is the score; the last one of two by default.
        tolerance: How far the score may move, or move the wrong way. "invariant" without it: the label must stay.
        max_violations: Share of applicable rows that may violate the relation.
        name: For the reader.
    """

    kind: Literal["invariant", "increasing", "decreasing", "expect"]
    name: str
    column: str | None = None
    values: tuple[Any, ...] = ()
    swap: tuple[Any, ...] = ()
    edit: str | None = None
    step: float = 0.0
    set: Mapping[str, Any] = field(default_factory=dict)
    label: Any = None
    of: Any = None
    tolerance: float | None = None
    max_violations: float = 0.0


def judge(  # noqa: PLR0913 - one argument for each thing a caller may fix
    model: Model,
    X: pl.DataFrame,
    relations: Sequence[Relation],
    *,
    seed: int = 0,
    confidence: float = 0.95,
    min_rows: int = MIN_ROWS,
    time_limit: float = TIME_LIMIT,
) -> list[Verdict]:
    """Judges every relation on the rows of `X`, shape (n, d).

    A row is applicable where the change changes it and no number leaves the range seen; it counts once, however many
    values it is tried with. An answer that is not finite, before or after, is a violation. Passed: no violation (or,
    with `max_violations` above 0, the one-sided Wilson upper bound of their share is at most that); failed: the share
    itself is above; inconclusive: in between, or fewer than `min_rows` applicable rows.

    Raises:
        ModelError: the model cannot answer the unchanged rows.
        DataError: a score is needed and the model gives none.
    """
    base = usable(model, X, what="the held-out rows", time_limit=time_limit)
    verdicts = []
    for relation in relations:
        applicable, violated, problem = np.zeros(X.height, bool), np.zeros(X.height, bool), ""
        for rows, frame in _changed(X, relation, random.Random(seed)):  # noqa: S311 - reproducible edits, no secret
            if len(rows):
                after = ask(model, frame, time_limit=time_limit)
                problem = problem or after.problem()
                violated[rows] |= _violations(model, relation, base.rows(rows), after)
                applicable[rows] = True
        verdict = _verdict(relation, violated[applicable], confidence=confidence, min_rows=min_rows)
        verdicts.append(replace(verdict, message=f"{verdict.message}; the model {problem}") if problem else verdict)
    return verdicts


def _changed(X: pl.DataFrame, relation: Relation, rng: random.Random) -> list[tuple[NDArray[np.int64], pl.DataFrame]]:
    """(rows that the change applies to, those rows changed), one pair for each value."""
    if relation.kind == "expect":
        return [(np.arange(X.height), X.with_columns(_cells(X, relation.set)))]
    name = str(relation.column)
    if relation.kind == "invariant":
        return [_where(X, changed.alias(name)) for changed in _replacements(X, relation, name, rng)]
    wide = X[name].cast(pl.Int64, strict=False) if X[name].dtype.is_integer() else X[name]  # no narrow type overflows
    step: Any = int(relation.step) if float(relation.step).is_integer() else relation.step
    moved = wide + step
    moved = moved.set(~moved.is_between(X[name].min(), X[name].max()).fill_null(value=True), None)
    moved = moved.cast(X.schema[name], strict=True) if moved.dtype == pl.Int64 else moved
    return [_where(X, moved.alias(name), moved.is_between(X[name].min(), X[name].max()))]


def _replacements(X: pl.DataFrame, relation: Relation, name: str, rng: random.Random) -> list[pl.Series]:
    """The column as an "invariant" relation changes it, once for each value."""
    if relation.values:
        return [X.with_columns(_cells(X, {name: value}))[name] for value in relation.values]
    if relation.swap:
        a, b = map(str, relation.swap)
        return [X[name].cast(pl.String).replace({a: b, b: a}).cast(X.schema[name])]
    edit = EDITS[str(relation.edit)]
    edited = [None if v is None else edit(v, rng) for v in X[name].cast(pl.String).to_list()]
    return [pl.Series(name, edited, dtype=X.schema[name], strict=False)]


def _cells(X: pl.DataFrame, values: Mapping[str, Any]) -> list[pl.Expr]:
    return [pl.lit(value).cast(X.schema[name], strict=False).alias(name) for name, value in values.items()]


def _where(
    X: pl.DataFrame, changed: pl.Series, allowed: pl.Series | None = None
) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """Rows where the changed column differs from what it was, nulls left alone, with it put in."""
    differs = X[changed.name].ne_missing(changed) & X[changed.name].is_not_null()
    rows = np.flatnonzero((differs if allowed is None else differs & allowed.fill_null(value=False)).to_numpy())
    return rows, X.with_columns(changed)[rows]


def _violations(model: Model, relation: Relation, base: Answer, after: Answer) -> NDArray[np.bool_]:
    """Which of the changed rows violate the relation, shape (base.n,)."""
    if after.labels is None or base.labels is None or len(after.labels) != base.n:
        return np.ones(base.n, bool)
    broken = after.bad_rows() | base.bad_rows()
    if relation.kind == "expect":
        return np.asarray(broken | [str(v) != str(relation.label) and v != relation.label for v in after.labels])
    if relation.kind == "invariant" and relation.tolerance is None:
        return broken | ~_equal(base.labels, after.labels)
    before, now = scores(base, model, relation.of), scores(after, model, relation.of)
    wrong_way = {"increasing": before - now, "decreasing": now - before}.get(relation.kind, np.abs(now - before))
    # written so that NaN, which compares false, is a violation; rounding of a sum is none
    return np.asarray(broken | ~(wrong_way <= (relation.tolerance or 0.0) + 1e-9))


def _equal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        return np.asarray(np.isclose(a, b, rtol=1e-9, atol=1e-12))
    return np.asarray(a == b)


def _verdict(relation: Relation, violated: NDArray[np.bool_], *, confidence: float, min_rows: int) -> Verdict:
    n, k, limit = len(violated), int(violated.sum()), relation.max_violations
    low, high = (float(v) for v in wilson(k, n, confidence=confidence))
    found = Measurement(
        name=f"violations: {relation.name}",
        value=k / n if n else None,
        max=limit,
        interval=(low, high),
        n=n,
        note="Wilson",
    )
    counted = f"{relation.name}: {k} of {n} rows violate it ({_percent(low)} to {_percent(high)}), allowed {limit:.3g}"
    if n < min_rows and not (k and limit == 0):  # one violation is enough where none is allowed
        message = (
            f"{relation.name}: {n} applicable rows, at least {min_rows} are needed; add held-out rows it applies to"
        )
        return Verdict(outcome="inconclusive", message=message, measurements=(found,))
    if k / n > limit:
        return Verdict(outcome="failed", message=counted, measurements=(found,))
    if not confidence:
        return Verdict(outcome="passed", message=f"{counted} (confidence = 0)", measurements=(found,))
    if k == 0 and limit == 0:
        bound = rule_of_three(n, confidence=confidence)
        message = f"{relation.name}: none of {n} rows violates it; the true share is below {_percent(bound)}"
        return Verdict(outcome="passed", message=message, measurements=(found,))
    upper = float(wilson(k, n, confidence=confidence, sides=1)[1])
    if upper <= limit:
        return Verdict(outcome="passed", message=counted, measurements=(found,))
    needed = _rows_needed(k / n, limit, confidence)
    message = (
        f"{counted}; the upper bound {_percent(upper)} is not below it: about {needed} applicable rows would decide"
    )
    return Verdict(outcome="inconclusive", message=message, measurements=(found,))


def _rows_needed(rate: float, limit: float, confidence: float) -> str:
    """Rows at which the Wilson upper bound of this rate meets the limit, by doubling."""
    n = 10
    while n < 10**8 and float(wilson(rate * n, n, confidence=confidence, sides=1)[1]) > limit:
        n = math.ceil(n * 1.1)
    return f"{n:,}" if n < 10**8 else "more than can be had"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
