"""Prepares what the HTML page shows: every list counted and cut, every text split into what is said and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of what has no bound of its own stands in the page; the JSON report has all of it.

    Attributes:
        tests: Of an item.
        rows: Measurements of a test.
        text: Characters of one message or value.
        plots: Pictures of a test.
        numbers: Whether the table behind a picture stands there, where that of measurements has not all of it.
        listed: Entries of any other list.
    """

    tests: int
    rows: int
    text: int
    plots: int
    numbers: bool
    listed: int


# Tried in turn until the page is small enough.
STEPS = (
    Limits(tests=60, rows=60, text=6000, plots=12, numbers=True, listed=60),
    Limits(tests=30, rows=30, text=2000, plots=6, numbers=True, listed=40),
    Limits(tests=20, rows=20, text=1200, plots=4, numbers=True, listed=30),
    Limits(tests=15, rows=15, text=800, plots=3, numbers=False, listed=30),
    Limits(tests=8, rows=6, text=300, plots=1, numbers=False, listed=15),
    Limits(tests=3, rows=3, text=120, plots=0, numbers=False, listed=8),
)
