"""Makes inputs inside and outside a model's contract, and finds the smallest one that it cannot answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import MissingExtra
from pytest_mlready.quality.answers import TIME_LIMIT, Answer, ask, shorten
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_mlready.quality.feature_schema import Column, FeatureSchema
    from pytest_mlready.values import Model

Row = dict[str, Any]
_MAX_TEXT = 300  # characters of a generated text; observed texts may be longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An input inside the contract that the model cannot answer.

    Attributes:
        row: The smallest such row: as close to an ordinary row as it still goes wrong.
        changed: The columns in which it differs from an ordinary row; all else is typical.
        problem: What the model does, in words.
        rows: How many of the generated rows share the problem.
    """

    row: Row
    changed: Row
    problem: str
    rows: int


def boundaries(schema: FeatureSchema) -> list[Row]:
    """Rows at the edges of the contract: each bound, category and allowed null by itself, then all at once.

    They do not depend on luck: a category or a bound that the model cannot answer is always among them.
    """
    typical = schema.typical()
    edges = {c.name: _edges(c) for c in schema.columns}
    one_by_one = [{**typical, name: value} for name, values in edges.items() for value in values]
    together = [  # all lowest, all second (mostly highest), all last (nulls where allowed)
        {**typical, **{name: values[min(pick, len(values) - 1)] for name, values in edges.items() if values}}
        for pick in (0, 1, -1)
    ]
    return [typical, *one_by_one, *together]


def rows(schema: FeatureSchema) -> Any:
    """A hypothesis strategy of rows inside the contract, for `@given` in a team's own tests too.

    Raises:
        MissingExtra: hypothesis is not installed.
    """
    st = _hypothesis().strategies
    return st.fixed_dictionaries({c.name: _cell(st, c) for c in schema.columns})


def generate(schema: FeatureSchema, *, examples: int = 200, seed: int = 0) -> list[Row]:
    """Rows inside the contract, drawn by hypothesis; the same seed gives the same rows. No database, no deadline."""
    hypothesis = _hypothesis()
    found: list[Row] = []
    settings = hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    def keep(row: Row) -> None:
        found.append(row)

    hypothesis.seed(seed)(settings(hypothesis.given(rows(schema))(keep)))()
    return found


def judge_inside(
    model: Model, schema: FeatureSchema, candidates: Sequence[Row], *, time_limit: float = TIME_LIMIT
) -> Verdict:
    """Asks the model for every row: no crash, no hang, no non-finite output inside the contract.

    Returns:
        Passed with the number of rows; failed with the smallest row of each kind of problem (three at most).
    """
    bad = find_bad(model, schema, candidates, time_limit=time_limit)
    n = len(candidates)
    share = Measurement(name="inputs inside the contract without a usable answer", value=len(bad), max=0, n=n)
    if not bad:
        return Verdict(outcome="passed", message=f"{n} inputs inside the contract answered", measurements=(share,))
    findings = _findings(model, schema, [candidates[i] for i in bad], time_limit=time_limit)
    lines = [f"{len(bad)} of {n} inputs inside the contract got no usable answer, expected 0."]
    lines += [f"The model {f.problem} for {describe(f.changed)} ({f.rows} like it)" for f in findings]
    lines += ["Next step: handle that input in the model's pipeline, or narrow the contract in the item's settings."]
    examples = tuple(
        Measurement(name=f"smallest input: {f.problem}", value=describe(f.row, limit=1000)) for f in findings
    )
    return Verdict(outcome="failed", message="\n".join(lines), measurements=(share, *examples))


def find_bad(
    model: Model, schema: FeatureSchema, candidates: Sequence[Row], *, time_limit: float = TIME_LIMIT
) -> list[int]:
    """Positions of the rows that the model cannot answer: by one call for all, halved only where a call crashes."""
    bad: list[int] = []
    pending = [range(len(candidates))]
    while pending:
        part = pending.pop()
        answer = _ask_rows(model, schema, [candidates[i] for i in part], time_limit)
        if answer.hung:
            return sorted([*bad, *part])  # each further half would wait for the limit again
        if answer.crashed and len(part) > 1:
            middle = len(part) // 2
            pending += [part[:middle], part[middle:]]
        else:
            bad += [i for i, is_bad in zip(part, answer.bad_rows(), strict=True) if is_bad]
    return sorted(bad)


