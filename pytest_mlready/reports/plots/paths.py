"""Turns numbers into the points of a line, with its gaps, and thins lines of many points."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.reports.plots.axes import Axis

Points = list[tuple[float, float]]


def places(
    xs: Sequence[float | None], ys: Sequence[float | None], across: Axis, upwards: Axis
) -> list[tuple[float, float] | None]:
    return [None if x is None or y is None else (across.at(x), upwards.at(y)) for x, y in zip(xs, ys, strict=False)]


def pieces(points: Sequence[tuple[float, float] | None]) -> list[Points]:
    """Stretches without a gap: a line across one would show what nobody measured."""
    found: list[Points] = [[]]
    for place in points:
        if place is None:
            found.append([])
        else:
            found[-1].append(place)
    return [piece for piece in found if piece]


def thinned(points: Points, most: int) -> Points:
    """At most `most` points: the lowest and the highest of each stretch, so that no peak is lost."""
    if len(points) <= most:
        return points
    stretches = max(most // 2, 1)
    kept: Points = []
    for n in range(stretches):
        part = points[n * len(points) // stretches : (n + 1) * len(points) // stretches]
        ends = {part.index(min(part, key=lambda p: p[1])), part.index(max(part, key=lambda p: p[1]))}
        kept += [part[i] for i in sorted(ends)]
    return kept
