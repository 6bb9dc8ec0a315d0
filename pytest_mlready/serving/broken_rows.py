"""Makes rows that break a service's schema out of the good request, one field of one row at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import Inconclusive, ReadinessError
from pytest_mlready.serving.requests import mutations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.serving.requests.mutations import Place
    from pytest_mlready.serving.requests.specimen import Specimen

FIELDS = 6  # fields of a row that are broken in each way; of a row with more, those spread evenly over it
FAR = 10**12  # beyond the range of any quantity that a schema bounds
WORD = "mlready-no-such-value"
TIMES = 3  # requests with several rows
CERTAIN = "wrong type"  # the one kind that is no row of the good request's form whatever the schema leaves open
TABLED = frozenset({"datatype", "shape"})  # of an entry that is a column of the Open Inference Protocol, and no row


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Where a body has its rows.

    Attributes:
        body: The good body with its first row alone, where it has a list of them.
        place: Of that list; None where the body itself is the row.
        row: The first row.
    """

    body: Any
    place: Place | None
    row: Any

    def holding(self, *rows: Any) -> Any:
        """The body with these rows; one alone where it takes no list."""
        return rows[0] if self.place is None else mutations.put(self.body, self.place, list(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Bodies with rows that break the schema in one way.

    Attributes:
        kind: The way.
        bodies: One for each request.
        rows: Broken rows in all of them.
    """

    kind: str
    bodies: tuple[Any, ...]
    rows: int


def form(value: Any) -> Form:
    """Finds the rows of a good body: its first list of tables or lists; without one the body is the row.

    Raises:
        Inconclusive: The body is no table and holds no rows.
    """
    for place, entries in mutations.containers(value, list):
        if entries and all(isinstance(e, dict | list) and e for e in entries) and not _columns(entries):
            return Form(body=mutations.put(value, place, entries[:1]), place=place, row=entries[0])
    if not isinstance(value, dict):
        raise Inconclusive("the good request holds no JSON with rows, so that none can be broken")
    return Form(body=value, place=None, row=value)


def _columns(entries: Sequence[Any]) -> bool:
    return any(isinstance(e, dict) and set(e) >= TABLED for e in entries)


def batches(good: Specimen, shape: Form) -> list[Batch]:
    """Rows of every kind that the service's own document excludes; without a schema those of another type alone.

    Raises:
        Inconclusive: The document excludes none of them: what breaks its schema is not known.
    """
    kinds: dict[str, list[Any]] = {}
    for kind, row in _broken(shape.row):
        if _excluded(good, shape.holding(row), kind):
            kinds.setdefault(kind, []).append(row)
    if not kinds:
        raise Inconclusive(
            "the service's document allows every row that was tried, so that what breaks its schema is not known",
            fix='write types and bounds into the schema of the request, or invalid = "file with a JSON list of rows"',
        )
    chosen = {kind: mutations.spread(rows, FIELDS) for kind, rows in kinds.items()}
    made = [
        Batch(kind=kind, bodies=tuple(shape.holding(r) for r in rows), rows=len(rows)) for kind, rows in chosen.items()
    ]
    return [*made, *_together(good, shape, [row for rows in chosen.values() for row in rows])]


def given(shape: Form, rows: Any, where: str) -> Batch:
    """The rows of the team's own file.

    Raises:
        ReadinessError: They are no list of rows.
    """
    if not isinstance(rows, list) or not rows or not all(isinstance(row, type(shape.row)) for row in rows):
        kind = "tables" if isinstance(shape.row, dict) else "lists"
        raise ReadinessError(f"{where} holds no rows", expected=f"a JSON list of {kind}, each a row that is invalid")
    return Batch(kind="rows of the team's", bodies=tuple(shape.holding(row) for row in rows), rows=len(rows))


def _together(good: Specimen, shape: Form, broken: list[Any]) -> Iterator[Batch]:
    """Two broken rows around a good one, in one request, where a request may hold three."""
    if shape.place is None or len(broken) < 2 or good.excluded(shape.holding(*[shape.row] * 3)):
        return
    body = shape.holding(broken[0], shape.row, broken[-1])
    yield Batch(kind="two rows of a batch", bodies=(body,) * TIMES, rows=2 * TIMES)


def _excluded(good: Specimen, body: Any, kind: str) -> bool:
    return kind == CERTAIN if good.schema is None else bool(good.excluded(body))


def _broken(row: Any) -> Iterator[tuple[str, Any]]:
    """(kind, row) for every field and each way in which it can break."""
    for place, leaf in mutations.leaves(row):
        for kind, value in _values(leaf):
            yield kind, mutations.put(row, place, value)
    if isinstance(row, dict):
        for name in row:
            yield "missing field", {k: v for k, v in row.items() if k != name}
        yield "unknown field", {**row, "mlready_unknown": 1}


def _values(leaf: Any) -> Iterator[tuple[str, Any]]:
    number = isinstance(leaf, int | float) and not isinstance(leaf, bool)
    if number:
        yield CERTAIN, WORD
        yield "out of range", FAR
    elif isinstance(leaf, str):
        yield CERTAIN, [leaf]
        yield "unknown word", WORD
    if leaf is not None:
        yield "null", None
