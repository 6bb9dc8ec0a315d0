"""Lists what no picture shows better: rows under named columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pytest_mlready.reports.plots.numbers import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = 12  # more do not fit any page


def draw(title: str, data: Mapping[str, Any], most: int) -> Markup:  # noqa: ARG001 - the form of all kinds
    """No picture: the table says it all."""
    return Markup("")


def table(data: Mapping[str, Any], most: int) -> tuple[list[str], list[list[Any]], int]:
    """Header and the first rows, each as long as the header, and how many there are in all."""
    columns, rows = data.get("columns"), data.get("rows")
    header = [str(name) for name in columns[:COLUMNS]] if isinstance(columns, list) else []
    found = [row for row in rows if isinstance(row, list)] if isinstance(rows, list) and header else []
    return header, [_filled(row, len(header)) for row in found[: max(most, 1)]], len(found)


def _filled(row: list[Any], length: int) -> list[Any]:
    return [shown(value) for value in row[:length]] + [""] * (length - len(row))
