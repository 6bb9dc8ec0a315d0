"""Reads single values of registers and regimes: dates, and one text or several."""

from __future__ import annotations

import datetime as dt
from typing import Any


def date(value: Any) -> dt.date | None:
    """A date such as 2026-11-24; None where it is none."""
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def texts(value: Any) -> tuple[str, ...]:
    """One text, or a list of them; what is none is left out."""
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(one.strip() for one in listed if isinstance(one, str) and one.strip())


def shown(value: Any) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return "missing" if value is None else text if len(text) <= 40 else text[:39] + "…"
