"""Draws estimates with their confidence bounds against limits: metrics each on an axis of its own, groups on one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pytest_mlready.reports.plots import axes, canvas, names
from pytest_mlready.reports.plots.names import ROW
from pytest_mlready.reports.plots.numbers import known, number, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_mlready.reports.plots.axes import Axis
    from pytest_mlready.reports.plots.names import Names

HEAD = 24.0  # units for the name of a panel
SIDES = 2  # of an interval
KEY = "Dashed: the limit. Full dot: clear of it with its bounds. Ring: too little to tell. Cross: beyond it."
RIGHT = canvas.WIDTH - 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One estimate.

    Attributes:
        name, panel: Of what; estimates of one panel share an axis.
        value, lower, upper: None where unknown, or where a side is open.
        min, max: Limits whose good side is known; `limit` where it is not.
        firm: Large enough to be judged.
    """

    name: str
    panel: str
    value: float | None
    lower: float | None
    upper: float | None
    min: float | None = None
    max: float | None = None
    limit: float | None = None
    n: int | None = None
    unit: str = ""
    firm: bool = True

    @property
    def numbers(self) -> list[float]:
        return known([self.value, self.lower, self.upper, *self.limits])

    @property
    def limits(self) -> list[float]:
        return known([self.min, self.max, self.limit])

    @property
    def standing(self) -> str:
        """One of "good", "bad" (the value itself misses), "open" (its bounds do, or it is too small), or "none"."""
        if self.value is None or not self.firm:
            return "open"
        low = self.value if self.lower is None else self.lower
        high = self.value if self.upper is None else self.upper
        if self.min is None and self.max is None:
            return "open" if any(low < limit < high for limit in self.limits) else "none"
        if _outside(self.value, self.value, self.min, self.max):
            return "bad"
        if self.value == self.max == 0.0:
            return "good"  # none is allowed and none was seen: no sample could show more
        return "open" if _outside(low, high, self.min, self.max) else "good"


def _outside(low: float, high: float, least: float | None, most: float | None) -> bool:
    return (least is not None and low < least) or (most is not None and high > most)


def rows(data: Mapping[str, Any]) -> list[Row]:
    """The estimates of the data in either form: `rows` (metrics) or `groups` (of people, of rows)."""
    own, groups = _tables(data.get("rows")), _tables(data.get("groups"))
    held = {(number(r.get("min")), number(r.get("max"))) for r in own}
    units = {str(r.get("unit", "")) for r in own}
    apart = len(own) == 1 or len(units) > 1 or (len(held) > 1 and held != {(None, None)})  # hence scales of their own
    common = number(data.get("limit"))
    return [_row(r, panel=str(r.get("name", "")) if apart else "", limit=common) for r in own] + [
        _row(g, panel=str(g.get("metric", "")), limit=number(g.get("limit"))) for g in groups
    ]


