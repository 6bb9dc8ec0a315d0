"""Maps numbers to places on an axis and picks round ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_mlready.reports.plots import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)  # steps between ticks, times a power of ten
WIDE = 10  # largest over smallest, from which positive values are easier to read on a logarithmic axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A stretch of numbers and the stretch of the drawing that shows it.

    Attributes:
        low, high: Numbers at the ends; low < high.
        start, end: Places of the ends, in units of the drawing; start may lie beyond end (y grows downwards).
        log: Logarithmic; low is then positive.
        factor: From the numbers to those that the labels show, which are to be the round ones (seconds to minutes).
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    factor: float = 1.0

    def at(self, value: float) -> float:
        """The place of a number; one beyond the ends is drawn at the nearer end."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        """At most that many round numbers within the ends, ascending."""
        if self.log:
            return _powers(self.low, self.high, most)
        return [tick / self.factor for tick in _round(self.low * self.factor, self.high * self.factor, most)]

    def step(self, share: float) -> float:
        """The number at a share (0 to 1) of the way from low to high."""
        if self.log:
            return self.low * math.exp(share * math.log(self.high / self.low))
        return self.low + share * (self.high - self.low)


def linear(  # noqa: PLR0913 - one knob each
    values: Iterable[float], start: float, end: float, *, unit: str = "", zero: bool = False, pad: float = 0.06
) -> Axis:
    """An axis that holds all values with some air around them; with `zero`, zero is on it and is never padded."""
    found = list(values) or [0.0, 1.0]
    low, high = min(found), max(found)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not high - low > max(abs(low), abs(high)) * 1e-12:
        room = abs(high) / 2 or 1.0
        low, high = (low if zero and not low else low - room), high + room
    air = pad * (high - low)
    low, high = (low if zero and not low else low - air), (high if zero and not high else high + air)
    factor, _ = numbers.scaled(unit, max(abs(low), abs(high)))
    return Axis(low=low, high=high, start=start, end=end, factor=factor)


def positive(values: Iterable[float], start: float, end: float, *, unit: str = "") -> Axis:
    """An axis for durations and the like: logarithmic where they differ widely, else linear from their smallest."""
    found = list(values)
    if found and min(found) > 0 and max(found) > WIDE * min(found):
        return Axis(low=min(found) / 1.1, high=max(found) * 1.1, start=start, end=end, log=True)
    return linear(found, start, end, unit=unit)


def labels(ticks: list[float], unit: str) -> list[str]:
    """The ticks in words, with just the digits that tell them apart."""
    factor, name = numbers.scaled(unit, max(map(abs, ticks), default=0.0))
    written = [tick * factor for tick in ticks]
    step = min((b - a for a, b in pairwise(written)), default=0.0)
    largest = max(map(abs, written), default=0.0)
    if largest >= 1e6 or (step and step < 1e-4) or (not step and 0 < largest < 1e-4):
        plain = [f"{value:.3g}" for value in written]
    else:
        digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 2
        digits += bool(step) and abs(step * 10**digits - round(step * 10**digits)) > 1e-6
        plain = [f"{value:,.{digits}f}" for value in written]
    plain = ["0" if word.strip("-0.") == "" else word for word in plain]
    return [word + "%" if name == "%" else numbers.united(word, name) for word in plain]


def _round(low: float, high: float, most: int) -> list[float]:
    raw = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    steps = [step * power for step in ROUND if step * power >= raw * (1 - 1e-9)] or [10 * power]
    step = steps[0]
    first = math.ceil(low / step - 1e-9)
    found = [(first + n) * step for n in range(most + 1)]
    return [tick for tick in found if low - 1e-9 * step <= tick <= high + 1e-9 * step]


def _powers(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, with twos and fives between them where there is room, every second where there is none."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for parts in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = [p * 10.0**e for e in range(first, last + 1) for p in parts]
        found = [tick for tick in found if low <= tick <= high]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]
