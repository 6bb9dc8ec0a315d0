"""Judges whether a model's weights and answers are finite numbers, on held-out rows and on extreme ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.quality.answers import ROUNDING, TIME_LIMIT, Answer, missing, shorten, usable
from pytest_mlready.quality.hostile import Hostile
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from pytest_mlready.quality.feature_schema import Column, FeatureSchema
    from pytest_mlready.values import Model

BEYOND = 1e6  # times the largest magnitude seen; a convention
DENORMAL, TINY = 5e-324, 1.4e-45  # the smallest numbers of double and of single precision
# Bounds may be infinite: trees send all rows one way where they split by "missing" (scikit-learn, XGBoost).
_BOUND = re.compile(r"threshold|nodes_values|bound|edge|knot|(^|[._])(min|max)_?$", re.IGNORECASE)
SHOWN = 5


def judge_weights(weights: Iterable[tuple[str, NDArray[Any]]]) -> Verdict:
    """Whether all weights are finite; infinite thresholds and bounds are in order, NaN is nowhere.

    Args:
        weights: Name and floating-point values of each array, of any shape.

    Returns:
        Inconclusive where there are none.
    """
    count, wrong, places = 0, 0, []
    for name, values in weights:
        flat = np.ma.compressed(values) if np.ma.isMaskedArray(values) else np.asarray(values).reshape(-1)
        bad = np.isnan(flat) if _BOUND.search(name) else ~np.isfinite(flat)
        count += flat.size
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            wrong += int(bad.sum())
            places.append(f"{name}[{first}] is {flat[first]} ({int(bad.sum())} of {flat.size})")
    measured = Measurement(name="weights that are not finite", value=wrong, max=0, n=count)
    if not count:
        return Verdict(outcome="inconclusive", message="no weights can be seen in the model")
    if not wrong:
        return Verdict(outcome="passed", message=f"{count:,} weights are finite", measurements=(measured,))
    more = f" and {len(places) - SHOWN} more arrays" if len(places) > SHOWN else ""
    message = (
        f"{wrong} of {count:,} weights are not finite: {shorten('; '.join(places[:SHOWN]), 400)}{more}. "
        "Next step: find the training step that made them, and assert finiteness before saving"
    )
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def judge_answers(model: Model, X: pl.DataFrame, *, what: str, time_limit: float = TIME_LIMIT) -> Verdict:
    """Whether labels, probabilities and decision values of rows that the model must answer are finite.

    Args:
        model: The model.
        X: Feature rows, shape (n, d).
        what: The rows, for messages.
        time_limit: Seconds for one call.

    Raises:
        ModelError: The call as a whole fails.
        Inconclusive: No answer in time.
    """
    if not X.height:
        return Verdict(outcome="inconclusive", message=f"there are no {what}")
    answer = usable(model, X, what=what, time_limit=time_limit)
    bad, kind = _bad(answer, model.decision_function(X))
    measured = Measurement(name=f"answers that are not finite, {what}", value=int(bad.sum()), max=0, n=X.height)
    if not bad.any():
        return Verdict(outcome="passed", message=f"{X.height} answers are finite", measurements=(measured,))
    first = int(np.flatnonzero(bad)[0])
    row = shorten(", ".join(f"{k} = {v!r}" for k, v in X.row(first, named=True).items()), 300)
    message = f"{int(bad.sum())} of {X.height} answers on {what} are not finite: {kind} for row {first} ({row})"
    return Verdict(outcome="failed", message=message, measurements=(measured,))


def _bad(answer: Answer, decisions: NDArray[np.float64] | None) -> tuple[NDArray[np.bool_], str]:
    """Rows with an answer that is no finite number, and what the first kind of them is."""
    assert answer.labels is not None, "the answer is usable"
    parts: dict[str, NDArray[Any]] = {"the label is not finite": missing(answer.labels)}
    if answer.proba is not None:
        inside = (answer.proba >= -ROUNDING) & (answer.proba <= 1 + ROUNDING)  # NaN is neither
        parts["the probability is no number from 0 to 1"] = np.asarray(~inside.reshape(answer.n, -1).all(axis=1))
    if decisions is not None:
        parts["the decision value is not finite"] = missing(decisions)
    bad = np.zeros(answer.n, bool)
    for which in parts.values():
        bad |= which
    return bad, next((told for told, which in parts.items() if which.any()), "")


def small(schema: FeatureSchema) -> list[dict[str, Any]]:
    """Rows inside the contract with zeros and the smallest numbers, one column at a time and all at once."""
    typical = schema.typical()
    tiny = {c.name: _tiny(c) for c in schema.columns if _tiny(c)}
    alone = [{**typical, name: value} for name, values in tiny.items() for value in values]
    together = [{**typical, **{name: values[min(n, len(values) - 1)] for name, values in tiny.items()}} for n in (0, 1)]
    return [*alone, *together] if tiny else []


def _tiny(column: Column) -> list[Any]:
    if column.kind not in ("numeric", "integer") or column.min is None:
        return []
    values: list[Any] = [0] if column.dtype.is_integer() else [0.0, DENORMAL, -DENORMAL, TINY, -0.0]
    return [v for v in values if column.min <= v <= column.max]


def beyond(schema: FeatureSchema, *, factor: float = BEYOND, promised: Collection[str] = ()) -> list[Hostile]:
    """Finite inputs far outside what was seen: a range seen is no promise, so that something finite must come back.

    Args:
        schema: The contract.
        factor: Times the largest magnitude seen.
        promised: Columns whose bounds the settings state, which are not left.

    Returns:
        Every number alone, then all of them, at factor times the largest magnitude, its negative, and around zero.
    """
    columns = [c for c in schema.columns if c.kind in ("numeric", "integer") and c.min is not None]
    free = [c for c in columns if c.name not in promised]
    ordinary = schema.frame([schema.typical()])
    cases = [
        Hostile(name=f"{value:g} in {column.name}", frame=ordinary.with_columns(_as(column, value)))
        for column in free
        for value in _far(column, factor)
    ]
    for n in range(2):
        cells = [_as(c, _far(c, factor)[n]) for c in free]
        if len(free) > 1:
            sign = "-" if n else ""
            cases.append(
                Hostile(name=f"all numbers at {sign}{factor:g} × their largest", frame=ordinary.with_columns(cells))
            )
    return cases


def _far(column: Column, factor: float) -> tuple[float, ...]:
    largest = max(abs(float(column.min)), abs(float(column.max)), 1.0) * factor
    return (largest, -largest, DENORMAL, -DENORMAL) if not column.dtype.is_integer() else (largest, -largest)


def _as(column: Column, value: float) -> pl.Series:
    """The value as the column's type where that can hold it, else as a float."""
    if column.dtype.is_integer() and abs(value) < 2**62:
        return pl.Series(column.name, [int(value)], dtype=pl.Int64)
    return pl.Series(column.name, [value], dtype=pl.Float64)


def promised(contract: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Columns of which the settings state both bounds."""
    return tuple(name for name, table in contract.items() if {"min", "max"} <= set(table))
