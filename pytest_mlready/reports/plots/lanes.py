"""Draws answers over time, yes or no, one lane each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.reports.plots import axes, canvas
from pytest_mlready.reports.plots.curve_data import described
from pytest_mlready.reports.plots.numbers import known
from pytest_mlready.reports.plots.paths import pieces, places, thinned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from pytest_mlready.reports.plots.axes import Axis
    from pytest_mlready.reports.plots.curve_data import Curve

NAMES = 116.0  # units for the names at the left
LANE = 34.0
RIGHT = canvas.WIDTH - 8


def draw(title: str, curve: Curve, most: int) -> Markup:
    """One lane a line, filled while it says yes: three lines of 0 and 1 over one another cannot be read."""
    end = 4 + LANE * len(curve.lines)
    across = axes.linear(known(curve.x), NAMES + 8, RIGHT, unit=curve.x_unit, pad=0)
    parts = [canvas.below(across, end, axes.labels(across.ticks(), curve.x_unit), top=4)]
    for n, (name, ys) in enumerate(curve.lines.items()):
        top = 4 + LANE * n
        lane = axes.linear([0.0, 1.0], top + LANE - 6, top + 6, pad=0)
        parts += [
            canvas.text(NAMES, top + LANE / 2 + 4, canvas.fitted(name, NAMES), anchor="end"),
            *_lane(ys, curve, across, lane, most),
        ]
    parts.append(
        canvas.text(RIGHT, end + 2 * canvas.LINE, canvas.fitted(curve.x_label, 220), anchor="end", class_="axis")
        + canvas.text(0, end + 2 * canvas.LINE, "filled: yes", class_="axis")
    )
    return canvas.drawing(title, described(curve), end + 2 * canvas.LINE + 6, *parts)


def _lane(ys: Sequence[float | None], curve: Curve, across: Axis, lane: Axis, most: int) -> Iterator[Markup]:
    """The answers as a stepped line, and the area under it."""
    for piece in pieces(_stepped(curve.x, ys, across, lane)):
        points = thinned(piece, most)
        yield canvas.path([*points, (points[-1][0], lane.at(0)), (points[0][0], lane.at(0))], "band", closed=True)
        yield canvas.path(points, "line line0")


def _stepped(
    xs: Sequence[float | None], ys: Sequence[float | None], across: Axis, upwards: Axis
) -> list[tuple[float, float] | None]:
    """The same points with corners: between two looks the earlier answer stands."""
    found: list[tuple[float, float] | None] = []
    for place in places(xs, ys, across, upwards):
        if found and place is not None and (before := found[-1]) is not None:
            found.append((place[0], before[1]))
        found.append(place)
    return found
