"""Reads the data of a curve: lines over an axis, their bounds, limits and marks; says them in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.reports.plots.bars import limits
from pytest_mlready.reports.plots.numbers import known, number, numbers, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

LINES = 8  # lines in one picture: more cannot be told apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What a picture of this kind shows.

    Attributes:
        lines: Name -> y at each x, None where unknown.
        band: (lower, upper) at each x.
        limits, marks: Horizontal and vertical lines by name.
        diagonal: The line y = x is drawn: chance in an ROC curve, perfection in a calibration curve.
        two: Every y is 0 or 1, as with answers over time.
    """

    x: list[float | None]
    lines: dict[str, list[float | None]]
    band: list[tuple[float | None, float | None]]
    limits: dict[str, float]
    marks: dict[str, float]
    x_label: str
    y_label: str
    x_unit: str
    unit: str
    diagonal: bool
    two: bool

    @property
    def ys(self) -> list[float]:
        around = [side for pair in self.band for side in pair]
        return known([*(y for line in self.lines.values() for y in line), *around, *self.limits.values()])


def read(data: Mapping[str, Any]) -> Curve:
    """The data of the kind "curve", whatever of it is there."""
    series = data.get("series")
    lines = {str(k): numbers(v) for k, v in series.items()} if isinstance(series, dict) else {}
    lines = lines or {str(data.get("y_label", "")): numbers(data.get("y"))}
    around = list(zip(numbers(data.get("lower")), numbers(data.get("upper")), strict=False))
    found = data.get("marks")
    marks = {str(k): number(v) for k, v in found.items()} if isinstance(found, dict) else {}
    words = {key: str(data.get(key, "")) for key in ("x_label", "y_label", "x_unit", "unit")}
    values = known([y for line in lines.values() for y in line])
    two = isinstance(series, dict) and data.get("steps") is not False and set(values) <= {0.0, 1.0}
    return Curve(
        x=numbers(data.get("x")), lines=dict(list(lines.items())[:LINES]), band=around, limits=limits(data),
        marks={name: value for name, value in marks.items() if value is not None}, **words,
        diagonal=data.get("diagonal") is True, two=two,
    )  # fmt: skip


def described(curve: Curve) -> str:
    """Extent and ends of every line, limits and marks, in words."""
    told = []
    for name, ys in curve.lines.items():
        if values := known(ys):
            ends = f"from {shown(values[0], curve.unit)} to {shown(values[-1], curve.unit)}"
            extent = f"lowest {shown(min(values), curve.unit)}, highest {shown(max(values), curve.unit)}"
            told.append(f"{name or 'value'} {ends}, {extent}")
    told += [f"limit {name} {shown(value, curve.unit)}" for name, value in curve.limits.items()]
    return "; ".join(told + [f"{name} at {shown(value)} {curve.x_unit}".strip() for name, value in curve.marks.items()])


def table(curve: Curve, most: int) -> tuple[list[str], list[list[Any]], int]:
    """Header and rows of the points, evenly from the first to the last, and how many there are in all."""
    x_name = f"{curve.x_label or 'x'}{f' ({curve.x_unit})' if curve.x_unit else ''}"
    header = [x_name, *(name or "Value" for name in curve.lines)]
    header += ["Lower bound", "Upper bound"] if curve.band else []
    rows = []
    for i in _spread(len(curve.x), most):
        ys: list[float | None] = [line[i] if i < len(line) else None for line in curve.lines.values()]
        ys += (curve.band[i] if i < len(curve.band) else (None, None)) if curve.band else ()
        rows.append([curve.x[i], *(shown(y, curve.unit) if y is not None else None for y in ys)])
    return header, rows, len(curve.x)


def _spread(count: int, most: int) -> list[int]:
    """At most so many places of a list, evenly from the first to the last."""
    if count <= most or most <= 1:
        return list(range(min(count, most)))
    return [round(n * (count - 1) / (most - 1)) for n in range(most)]
