"""Draws how values are spread, with the percentiles that were measured and the limits that were set for them."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pytest_mlready.reports.plots import axes, canvas
from pytest_mlready.reports.plots.bars import limits
from pytest_mlready.reports.plots.numbers import known, number, numbers, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.reports.plots.axes import Axis

MOST = 40  # bins
HEIGHT = 130.0
LEFT, RIGHT = 8.0, canvas.WIDTH - 8
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def marks(data: Mapping[str, Any], values: Sequence[float]) -> dict[str, float]:
    """The percentiles that stand in the data, else those of the values (inverted distribution function)."""
    given = data.get("marks")
    if isinstance(given, dict):
        named = {str(k): number(v) for k, v in given.items()}
        return {name: value for name, value in named.items() if value is not None}
    ordered = sorted(values)
    return {name: ordered[max(0, math.ceil(q * len(ordered)) - 1)] for name, q in SHARES.items()} if ordered else {}


def bins(values: Sequence[float], axis: Axis) -> list[tuple[float, float, int]]:
    """(from, to, count) in equal steps of the axis; Sturges' number of bins, twice, 40 at most."""
    count = min(MOST, 2 * math.ceil(math.log2(len(values) + 1)) + 1)
    low, high = _share(axis, min(values)), _share(axis, max(values))
    edges = [axis.step(low + (high - low) * n / count) for n in range(count + 1)]
    counts = [0] * count
    for value in values:
        counts[min(max(bisect_left(edges, value) - 1, 0), count - 1)] += 1
    return [(a, b, n) for (a, b), n in zip(pairwise(edges), counts, strict=True)]


def _share(axis: Axis, value: float) -> float:
    return (axis.at(value) - axis.start) / (axis.end - axis.start)


def draw(title: str, data: Mapping[str, Any], most: int) -> Markup:  # noqa: ARG001 - bins are few whatever is given
    """The picture, or nothing without a number."""
    values = known(numbers(data.get("values")))
    if not values:
        return Markup("")
    unit, held, found = str(data.get("unit", "")), limits(data), marks(data, values)
    axis = _axis(values, held, found, unit)
    top = canvas.LINE * (len(found) + len(held)) + 8
    end = top + HEIGHT
    spread = bins(values, axis)
    highest = max(count for *_, count in spread)
    parts = [canvas.below(axis, end, axes.labels(axis.ticks(), unit), top=top)]
    for low, high, count in spread:
        tall = HEIGHT * count / highest
        parts += [canvas.rectangle(axis.at(low), end - tall, axis.at(high) - axis.at(low) - 0.5, tall, "bar")] * (
            count > 0
        )
    parts += _named(axis, found, held, unit, end)
    scale = f"logarithmic axis, {len(values):,} values" if axis.log else f"{len(values):,} values"
    parts.append(canvas.text(RIGHT, end + 2 * canvas.LINE + 2, scale, anchor="end", class_="axis"))
    return canvas.drawing(title, described(values, found, held, unit), end + 2 * canvas.LINE + 8, *parts)


def _axis(values: Sequence[float], held: Mapping[str, float], found: Mapping[str, float], unit: str) -> Axis:
    return axes.positive([*values, *held.values(), *found.values()], LEFT, RIGHT, unit=unit)


def _named(axis: Axis, found: Mapping[str, float], held: Mapping[str, float], unit: str, end: float) -> list[Markup]:
    """Each percentile and each limit as a line with its name, one name a row, so that none hides another."""
    named = [(name, value, "mark") for name, value in found.items()]
    named += [(f"{name} at most", value, "limit") for name, value in held.items()]
    lines, words = [], []
    for row, (name, value, class_) in enumerate(named, 1):
        x, y = axis.at(value), canvas.LINE * row - 2
        said = canvas.fitted(f"{name} {shown(value, unit)}", canvas.WIDTH / 2)
        lines.append(canvas.line(x, y + 3, x, end, class_))
        words.append(canvas.text(*canvas.inside(x, y, said), class_="name" if class_ == "limit" else "value"))
    return lines + words


def described(values: Sequence[float], found: Mapping[str, float], held: Mapping[str, float], unit: str) -> str:
    """Extent, percentiles and limits in words."""
    told = [f"{len(values):,} values from {shown(min(values), unit)} to {shown(max(values), unit)}"]
    told += [f"{name} {shown(value, unit)}" for name, value in found.items()]
    return "; ".join(told + [f"limit of {name} {shown(value, unit)}" for name, value in held.items()])


def table(data: Mapping[str, Any], most: int) -> tuple[list[str], list[list[Any]], int]:
    """Header and rows of the bins that hold anything, and how many those are; all of them or none."""
    values, unit = known(numbers(data.get("values"))), str(data.get("unit", ""))
    header = ["From", "To", "Count"]
    if not values:
        return header, [], 0
    spread = bins(values, _axis(values, limits(data), marks(data, values), unit))
    rows = [[shown(low, unit), shown(high, unit), count] for low, high, count in spread if count]
    return header, rows if most else [], len(rows)
