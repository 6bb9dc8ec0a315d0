"""Tells checks what time it is: now, or the end of the day that --mlready-at names."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_mlready.project import Project


def now(mlready: Project) -> dt.datetime:
    """The time of the run, in UTC."""
    here = dt.datetime.now(tz=dt.UTC)
    return here if mlready.today == here.date() else dt.datetime.combine(mlready.today, dt.time.max, tzinfo=dt.UTC)
