"""Draws the data of a plot as SVG, and writes them as a table: pure functions, without script, font or colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pytest_mlready.reports.plots import bars, curve, curve_data, histogram, intervals, listing
from pytest_mlready.reports.plots.numbers import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS: Mapping[str, tuple[Any, Any, Any]] = {  # kind -> how its data are read, drawn, and listed
    "intervals": (intervals.rows, intervals.draw, intervals.table),
    "bars": (dict, bars.draw, bars.table),
    "histogram": (dict, histogram.draw, histogram.table),
    "curve": (curve_data.read, curve.draw, curve_data.table),
    "table": (dict, listing.draw, listing.table),
}
LISTED = ("intervals", "bars")  # kinds with one row an entry
ROWS = 24  # rows, or bars, in a picture
POINTS = 200  # of a line
NUMBERS = 30  # rows of the table behind a picture
FEWEST = 2  # estimates that are worth a picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture and its numbers.

    Attributes:
        svg: The picture; "" where its kind is not known or there is nothing to draw.
        header, rows: The numbers behind it; texts and numbers as they come, not escaped.
        rows_left: How many rows there are beside those.
        shown: Entries in the picture, where it has fewer than there are; else 0.
        note: How to read it.
    """

    title: str
    svg: Markup
    header: list[str]
    rows: list[list[Any]]
    rows_left: int = 0
    shown: int = 0
    note: str = ""


def figure(plot: Mapping[str, Any], *, numbers: int = NUMBERS) -> Figure:
    """What a report shows of a plot as `evidence.plot` noted it; any data are good enough not to raise.

    Args:
        plot: With the keys kind, title and data.
        numbers: Rows of the table behind the picture; more are thinned.
    """
    kind, title, data = str(plot.get("kind")), str(plot.get("title", "")), plot.get("data")
    if kind not in KINDS or not isinstance(data, dict):
        flat = _flat(data)
        rows = flat[: max(numbers, 1)]
        return Figure(title=title, svg=Markup(""), header=["Name", "Value"], rows=rows, rows_left=len(flat) - len(rows))
    read, draw, table = KINDS[kind]
    found = read(data)
    header, rows, count = table(found, numbers)
    most = ROWS if kind in LISTED else POINTS
    return Figure(
        title=title,
        svg=draw(title, found, most),
        header=header,
        rows=rows,
        rows_left=count - len(rows),
        shown=most if kind in LISTED and count > most else 0,
        note=intervals.KEY if kind == "intervals" and intervals.judged(found) else "",
    )


def of_evidence(evidence: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """A picture of measurements: of those with bounds and a limit, where there are at least two.

    Args:
        evidence: Measurements as the report has them; different units stand on axes of their own.
    """
    rows = [intervals.of_measurement(entry) for entry in evidence if "interval" in entry]
    rows = [row for row in rows if row["min"] is not None or row["max"] is not None]
    if len(rows) < FEWEST:
        return None
    shared, names = _shared([row["name"] for row in rows])
    title = f"{shared or 'Measured'}: bounds and limits"
    data = {"rows": [row | {"name": name} for row, name in zip(rows, names, strict=True)]}
    return {"kind": "intervals", "title": title[:1].upper() + title[1:], "data": data}


def repeats(plot: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a picture of estimates shows measurements alone, so that their table says its numbers already."""
    if plot.get("kind") != "intervals" or not isinstance(plot.get("data"), dict):
        return False
    values = {number(entry.get("value")) for entry in evidence}
    return all(row.value in values for row in intervals.rows(plot["data"]))


def _shared(names: Sequence[str]) -> tuple[str, list[str]]:
    """What all names have before or behind their colon, and what is left of each."""
    parts = [name.partition(": ") for name in names]
    first, colon, last = parts[0]
    if colon and all((a, b) == (first, colon) for a, b, _ in parts):
        return first, [rest for *_, rest in parts]
    if colon and all((b, c) == (colon, last) for _, b, c in parts):
        return last, [start for start, *_ in parts]
    return "", list(names)


def _flat(data: Any) -> list[list[Any]]:
    """The data of a kind that nobody can draw: one row a key."""
    return (
        [[str(key), value] for key, value in data.items()] if isinstance(data, dict) else [["", data]] if data else []
    )
