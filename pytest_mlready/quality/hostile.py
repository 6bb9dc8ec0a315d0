"""Sends what no contract allows (NaN, infinity, odd text, wrong columns) and tells what came back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from pytest_mlready.quality.answers import TIME_LIMIT, Answer, ask, shorten, usable
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.quality.feature_schema import Column, FeatureSchema
    from pytest_mlready.values import Model

Reaction = Literal["rejected", "answered", "non-finite", "hung", "killed"]
_TEXTS = {
    "an empty string": "",
    "a string of spaces": "   ",
    "control characters": "a\x00b\x1b[31m\x7f\r\n",
    "mixed scripts and combining marks": "Ω≈ç\u202e\u0301 العربية 𝕏 🧪",
    "a string of 10,000 characters": "x" * 10_000,
    "an injection string": "'; DROP TABLE users; -- ${7*7}",
    "the word nan": "nan",
}
_TOLERANCE = 1e-6  # batches of another size sum in another order; single precision keeps about this much


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One input outside the contract: a frame, usually of one row, and what is wrong with it."""

    name: str
    frame: pl.DataFrame


def hostile(schema: FeatureSchema, *, max_columns: int = 50) -> list[Hostile]:
    """Inputs outside the contract: every odd value in every column once (the first `max_columns`), then odd frames."""
    ordinary = schema.frame([schema.typical()])
    cases = [
        Hostile(name=f"{what} in {column.name}", frame=ordinary.with_columns(value.alias(column.name)))
        for column in schema.columns[:max_columns]
        for what, value in _odd_cells(column)
    ]
    first = schema.names[0]
    return [
        *cases,
        Hostile(name="no rows", frame=ordinary.clear()),
        Hostile(name=f"no column {first}", frame=ordinary.drop(first)),
        Hostile(name="all nulls", frame=schema.frame([dict.fromkeys(schema.names)])),
    ]


def judge_outside(
    model: Model, cases: Sequence[Hostile], *, time_limit: float = TIME_LIMIT, reject_non_finite: bool = False
) -> Verdict:
    """Asks the model for every hostile input and counts its reactions.

    A clear exception is as good an answer as a finite one. A hang, or an exit of the process, always fails. Non-finite
    output fails only with `reject_non_finite`; otherwise it is reported, like the inputs that were answered without
    complaint: whether the service in front of the model stops them is the question of security.input_validation.
    """
    reactions: dict[str, Reaction] = {}
    for case in cases:
        reactions[case.name] = react(ask(model, case.frame, time_limit=time_limit))
        if reactions[case.name] == "hung":
            break  # each further one may cost the limit again
    counts = Counter(reactions.values())
    measurements = tuple(
        Measurement(name=f"inputs outside the contract: {kind}", value=counts[kind], n=len(reactions), note=note)
        for kind, note in _NOTES.items()
        if counts[kind] or kind in ("rejected", "answered")
    )
    wrong = [name for name, r in reactions.items() if r in ("hung", "killed")]
    nonfinite = [name for name, r in reactions.items() if r == "non-finite"]
    bad = wrong + (nonfinite if reject_non_finite else [])
    summary = ", ".join(f"{counts[kind]} {kind}" for kind in _NOTES if counts[kind])
    if nonfinite and not reject_non_finite:
        summary += f" ({_some(nonfinite)})"
    if not bad:
        return Verdict(
            outcome="passed", message=f"{len(reactions)} hostile inputs: {summary}", measurements=measurements
        )
    message = (
        f"{len(bad)} of {len(reactions)} inputs outside the contract harm the service: {_some(bad)}; in all {summary}. "
        "Expected: a clear exception or a finite answer. Next step: validate inputs before the model sees them."
    )
    return Verdict(outcome="failed", message=message, measurements=measurements)


def react(answer: Answer) -> Reaction:
    """What kind of reaction an answer to a hostile input is."""
    if answer.hung:
        return "hung"
    if answer.error is not None:
        return (
            "rejected"
            if isinstance(answer.error, Exception) and not isinstance(answer.error, MemoryError)
            else "killed"
        )
    return "non-finite" if answer.bad_rows().any() else "answered"