def of_measurement(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `rows` from a measurement as the report has it."""
    bounds = entry["interval"] if isinstance(entry["interval"], list) else []
    lower, upper = (number(side) for side in bounds) if len(bounds) == SIDES else (None, None)
    sides = {key: number(entry.get(key)) for key in ("value", "min", "max")}
    return {"name": entry["name"], "lower": lower, "upper": upper, "unit": entry.get("unit", ""), **sides}


def _tables(found: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _row(entry: Mapping[str, Any], *, panel: str, limit: float | None) -> Row:
    n = number(entry.get("n"))
    sided = number(entry.get("min")) is not None or number(entry.get("max")) is not None
    return Row(
        name=str(entry.get("name", "")), panel=panel, limit=None if sided else limit,
        firm=entry.get("adequate") is not False,
        n=None if n is None else int(n),
        unit=str(entry.get("unit", "")),
        **{key: number(entry.get(key)) for key in ("value", "lower", "upper", "min", "max")},
    )  # fmt: skip


def chosen(found: Sequence[Row], most: int) -> list[Row]:
    """Those to show when there are too many: the nearest to their limits, in the order they came in."""
    order = sorted(range(len(found)), key=lambda i: _urgency(found[i]))[:most]
    return [found[i] for i in sorted(order)]


def _urgency(row: Row) -> tuple[int, float]:
    rank = ("bad", "open", "good", "none").index(row.standing)
    if row.value is None:
        return 4, 0.0
    return rank, min((abs(row.value - limit) for limit in row.limits), default=0.0)


def draw(title: str, every: Sequence[Row], most: int) -> Markup:
    """The picture, or nothing where no estimate has a number."""
    found = chosen([row for row in every if row.value is not None], most)
    panels = [(name, list(of)) for name, of in groupby(_by_panel(found), key=lambda row: row.panel)]
    parts, top, layout = [], 0.0, names.placed(row.name for row in found)
    for name, of in panels:
        part, top = _panel(name, of, layout, top)
        parts.append(part)
    return canvas.drawing(title, described(found), top, *parts) if parts else Markup("")


def _by_panel(found: Sequence[Row]) -> list[Row]:
    order = list(dict.fromkeys(row.panel for row in found))
    return sorted(found, key=lambda row: order.index(row.panel))


def _panel(name: str, found: Sequence[Row], layout: Names, top: float) -> tuple[Markup, float]:
    """One axis with its rows; returns where it ends."""
    axis = axes.linear([value for row in found for value in row.numbers], layout.left, RIGHT, unit=found[0].unit)
    titled = name and [row.name for row in found] != [name]
    start = top + (HEAD if titled else 4.0)
    end = start + layout.row * len(found)
    parts = [canvas.text(0, top + 14, canvas.fitted(name, canvas.WIDTH), class_="head")] if titled else []
    parts.append(canvas.below(axis, end, axes.labels(axis.ticks(), found[0].unit), top=start))
    limits = {row.limit for row in found} if len(found) > 1 else set()
    if len(limits) == 1 and (limit := limits.pop()) is not None:
        parts.append(canvas.line(axis.at(limit), start, axis.at(limit), end, "limit"))
    parts += [_estimate(row, axis, layout, start + layout.row * n) for n, row in enumerate(found)]
    return Markup("").join(parts), end + canvas.LINE + 12


def _estimate(row: Row, axis: Axis, layout: Names, top: float) -> Markup:
    middle = layout.picture(top) + ROW / 2
    parts = [layout.written(row.name, top), *_allowed(row, axis, layout.picture(top))]
    low, high = (
        axis.at(next((v for v in (side, row.value) if v is not None), axis.low)) for side in (row.lower, row.upper)
    )  # an open side ends at the value: nothing is known beyond it
    parts.append(canvas.line(low, middle, high, middle, "bound"))
    ends = [x for side, x in ((row.lower, low), (row.upper, high)) if side is not None]
    parts.append(canvas.strokes([((x, middle - 4), (x, middle + 4)) for x in ends], "bound"))
    if row.value is not None:
        parts.append(canvas.point(axis.at(row.value), middle, row.standing))
    return Markup("").join(parts)


def _allowed(row: Row, axis: Axis, top: float) -> list[Markup]:
    """The side of the limits on which a value must lie, shaded, and the limits as lines."""
    parts = []
    if row.min is not None or row.max is not None:
        left = axis.start if row.min is None else axis.at(row.min)
        right = axis.end if row.max is None else axis.at(row.max)
        parts.append(canvas.rectangle(left, top + 2, right - left, ROW - 4, "allowed"))
    return parts + [canvas.line(axis.at(v), top + 1, axis.at(v), top + ROW - 1, "limit") for v in row.limits]


def judged(every: Sequence[Row]) -> bool:
    """Whether any estimate has a limit, so that the shape of its mark says something."""
    return any(row.limits for row in every)


def described(found: Iterable[Row], most: int = 5) -> str:
    """The first few estimates in words."""
    told = [_told(row) for row in found]
    rest = f"; and {len(told) - most} more" if len(told) > most else ""
    return "; ".join(told[:most]) + rest


def _told(row: Row) -> str:
    words = f"{row.panel} of {row.name}" if row.panel and row.panel != row.name else row.name
    words += f" {shown(row.value, row.unit)}" if row.value is not None else ""
    words += f", from {shown(row.lower, row.unit)}" if row.lower is not None else ""
    words += f", up to {shown(row.upper, row.unit)}" if row.upper is not None else ""
    limits = (("at least", row.min), ("at most", row.max), ("limit", row.limit))
    return words + "".join(f", {word} {shown(value, row.unit)}" for word, value in limits if value is not None)


def table(every: Sequence[Row], most: int) -> tuple[list[str], list[list[Any]], int]:
    """Header and rows of the numbers behind the picture, and how many there are in all."""
    found = chosen(every, most)
    columns: dict[str, list[Any]] = {
        "Name": [row.name for row in found],
        "Metric": ["" if row.panel == row.name else row.panel for row in found],
        "n": [row.n for row in found],
        "Value": [_words(row.value, row) for row in found],
        "Lower bound": [_words(row.lower, row) for row in found],
        "Upper bound": [_words(row.upper, row) for row in found],
        "Limit": [_limit(row) for row in found],
    }
    used = {name: column for name, column in columns.items() if any(value not in ("", None) for value in column)}
    return list(used), [list(row) for row in zip(*used.values(), strict=True)], len(every)


def _words(value: float | None, row: Row) -> str:
    return "" if value is None else shown(value, row.unit)


def _limit(row: Row) -> str:
    limits = (("≥ ", row.min), ("≤ ", row.max), ("", row.limit))
    return ", ".join(f"{word}{shown(value, row.unit)}" for word, value in limits if value is not None)
