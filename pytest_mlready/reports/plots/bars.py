"""Draws one bar for each name, against limits that all of them share or that each has for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pytest_mlready.reports.plots import axes, canvas, names
from pytest_mlready.reports.plots.names import ROW
from pytest_mlready.reports.plots.numbers import number, numbers, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.reports.plots.axes import Axis

VALUE = 72.0  # units for the number behind the longest bar
RIGHT = canvas.WIDTH - VALUE

Bar = tuple[str, float, dict[str, float]]  # name, value, its own limits


def limits(data: Mapping[str, Any]) -> dict[str, float]:
    """The limits that are numbers, by name."""
    found = data.get("limits")
    given = {str(k): number(v) for k, v in found.items()} if isinstance(found, dict) else {}
    return {name: value for name, value in given.items() if value is not None}


def bars(data: Mapping[str, Any]) -> list[Bar]:
    """Every bar that has a number, with those of its own limits that are numbers."""
    labels, each = data.get("labels"), data.get("each")
    titles = [str(name) for name in labels] if isinstance(labels, list) else []
    own = {str(k): numbers(v) for k, v in each.items()} if isinstance(each, dict) else {}
    found = []
    for n, (title, value) in enumerate(zip(titles, numbers(data.get("values")), strict=False)):
        held = {name: values[n] if n < len(values) else None for name, values in own.items()}
        if value is not None:
            found.append((title, value, {name: limit for name, limit in held.items() if limit is not None}))
    return found


def chosen(found: Sequence[Bar], most: int) -> list[Bar]:
    """Those to show when there are too many: the largest, in their order.

    Where each has limits of its own, size says little, and the first ones are taken: checks name the gravest first.
    """
    if any(own for *_, own in found):
        return list(found[:most])
    order = sorted(range(len(found)), key=lambda i: -abs(found[i][1]))[:most]
    return [found[i] for i in sorted(order)]


def draw(title: str, data: Mapping[str, Any], most: int) -> Markup:
    """The picture, or nothing where no bar has a number."""
    found, held, unit = chosen(bars(data), most), limits(data), str(data.get("unit", ""))
    if not found:
        return Markup("")
    layout = names.placed(name for name, *_ in found)
    spans = _spans(found, held)
    ends = [side for span in spans.values() for side in span]
    axis = axes.linear([*(value for _, value, _ in found), *ends], layout.left, RIGHT, unit=unit, zero=True)
    start = canvas.LINE * len(spans) + 6
    end = start + layout.row * len(found)
    parts = [canvas.below(axis, end, axes.labels(axis.ticks(), unit), top=start)]
    parts += [canvas.line(axis.at(v), start - 2, axis.at(v), end, "limit") for v in dict.fromkeys(held.values())]
    for n, bar in enumerate(found):
        top = start + layout.row * n
        parts += [layout.written(bar[0], top), *_bar(axis, layout.picture(top), bar, unit, apart=bool(spans))]
    parts += _named(axis, spans, unit)
    return canvas.drawing(title, described(found, spans, unit), end + canvas.LINE + 4, *parts)


def _spans(found: Sequence[Bar], held: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """From where to where each limit lies, by name; names of limits at one and the same place are put together."""
    lines: dict[tuple[float, float], list[str]] = {}
    for name, value in held.items():
        lines.setdefault((value, value), []).append(name)
    for name in dict.fromkeys(name for *_, own in found for name in own):
        values = [own[name] for *_, own in found if name in own]
        lines.setdefault((min(values), max(values)), []).append(name)
    return {", ".join(together): span for span, together in lines.items()}


def _bar(axis: Axis, top: float, bar: Bar, unit: str, *, apart: bool) -> Iterator[Markup]:
    """The bar, its own limits as short lines across it, and its number: behind it, or apart from lines at the right."""
    _, value, own = bar
    zero, x = axis.at(0.0), axis.at(value)
    yield canvas.rectangle(min(zero, x), top + 4, abs(x - zero), ROW - 8, "bar")
    for limit in dict.fromkeys(own.values()):
        yield canvas.line(axis.at(limit), top, axis.at(limit), top + ROW, "limit")
    yield canvas.text(
        RIGHT + 6 if apart else max(zero, x) + 5,
        top + ROW / 2 + 4,
        canvas.fitted(shown(value, unit), VALUE),
        class_="value",
    )


def _named(axis: Axis, spans: Mapping[str, tuple[float, float]], unit: str) -> Iterator[Markup]:
    """The name of each limit above its line, one a row, so that none hides another."""
    for row, (name, (low, high)) in enumerate(spans.items(), 1):
        words = canvas.fitted(_words(name, low, high, unit), canvas.WIDTH)
        yield canvas.text(*canvas.inside(axis.at((low + high) / 2), canvas.LINE * row - 2, words), class_="name")


def _words(name: str, low: float, high: float, unit: str) -> str:
    return f"{name} {shown(low, unit)}" if low == high else f"{name} {shown(low, unit)} to {shown(high, unit)}"


def described(found: Sequence[Bar], spans: Mapping[str, tuple[float, float]], unit: str, most: int = 5) -> str:
    """The first few bars and all limits in words."""
    told = [f"{name} {shown(value, unit)}" for name, value, _ in found]
    rest = [f"and {len(told) - most} more"] if len(told) > most else []
    against = [f"limit {_words(name, low, high, unit)}" for name, (low, high) in spans.items()]
    return "; ".join([*told[:most], *rest, *against])


def table(data: Mapping[str, Any], most: int) -> tuple[list[str], list[list[Any]], int]:
    """Header and rows of the numbers behind the picture, and how many there are in all."""
    found, unit = bars(data), str(data.get("unit", ""))
    own = list(dict.fromkeys(name for *_, limits_ in found for name in limits_))
    rows = []
    for name, value, held in chosen(found, most):
        rows.append([name, shown(value, unit), *(shown(held[key], unit) if key in held else "" for key in own)])
    return ["Name", "Value", *own], rows, len(found)
