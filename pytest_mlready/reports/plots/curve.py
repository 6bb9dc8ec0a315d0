"""Draws one or more lines over an axis, with bounds, limits and marks: load over time, age against quality, ROC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from pytest_mlready.reports.plots import axes, canvas, lanes
from pytest_mlready.reports.plots.curve_data import described
from pytest_mlready.reports.plots.numbers import known, shown
from pytest_mlready.reports.plots.paths import pieces, places, thinned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.reports.plots.axes import Axis
    from pytest_mlready.reports.plots.curve_data import Curve
    from pytest_mlready.reports.plots.paths import Points

HEIGHT, SQUARE = 150.0, 300.0
LEFT, RIGHT = 52.0, canvas.WIDTH - 8
ACROSS, LEGEND = 2, 17.0  # names in a row of the legend; units from one row to the next
DOTS = 30  # points that are few enough to be marked one by one


def draw(title: str, curve: Curve, most: int) -> Markup:
    """The picture, or nothing without a point."""
    xs = known(curve.x)
    if not xs or not curve.ys:
        return Markup("")
    if curve.two:
        return lanes.draw(title, curve, most)
    named = bool(curve.y_label) and len(curve.lines) == 1
    top = canvas.LINE * (len(curve.limits) + len(curve.marks) + named) + 8
    end = top + (SQUARE if curve.diagonal else HEIGHT)
    right = LEFT + SQUARE if curve.diagonal else RIGHT
    whole = [0.0, 1.0] if curve.diagonal else []
    across = axes.linear([*xs, *curve.marks.values(), *whole], LEFT, right, unit=curve.x_unit, pad=0)
    air = 0 if whole else 0.06
    upwards = axes.linear([*curve.ys, *whole], end, top, unit=curve.unit, zero=min(curve.ys) >= 0, pad=air)
    parts = [
        canvas.below(across, end, axes.labels(across.ticks(), curve.x_unit), top=top),
        canvas.beside(upwards, LEFT, axes.labels(upwards.ticks(4), curve.unit), right=right),
        *_reference(curve, across, upwards),
        *(_line(curve, n, across, upwards, most) for n in range(len(curve.lines))),
        *_limits(curve, across, upwards),
        *_marks(curve, across, end),
        *_labels(curve, across, top, end),
        *_legend(curve, end + 2 * canvas.LINE),
    ]
    legend = LEGEND * -(-len(curve.lines) // ACROSS) + 4 if len(curve.lines) > 1 else 0.0
    return canvas.drawing(title, described(curve), end + 2 * canvas.LINE + legend + 6, *parts)


def _reference(curve: Curve, across: Axis, upwards: Axis) -> list[Markup]:
    """What the line is to be seen against: its bounds as an area, the diagonal."""
    low = _places(curve.x, [a for a, _ in curve.band], across, upwards)
    high = _places(curve.x, [b for _, b in curve.band], across, upwards)
    parts = [canvas.path([*low, *reversed(high)], "band", closed=True)] if low and len(low) == len(high) else []
    if curve.diagonal:
        parts.append(canvas.line(across.at(0), upwards.at(0), across.at(1), upwards.at(1), "diagonal"))
    return parts


def _line(curve: Curve, n: int, across: Axis, upwards: Axis, most: int) -> Markup:
    ys = list(curve.lines.values())[n]
    found = [thinned(piece, most) for piece in pieces(places(curve.x, ys, across, upwards))]
    parts = [canvas.path(piece, f"line line{n}") for piece in found if len(piece) > 1]
    if len(curve.x) <= DOTS:
        parts += [
            canvas.element("circle", cx=x, cy=y, r=2.6, class_=f"dot line{n}") for piece in found for x, y in piece
        ]
    return Markup("").join(parts)


def _places(xs: Sequence[float | None], ys: Sequence[float | None], across: Axis, upwards: Axis) -> Points:
    return [place for place in places(xs, ys, across, upwards) if place is not None]


def _limits(curve: Curve, across: Axis, upwards: Axis) -> Iterator[Markup]:
    """Lines across, each named in a row of its own above the picture."""
    for row, (name, value) in enumerate(curve.limits.items(), 1):
        words = canvas.fitted(f"– – {name} {shown(value, curve.unit)}", across.end - LEFT)
        yield canvas.line(LEFT, upwards.at(value), across.end, upwards.at(value), "limit")
        yield canvas.text(LEFT, canvas.LINE * row - 2, words, class_="name")


def _marks(curve: Curve, across: Axis, end: float) -> Iterator[Markup]:
    """Lines upwards, named in the rows below those of the limits."""
    rows = list(enumerate(curve.marks.items(), 1 + len(curve.limits)))
    for row, (_, value) in rows:
        yield canvas.line(across.at(value), canvas.LINE * row + 1, across.at(value), end, "mark")
    for row, (name, value) in rows:
        words = canvas.fitted(f"{name} {shown(value)} {curve.x_unit}".strip(), canvas.WIDTH / 2)
        yield canvas.text(*canvas.inside(across.at(value), canvas.LINE * row - 2, words), class_="value")


def _labels(curve: Curve, across: Axis, top: float, end: float) -> Iterator[Markup]:
    room = (across.end - across.start) / 2
    if curve.x_label:
        words = canvas.fitted(curve.x_label, room)
        yield canvas.text(across.end, end + 2 * canvas.LINE, words, anchor="end", class_="axis")
    if curve.y_label and len(curve.lines) == 1:
        yield canvas.text(LEFT, top - 5, canvas.fitted(curve.y_label, room), class_="axis")


def _legend(curve: Curve, y: float) -> list[Markup]:
    """Names of the lines, where there are several, each beside a piece of its line."""
    if len(curve.lines) < 2:
        return []
    y += LEGEND + 2 if curve.x_label else 0
    parts, room = [], (RIGHT - LEFT) / ACROSS
    for n, name in enumerate(curve.lines):
        x, at = LEFT + room * (n % ACROSS), y + LEGEND * (n // ACROSS)
        parts += [
            canvas.line(x, at - 4, x + 16, at - 4, f"line line{n}"),
            canvas.text(x + 20, at, canvas.fitted(name, room - 22)),
        ]
    return parts
