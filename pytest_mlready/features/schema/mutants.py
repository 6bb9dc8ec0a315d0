"""Makes damaged copies of a training batch: each one really different, and really unlike what training data hold."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal, get_args

from pytest_mlready.features.schema import faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl

    from pytest_mlready.features.schema.seen import Seen

Kind = Literal["range", "null", "category", "type", "unit", "swap"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Share of rows that must look unlike the training data for a change of unit or of columns to be a violation that
# anybody could see. A convention.
VISIBLE = 0.01
SWAPPED = ("number", "category")  # families of which two columns are taken for one another


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault in a copy of a batch.

    Attributes:
        kind: What is wrong.
        told: Where and how, for messages.
        damaged: The columns that changed, as they are now.
    """

    kind: Kind
    told: str
    damaged: tuple[pl.Series, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(values.name for values in self.damaged)

    def of(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The damaged copy."""
        return batch.with_columns(self.damaged)


def make(batch: pl.DataFrame, seen: Sequence[Seen], *, beyond: float, most: int, seed: int) -> tuple[list[Mutant], int]:
    """Every fault that an input can have, for every input.

    Args:
        batch: Training rows, shape (n, d); at least the columns of `seen`.
        seen: What all training rows hold, one for each input.
        beyond: How far out of range the range mutants lie, in widths of the range.
        most: Mutants at most; of more, as many are drawn.
        seed: Of the draw.

    Returns:
        The mutants, and how many there would have been.
    """
    single = (_of_one(one, batch[one.name], beyond) for one in seen)
    made = list(chain(chain.from_iterable(single), _swaps(seen, batch)))
    if len(made) <= most:
        return made, len(made)
    chosen = sorted(random.Random(seed).sample(range(len(made)), most))  # noqa: S311 - a draw, not a secret
    return [made[n] for n in chosen], len(made)


def _of_one(seen: Seen, values: pl.Series, beyond: float) -> Iterator[Mutant]:
    found: dict[Kind, Iterable[tuple[str, pl.Series]]] = {
        "range": faults.out_of_range(seen, values, beyond),
        "null": faults.missing(seen, values),
        "category": faults.new_category(seen, values),
        "type": faults.other_type(seen, values),
        "unit": faults.other_unit(seen, values),
    }
    for kind, variants in found.items():
        for told, damaged in variants:
            if _differs(values, damaged) and (kind == "type" or _visible(seen, damaged)):
                yield Mutant(kind=kind, told=told, damaged=(damaged,))


def _swaps(seen: Sequence[Seen], batch: pl.DataFrame) -> Iterator[Mutant]:
    """Each input with the next one of its family with which the swap shows, in the order of the inputs."""
    met: set[frozenset[str]] = set()
    for n, first in enumerate(seen):
        for second in chain(seen[n + 1 :], seen[:n]):
            pair = frozenset((first.name, second.name))
            if first.family != second.family or first.family not in SWAPPED:
                continue
            new = faults.swapped(batch[first.name], batch[second.name])
            if _visible(first, new[0]) or _visible(second, new[1]):
                if pair not in met:
                    yield Mutant(kind="swap", told=f"{first.name} and {second.name}", damaged=new)
                met.add(pair)
                break


def _differs(values: pl.Series, damaged: pl.Series) -> bool:
    """Whether anything changed but the type; without a value there is nothing to be of another type."""
    if values.dtype != damaged.dtype:
        return values.null_count() < len(values)
    return not values.equals(damaged)


def _visible(seen: Seen, damaged: pl.Series) -> bool:
    return int(seen.outside(damaged).sum()) >= VISIBLE * len(damaged)