def shrink(row: Row, typical: Row, still_bad: Callable[[Row], bool]) -> Row:
    """The row with as many cells as possible set to their typical value while `still_bad` holds.

    One pass over the columns repeated until nothing changes, so that what is left is needed (Zeller and Hildebrandt
    2002, Simplifying and Isolating Failure-Inducing Input, with single columns as the parts).
    """
    if still_bad(typical):
        return dict(typical)
    smallest, before = dict(row), None
    while smallest != before:
        before = dict(smallest)
        for name, value in typical.items():
            candidate = {**smallest, name: value}
            if not _same(smallest[name], value) and still_bad(candidate):
                smallest = candidate
    return smallest


def describe(row: Row, *, limit: int = 160) -> str:
    """The row as one line, for messages."""
    if not row:
        return "an ordinary row"
    return shorten(", ".join(f"{name} = {value!r}" for name, value in row.items()), limit)


def _findings(model: Model, schema: FeatureSchema, bad: list[Row], *, time_limit: float) -> list[Finding]:
    """One finding for each kind of problem among at most 50 bad rows, most frequent first, three at most."""
    kinds: dict[str, list[Row]] = {}
    for row in bad[:50]:
        answer = _ask_rows(model, schema, [row], time_limit)
        kinds.setdefault(_kind(answer), []).append(row)
        if answer.hung:
            break
    ranked = sorted(kinds.items(), key=lambda pair: -len(pair[1]))[:3]
    return [_smallest(model, schema, group, kind, time_limit) for kind, group in ranked]


def _smallest(model: Model, schema: FeatureSchema, group: list[Row], kind: str, time_limit: float) -> Finding:
    typical = schema.typical()

    def still_bad(row: Row) -> bool:
        return _kind(_ask_rows(model, schema, [row], time_limit)) == kind

    fewest = min(group, key=lambda row: len(_changed(row, typical)))
    smallest = fewest if kind == "hang" else shrink(fewest, typical, still_bad)
    problem = _ask_rows(model, schema, [smallest], time_limit).problem() or f"{kind} only among other rows"
    return Finding(row=smallest, changed=_changed(smallest, typical), problem=problem, rows=len(group))


def _kind(answer: Answer) -> str:
    if answer.hung:
        return "hang"
    if answer.error is not None:
        return type(answer.error).__name__
    return "unusable" if answer.bad_rows().any() else ""


def _ask_rows(model: Model, schema: FeatureSchema, candidates: Sequence[Row], time_limit: float) -> Answer:
    return ask(model, schema.frame(candidates), time_limit=time_limit)


def _changed(row: Row, typical: Row) -> Row:
    return {name: value for name, value in row.items() if not _same(value, typical[name])}


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))


def _edges(column: Column) -> list[Any]:
    """Values at the edges of one column, lowest and highest first, null last."""
    values: list[Any] = [v for v in (column.min, column.max) if v is not None and column.kind != "text"]
    if column.kind in ("numeric", "integer") and values and column.min < 0 < column.max:
        values.append(type(column.min)(0))
    if column.kind in ("category", "boolean"):
        values = list(column.categories)
    if column.kind == "text":
        values = ["a" * int(column.min), "a" * int(column.max)]
    return [*values, None] if column.nullable else values


def _cell(st: Any, column: Column) -> Any:
    cell = st.one_of(*_likely(st, column))
    return st.one_of(cell, st.none()) if column.nullable else cell


def _likely(st: Any, column: Column) -> Iterator[Any]:
    """Strategies for one cell: its edges, then anything between them."""
    edges = [v for v in _edges(column) if v is not None]
    yield st.sampled_from(edges) if edges else st.just(column.typical)
    if column.min is None:
        return
    if column.kind == "integer":
        whole = st.integers(math.ceil(column.min), math.floor(column.max))
        yield whole if column.dtype.is_integer() else whole.map(float)
    elif column.kind == "numeric":
        yield st.floats(float(column.min), float(column.max), allow_nan=False, allow_infinity=False)
    elif column.kind == "text":
        longest = min(int(column.max), _MAX_TEXT)
        yield st.text(
            st.characters(exclude_categories=("Cs", "Cc", "Cn")),
            min_size=min(int(column.min), longest),
            max_size=longest,
        )
    elif column.kind == "datetime":
        yield st.integers(0, 1000).map(lambda part: column.min + (column.max - column.min) * part / 1000)


def _hypothesis() -> Any:
    try:
        import hypothesis
        import hypothesis.strategies
    except ImportError:
        raise MissingExtra("hypothesis", "robustness", "making inputs from the contract") from None
    return hypothesis
