"""Reads numbers from a report and writes them as people read them: few digits, a unit of fitting size."""

from __future__ import annotations

import math
from typing import Any

LARGEST = 1e300  # beyond this, the difference of two numbers may overflow; drawn as this
SMALLEST = 1e-300  # below this, dividing by a number may overflow; drawn as zero
STEPS: dict[str, tuple[tuple[float, float, str], ...]] = {  # unit -> (below this, times this, is written so)
    "s": ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (300, 1, "s"), (7200, 1 / 60, "min"), (math.inf, 1 / 3600, "h")),
    "bytes": ((1e3, 1, "B"), (1e6, 1e-3, "kB"), (1e9, 1e-6, "MB"), (math.inf, 1e-9, "GB")),
    "share": ((math.inf, 100, "%"),),
}


def number(value: Any) -> float | None:
    """A finite number, or None for all else: words ("nan", "inf") stand where JSON has no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    if not math.isfinite(found):
        return None
    return 0.0 if abs(found) < SMALLEST else min(max(found, -LARGEST), LARGEST)


def numbers(values: Any) -> list[float | None]:
    """The same for a list; what is no list is an empty one."""
    return [number(value) for value in values] if isinstance(values, list) else []


def known(values: list[float | None]) -> list[float]:
    """Those that are numbers."""
    return [value for value in values if value is not None]


def scaled(unit: str, largest: float) -> tuple[float, str]:
    """(factor, name) of the unit in which the largest of some values is easy to read: 0.012 s as 12 ms."""
    for below, factor, name in STEPS.get(unit, ()):
        if abs(largest) < below:
            return factor, name
    return 1.0, unit


def short(value: float) -> str:
    """Four significant digits, thousands set apart: 0.9271, 16,281, 1.2e+09."""
    if value and (abs(value) >= 1e7 or abs(value) < 1e-4):
        return f"{value:.3g}"
    whole = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return "0" if whole == "-0" else whole


def shown(value: Any, unit: str = "") -> str:
    """A measured value in words: a number with its unit, yes or no, a text as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    found = number(value)
    if found is None:
        return f"{_word(value)} {unit}".strip()
    factor, name = scaled(unit, found) if found else (1.0, unit)
    if not unit and isinstance(value, int) and abs(value) < 1e15:
        return f"{value:,}"
    return united(short(found * factor), name)


def united(word: str, unit: str) -> str:
    """A number with its unit: 2.34 ms, 97.3 %; 80/s for the unit "1/s"."""
    return f"{word}/{unit[2:]}" if unit.startswith("1/") else f"{word} {unit}".strip()


def _word(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items())
    return str(value)
