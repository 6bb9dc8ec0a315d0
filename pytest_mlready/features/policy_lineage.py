"""Follows each input back to the columns it is made from: by the policy's own tables, else by OpenLineage's facet.

OpenLineage's `columnLineage` dataset facet (1-2-0) lists for each column of an output the input columns that it is made
from. Rows that were chosen or sorted by a column (transformations FILTER and SORT alone) carry none of its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.features.policy import matches, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_mlready.features.policy import Policy

MOST_COLUMNS = 100_000  # on the way back from one input
_ROWS_ONLY = frozenset({"FILTER", "SORT"})


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """A column of a source; "" where it is not known which."""

    name: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.name} of {self.source}" if self.source else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where one input comes from.

    Attributes:
        input: Its name.
        steps: All columns on the way back, each with the one that is made from it; the input itself stands first.
        lost: Columns of which nothing says where they come from.
    """

    input: str
    steps: tuple[tuple[Column, Column | None], ...]
    lost: tuple[Column, ...]

    def path(self, column: Column) -> str:
        """How the input is made from a column: "is_husband ← relationship"."""
        made = dict(self.steps)
        words, at = [str(column)], made.get(column)
        while at is not None:
            words.append(str(at))
            at = made.get(at)
        return " ← ".join(reversed(words))


@dataclass(slots=True)
class Facets:
    """What lineage records say of columns: (dataset, column) -> the columns it is made from."""

    made_from: dict[tuple[str, str], tuple[Column, ...]] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)  # plain name -> name

    def of(self, column: Column) -> tuple[Column, ...]:
        return self.made_from.get((column.source, plain(column.name)), ())

    def dataset(self, name: str) -> str:
        """The data set of a name, as the records call it: in full, or by its end ("data/train.parquet"); else ""."""
        found = [known for known in self.datasets if known == name or known.endswith(f"/{name}")]
        return found[0] if len(found) == 1 else ""


def facets(events: Iterable[Any]) -> Facets:
    """Column lineage in OpenLineage events; of a data set that several runs wrote, what the last one says.

    Args:
        events: Parsed events, later ones last. What failed is left out.
    """
    found = Facets()
    for event in events:
        if not isinstance(event, Mapping) or str(event.get("eventType", "")).upper() in ("FAIL", "ABORT"):
            continue
        for output in _tables(event.get("outputs")):
            facet = _inside(output, "facets", "columnLineage")
            if isinstance(facet, Mapping):
                _take(found, _name(output), facet)
    return found


def _take(found: Facets, dataset: str, facet: Mapping[str, Any]) -> None:
    for old in [key for key in found.made_from if key[0] == dataset]:
        del found.made_from[old]
    found.datasets[dataset] = dataset
    everywhere = tuple(_columns(facet.get("dataset")))
    fields = facet.get("fields")
    for name, one in (fields if isinstance(fields, Mapping) else {}).items():
        listed = one.get("inputFields") if isinstance(one, Mapping) else None
        origins = tuple(dict.fromkeys((*_columns(listed), *everywhere)))
        if origins:
            found.made_from[dataset, plain(str(name))] = origins


def _columns(listed: Any) -> Iterator[Column]:
    for one in _tables(listed):
        told = [str(t.get("subtype") or t.get("type") or "").upper() for t in _tables(one.get("transformations"))]
        if isinstance(one.get("field"), str) and not (told and set(told) <= _ROWS_ONLY):
            yield Column(one["field"], _name(one))


def _name(table: Mapping[str, Any]) -> str:
    namespace, name = str(table.get("namespace") or ""), str(table.get("name") or "")
    return name if namespace in ("", "file") else f"{namespace.rstrip('/')}/{name}"


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _inside(table: Mapping[str, Any], *keys: str) -> Any:
    value: Any = table
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def trace(name: str, policy: Policy, known: Facets, *, dataset: str) -> Trace:
    """Goes back from an input, breadth first; each column is met once.

    Args:
        name: The input.
        policy: Its `derived` and `raw` go before the records.
        known: What the records say.
        dataset: The data set that holds the model's inputs, as the records call it; "" where they do not.
    """
    start = Column(name, dataset)
    made: dict[Column, Column | None] = {start: None}
    waiting, lost, ended = [start], [], False
    while waiting and len(made) <= MOST_COLUMNS:
        column = waiting.pop(0)
        origins, ends = _origins(column, policy, known, start)
        ended = ended or ends
        if not origins and not ends:
            lost.append(column)
        for origin in origins:
            if origin not in made:
                made[origin] = column
                waiting.append(origin)
    if not ended and not lost:  # the records go in a circle
        lost.append(start)
    return Trace(input=name, steps=tuple(made.items()), lost=(*lost, *waiting))


def _origins(column: Column, policy: Policy, known: Facets, start: Column) -> tuple[tuple[Column, ...], bool]:
    """What a column is made from, and whether its way ends here in a source."""
    if column == start or not column.source:
        if derived := _derived(column, policy):
            return derived, False
        if sources := [source for source, columns in policy.raw.items() if matches(column.name, columns)]:
            return tuple(Column(column.name, source) for source in sources), False
    recorded = tuple(one for one in known.of(column) if one != column)  # a table that is updated from itself
    return recorded, column != start and bool(column.source) and not recorded


def _derived(column: Column, policy: Policy) -> tuple[Column, ...]:
    found = [columns for derived, columns in policy.derived.items() if matches(column.name, (derived,))]
    return tuple(Column(name) for columns in found for name in columns)
