"""Tests the tester: how often a detector alarms on resamples of the reference, and how often it sees planted faults."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.bounds import clopper_pearson
from pytest_mlready.drift.windows import Windows, with_current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.drift.faults import Fault
    from pytest_mlready.drift.findings import Detector


DISTINCT = 0.9  # share of distinct values from which a column counts as continuous
PARTED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often something happened.

    Attributes:
        name: What.
        hits: Trials in which it did.
        trials: All of them.
        refused: Trials without a hit in which the detector said that the sample cannot tell.
        columns: Columns that were alarmed without a fault, or missed in spite of one, with how often.
    """

    name: str
    hits: int
    trials: int
    refused: int = 0
    columns: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> float:
        return self.hits / self.trials

    def lower(self, confidence: float) -> float:
        """One-sided lower bound, Clopper and Pearson's."""
        return float(clopper_pearson(self.hits, self.trials, confidence=confidence, sides=1)[0])

    def upper(self, confidence: float, *, with_refused: bool = False) -> float:
        """One-sided upper bound; refused trials count as hits where asked."""
        hits = self.hits + (self.refused if with_refused else 0)
        return float(clopper_pearson(hits, self.trials, confidence=confidence, sides=1)[1])


@dataclass(slots=True, kw_only=True)
class Resampler:
    """Draws pairs of windows from the reference alone, with replacement: between them nothing has changed.

    Whole blocks are drawn where rows depend on one another. A window of more than `most` rows is drawn with so many.
    Rows that are drawn twice would tie where measurements never do, and tests for continuous values alarm too seldom
    then: columns of floats that are nearly all distinct are moved by a billionth of their spread.
    """

    windows: Windows
    rng: np.random.Generator
    most: int
    members: list[NDArray[np.intp]] = field(init=False)
    continuous: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.continuous = dict(_continuous(self.windows.reference))
        self.members = [] if self.windows.blocks is None else _members(self.windows.blocks[0])

    def sizes(self) -> tuple[int, int]:
        """Rows of the reference and of the current window as drawn; with blocks, about."""
        return min(self.windows.reference.height, self.most), min(self.windows.current.height, self.most)

    def draw(self) -> Windows:
        """Two windows in which nothing has changed."""
        frame = self.windows.reference
        (first, left), (second, right) = (self._rows(side) for side in (0, 1))
        blocks = None if left is None or right is None else (left, right)
        return Windows(
            reference=self._parted(frame[first]), current=self._parted(frame[second]),
            text=self.windows.text, blocks=blocks,
        )  # fmt: skip

    def _parted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Twins parted, where values are continuous."""
        return frame.with_columns(
            frame[column].cast(pl.Float64) + scale * self.rng.random(frame.height)
            for column, scale in self.continuous.items()
        )

    def _rows(self, side: int) -> tuple[NDArray[np.intp], NDArray[np.intp] | None]:
        size = self.sizes()[side]
        if self.windows.blocks is None:
            return self.rng.integers(0, self.windows.reference.height, size), None
        codes = self.windows.blocks[side]
        count = max(1, round(len(np.unique(codes)) * size / len(codes)))
        drawn = [self.members[i] for i in self.rng.integers(0, len(self.members), count)]
        return np.concatenate(drawn), np.repeat(np.arange(count), [len(rows) for rows in drawn])


def _continuous(frame: pl.DataFrame) -> Iterator[tuple[str, float]]:
    """Columns of continuous values, and how far their twins are parted."""
    for column in frame.iter_columns():
        if not column.dtype.is_float():
            continue
        finite = column.filter(column.is_finite().fill_null(value=False))
        if len(finite) and finite.n_unique() > DISTINCT * len(finite):
            yield column.name, PARTED * float(np.std(finite.to_numpy()))


def _members(codes: NDArray[np.intp]) -> list[Any]:
    """Row numbers of each block."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def affordable(detector: Detector, resampler: Resampler, wanted: int, budget: float) -> int:
    """Trials that fit into `budget` seconds, at least one and at most `wanted`, by the time of one (the second)."""
    detector(resampler.draw())  # what is imported or cached at first counts once
    start = time.perf_counter()
    detector(resampler.draw())
    return int(max(1, min(wanted, budget / max(time.perf_counter() - start, 1e-9))))


def false_alarms(
    detector: Detector, resampler: Resampler, trials: int, progress: Callable[[str], None] = lambda _: None
) -> Rate:
    """How often the detector alarms although nothing has changed, in any column."""
    alarmed: Counter[str] = Counter()
    hits = refused = 0
    for trial in range(trials):
        progress(f"drift: false alarms, trial {trial + 1} of {trials}")
        found = detector(resampler.draw())
        alarmed.update(found.alarmed)
        hits += bool(found.alarmed)
        refused += not found.alarmed and bool(found.of("refused"))
    return Rate(name="false alarms", hits=hits, trials=trials, refused=refused, columns=tuple(alarmed.most_common(5)))


def powers(
    detector: Detector,
    resampler: Resampler,
    faults: Sequence[Fault],
    trials: int,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Rate]:
    """How often the detector alarms on the very column that broke, for each fault that any column can have."""
    reference = resampler.windows.reference
    fitting = [(fault, [c for c in reference.columns if fault.fits(reference[c])]) for fault in faults]
    return [_power(detector, resampler, f, columns, trials, progress) for f, columns in fitting if columns]


def _power(  # noqa: PLR0913, PLR0917 - private, and each is one thing
    detector: Detector, resampler: Resampler, fault: Fault, columns: Sequence[str], trials: int,
    progress: Callable[[str], None],
) -> Rate:  # fmt: skip
    """Columns take turns."""
    missed: Counter[str] = Counter()
    refused = 0
    for trial in range(trials):
        progress(f"drift: {fault.name}, trial {trial + 1} of {trials}")
        drawn, column = resampler.draw(), columns[trial % len(columns)]
        found = detector(with_current(drawn, fault.plant(drawn.current[column], resampler.rng)))
        if column not in found.alarmed:
            missed[column] += 1
            refused += any(f.column == column for f in found.of("refused"))
    hits = trials - missed.total()
    return Rate(name=fault.name, hits=hits, trials=trials, refused=refused, columns=tuple(missed.most_common(5)))
