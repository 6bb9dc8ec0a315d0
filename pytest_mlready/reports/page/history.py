"""Draws the scores of earlier reports and of this one over time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pytest_mlready import trend
from pytest_mlready.reports import plots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.reports.plots import Figure

DAY = 86400.0  # seconds


def points(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Earlier reports and this one, oldest first; nothing where no history is kept."""
    earlier = list(document.get("history") or ())
    now = trend.point(document)
    return [*(p for p in earlier if p["started"] != now["started"]), now] if earlier else []


def figures(found: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """The checklist's share, and the ML Test Score with its sections."""
    if not found:
        return []
    time = _time(found)
    sections = list(dict.fromkeys(name for point in found for name in point["sections"]))
    lines = {"score": [p["ml_test_score"] for p in found]}
    lines |= {name: [p["sections"].get(name) for p in found] for name in sections}
    share = {**time, "y": [p["checklist"] for p in found], "unit": "share"}
    return [
        plots.figure({"kind": "curve", "title": "Checklist over time", "data": share}, numbers=0),
        plots.figure(
            {"kind": "curve", "title": "ML Test Score over time", "data": {**time, "series": lines}}, numbers=0
        ),
    ]


def _time(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Days since the first report; its number in the row where a date cannot be read."""
    try:
        moments = [dt.datetime.fromisoformat(p["started"]).timestamp() for p in found]
    except (TypeError, ValueError, OverflowError):
        return {"x": list(range(1, len(found) + 1)), "x_label": "report", "steps": False}
    days = [(moment - moments[0]) / DAY for moment in moments]
    return {"x": days, "x_label": f"days since {str(found[0]['started'])[:10]}", "steps": False}