def judge_order(
    model: Model, X: pl.DataFrame, *, seed: int = 0, singles: int = 20, time_limit: float = TIME_LIMIT
) -> list[Verdict]:
    """Answers must not depend on the order of columns or rows, on a further column, or on the batch a row comes in.

    Args:
        model: The model.
        X: Rows it must be able to answer, shape (n, d).
        seed: Of the shuffles.
        singles: How many rows are asked again one by one.
        time_limit: Seconds for one call.

    Returns:
        One verdict each. A clear exception for columns in another order or a further column is a pass: nothing wrong
        is answered silently. Column order is only reported for a model that recorded no feature names: no wrapper
        can tell its columns apart.
    """
    rng = np.random.default_rng(seed)
    base = usable(model, X, what="the held-out rows", time_limit=time_limit)
    order = rng.permutation(X.height)
    picked = np.sort(rng.choice(X.height, min(singles, X.height), replace=False))
    verdicts = [
        _same_answers(
            "the order of columns", base, ask(model, X.select(X.columns[::-1]), time_limit=time_limit), may_raise=True
        ),
        _same_answers(
            "a further column",
            base,
            ask(model, X.with_columns(pl.lit("x").alias("mlready_extra_column")), time_limit=time_limit),
            may_raise=True,
        ),
        _same_answers("the order of rows", base.rows(order), ask(model, X[order], time_limit=time_limit)),
        _same_answers("the batch a row comes in", base.rows(picked), _one_by_one(model, X[picked], time_limit)),
    ]
    if model.feature_names is None and verdicts[0].outcome == "failed":
        note = f"{verdicts[0].message}; reported only, since the model records no feature names"
        verdicts[0] = Verdict(outcome="passed", message=note, measurements=verdicts[0].measurements)
    return verdicts


def differing(a: Answer, b: Answer) -> NDArray[np.bool_]:
    """Rows whose answers differ: probabilities by more than 1e-6, numbers relatively so, other labels at all."""
    if a.proba is not None and b.proba is not None and a.proba.shape == b.proba.shape:
        near = np.isclose(a.proba, b.proba, rtol=0, atol=_TOLERANCE)  # NaN is near to nothing
        return np.asarray(~near.all(axis=tuple(range(1, near.ndim))))
    first, second = np.asarray(a.labels), np.asarray(b.labels)
    if first.dtype.kind == "f" and second.dtype.kind == "f":
        return np.asarray(~np.isclose(first, second, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=False))
    return np.asarray(first != second)


def _same_answers(on: str, base: Answer, other: Answer, *, may_raise: bool = False) -> Verdict:
    name = f"answers that depend on {on}"
    if other.error is not None and may_raise and react(other) == "rejected":
        note = f"refused: {shorten(other.problem())}"
        return Verdict(
            outcome="passed", message=note, measurements=(Measurement(name=name, value=0, max=0, n=other.n, note=note),)
        )
    if other.crashed or other.labels is None or len(other.labels) != base.n:
        return Verdict(outcome="failed", message=f"with {on} changed, the model {other.problem()}")
    k = int(differing(base, other).sum())
    found = Measurement(name=name, value=k, max=0, n=base.n)
    if not k:
        return Verdict(outcome="passed", message=f"{base.n} rows: no answer depends on {on}", measurements=(found,))
    message = (
        f"{k} of {base.n} answers depend on {on}, expected 0. "
        "Next step: select inputs by name inside the model, and keep no state between rows"
    )
    return Verdict(outcome="failed", message=message, measurements=(found,))


def _one_by_one(model: Model, X: pl.DataFrame, time_limit: float) -> Answer:
    answers = []
    for i in range(X.height):
        answers.append(ask(model, X[i], time_limit=time_limit))
        if answers[-1].crashed or answers[-1].labels is None:
            return answers[-1]
    probas = [a.proba for a in answers if a.proba is not None]
    return Answer(
        n=X.height,
        labels=np.concatenate([np.asarray(a.labels) for a in answers]),
        proba=np.concatenate(probas) if len(probas) == X.height else None,
    )


def _odd_cells(column: Column) -> Iterator[tuple[str, pl.Series]]:
    """Odd values of one column, each as a series of one value with the type it needs."""
    if not column.nullable:
        yield "null", pl.Series([None], dtype=column.dtype)
    if column.kind in ("numeric", "integer"):
        for what, number in (
            ("NaN", np.nan),
            ("+Inf", np.inf),
            ("-Inf", -np.inf),
            ("1e308", 1e308),
            ("-1e308", -1e308),
        ):
            yield what, pl.Series([number], dtype=pl.Float64)
        for what, text in (("the word nan", "nan"), ("an empty string", "")):
            yield what, pl.Series([text], dtype=pl.String)
    elif column.kind in ("category", "text"):
        for what, text in _TEXTS.items():
            yield what, pl.Series([text], dtype=pl.String)
        yield "a number instead of text", pl.Series([-1.5], dtype=pl.Float64)
        if column.kind == "category":
            yield "an unseen category", pl.Series(["mlready: never seen"], dtype=pl.String)
    else:
        yield "text of another kind", pl.Series(["mlready"], dtype=pl.String)


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(shorten(n, 60) for n in names[:3]) + rest


_NOTES: dict[Reaction, str] = {
    "rejected": "a clear exception",
    "answered": "a finite answer, without complaint",
    "non-finite": "NaN, infinity, null, or a probability outside 0 to 1",
    "hung": "no answer within the time limit",
    "killed": "an exit of the process, or no memory left",
}
