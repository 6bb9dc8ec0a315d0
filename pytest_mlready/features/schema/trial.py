"""Tries a schema on damaged copies of a batch that it accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import polars as pl

    from pytest_mlready.features.schema.expectations import Checked, Schema
    from pytest_mlready.features.schema.mutants import Kind, Mutant


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one mutant.

    Attributes:
        kind, told, columns: Of the mutant.
        rejected: Whether the schema objects.
    """

    kind: Kind
    told: str
    columns: tuple[str, ...]
    rejected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """All mutants of one batch.

    Attributes:
        healthy: What the schema says of the batch without damage.
        tolerance: Share of rows that may be refused in a batch that is accepted.
        tried: Each mutant; none where the undamaged batch is refused, since then a refusal means nothing.
        possible: How many mutants there would have been.
    """

    healthy: Checked
    tolerance: float
    tried: tuple[Tried, ...]
    possible: int

    @property
    def rejected(self) -> int:
        return sum(one.rejected for one in self.tried)


def run(  # noqa: PLR0913 - what is tried, on what, and how it is judged
    schema: Schema,
    batch: pl.DataFrame,
    mutants: Iterable[Mutant],
    *,
    possible: int,
    tolerance: float,
    progress: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Whether the schema rejects each mutant of a batch.

    Args:
        schema: Of any form.
        batch: Rows as they should be, shape (n, d).
        mutants: Made from this batch.
        possible: How many there would have been.
        tolerance: Share of rows that may be refused.
        progress: Told what is going on.
    """
    healthy = schema.check(batch)
    tried: list[Tried] = []
    for mutant in mutants if healthy.accepted(tolerance) else ():
        progress(f"schema: {mutant.kind}, {mutant.told}")
        rejected = not schema.check(mutant.of(batch)).accepted(tolerance)
        tried.append(Tried(kind=mutant.kind, told=mutant.told, columns=mutant.columns, rejected=rejected))
    progress("")
    return Trial(healthy=healthy, tolerance=tolerance, tried=tuple(tried), possible=possible)
