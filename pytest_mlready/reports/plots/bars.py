"""Draws one bar for each name, against limits that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pytest_mlready.reports.plots import axes, canvas, names
from pytest_mlready.reports.plots.names import ROW
from pytest_mlready.reports.plots.numbers import number, numbers, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.reports.plots.axes import Axis

VALUE = 62.0  # units for the number behind the longest bar
RIGHT = canvas.WIDTH - VALUE


def limits(data: Mapping[str, Any]) -> dict[str, float]:
    """The limits that are numbers, by name."""
    found = data.get("limits")
    given = {str(k): number(v) for k, v in found.items()} if isinstance(found, dict) else {}
    return {name: value for name, value in given.items() if value is not None}


def pairs(data: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Name and value of every bar that has a number."""
    labels = data.get("labels")
    names = [str(name) for name in labels] if isinstance(labels, list) else []
    both = zip(names, numbers(data.get("values")), strict=False)
    return [(name, value) for name, value in both if value is not None]


def chosen(found: Sequence[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    """Those to show when there are too many: the largest, in the order they came in."""
    order = sorted(range(len(found)), key=lambda i: -abs(found[i][1]))[:most]
    return [found[i] for i in sorted(order)]


def draw(title: str, data: Mapping[str, Any], most: int) -> Markup:
    """The picture, or nothing where no bar has a number."""
    found, held, unit = chosen(pairs(data), most), limits(data), str(data.get("unit", ""))
    if not found:
        return Markup("")
    layout = names.placed(name for name, _ in found)
    axis = axes.linear([*(v for _, v in found), *held.values()], layout.left, RIGHT, zero=True)
    start = canvas.LINE * len(held) + 4
    end = start + layout.row * len(found)
    parts = [canvas.below(axis, end, axes.labels(axis.ticks(), unit), top=start)]
    for n, (name, value) in enumerate(found):
        top = start + layout.row * n
        parts += [layout.written(name, top), _bar(axis, layout.picture(top), value, shown(value, unit))]
    for n, (name, value) in enumerate(held.items(), 1):
        parts.append(_limit(axis.at(value), canvas.LINE * n - 2, f"{name} {shown(value, unit)}", end))
    return canvas.drawing(title, described(found, held, unit), end + canvas.LINE + 4, *parts)


def _bar(axis: Axis, top: float, value: float, words: str) -> Markup:
    zero, x = axis.at(0.0), axis.at(value)
    bar = canvas.rectangle(min(zero, x), top + 4, abs(x - zero), ROW - 8, "bar")
    return bar + canvas.text(max(zero, x) + 5, top + 14, words, class_="value")


def _limit(x: float, y: float, words: str, end: float) -> Markup:
    """A dashed line with its name above it."""
    words = canvas.fitted(words, canvas.WIDTH / 2)
    return canvas.line(x, y + 3, x, end, "limit") + canvas.text(*canvas.inside(x, y, words), class_="name")


def described(found: Sequence[tuple[str, float]], held: Mapping[str, float], unit: str, most: int = 5) -> str:
    """The first few bars and all limits in words."""
    told = [f"{name} {shown(value, unit)}" for name, value in found]
    rest = [f"and {len(told) - most} more"] if len(told) > most else []
    against = [f"limit {name} {shown(value, unit)}" for name, value in held.items()]
    return "; ".join([*told[:most], *rest, *against])


def table(data: Mapping[str, Any], most: int) -> tuple[list[str], list[list[Any]], int]:
    """Header and rows of the numbers behind the picture, and how many there are in all."""
    found, unit = pairs(data), str(data.get("unit", ""))
    return ["Name", "Value"], [[name, shown(value, unit)] for name, value in chosen(found, most)], len(found)
