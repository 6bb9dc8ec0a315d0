"""Finds on a page of metrics when the served model, or a stage of its pipeline, was made."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_mlready.errors import DataError
from pytest_mlready.quality import staleness_dates
from pytest_mlready.quality.staleness_dates import Made

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# "load" and "start" are not among them: when a process read the model says nothing about its age.
_MADE = r"(train|built|build|fit|creat|publish|releas|data_(end|until))"
_TIME = re.compile(rf"model.*{_MADE}\w*_(timestamp|time|date|unixtime)|{_MADE}\w*model\w*_(timestamp|time|date)")
_AGE = re.compile(r"model\w*_(age|staleness)(_(seconds|minutes|hours|days))?$")
_LABEL = re.compile(
    r"^(model_)?(trained|training|train|built|build|created|data_(end|until))(_?(on|at|date|time|timestamp))?$"
)
UNITS = {"_minutes": 60.0, "_hours": 3600.0, "_days": 86400.0}
OLDEST = 100 * 366 * 86400.0  # seconds
STARTED = "process_start_time_seconds"
AT_START = 120.0  # seconds around the start of the process in which a time is suspected to be the start's


class Sample(Protocol):
    """One series of a page of metrics."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page says about an age.

    Attributes:
        metric: The series.
        made: When it says that the model was made: the earliest, where several series say it.
        unit: Seconds in one unit of a gauge of age; 0 where the gauge holds a time; None where a label says it, which
            no alert can compare.
    """

    metric: str
    made: Made
    unit: float | None


def shown(samples: Sequence[Sample], metric: str | None, *, now: dt.datetime) -> Shown | None:
    """What the page says, by the series of that name, or by one whose name or label speaks of a model's age.

    Args:
        samples: The page.
        metric: The series; None: found by name.
        now: The time at which the page was read.

    Returns:
        None where there is no such series.

    Raises:
        DataError: Its value is no time, or no age.
    """
    found = [s for s in samples if s.name == metric] if metric else _found(samples)
    if not found:
        return None
    unit = _unit(found[0])
    times = [_made(sample, unit, now) for sample in found]
    return Shown(metric=found[0].name, made=min(times, key=lambda t: t.at), unit=unit)


def _found(samples: Sequence[Sample]) -> list[Sample]:
    for speaks in (_TIME.search, _AGE.search):
        names = [s.name for s in samples if speaks(s.name)]
        if names:
            return [s for s in samples if s.name == names[0]]
    labelled = [s for s in samples if "model" in s.name and _label(s)]  # an info metric
    return [s for s in labelled if s.name == labelled[0].name]


def _unit(sample: Sample) -> float | None:
    if re.search(r"(^|_)(age|staleness|lag)(_|$)", sample.name):
        return next((seconds for suffix, seconds in UNITS.items() if sample.name.endswith(suffix)), 1.0)
    return None if _label(sample) and sample.value in (0.0, 1.0) else 0.0


def _made(sample: Sample, unit: float | None, now: dt.datetime) -> Made:
    name, label = sample.name, _label(sample)
    if unit is None:
        return staleness_dates.made(sample.labels.get(label), what=f"{name}{{{label}}}")
    if unit == 0.0:
        return staleness_dates.made(sample.value, what=name)
    seconds = sample.value * unit
    if not math.isfinite(seconds) or abs(seconds) > OLDEST:
        raise DataError(
            f"{name} says {seconds:g} s, which is no age of a model", expected="the time since its training"
        )
    return Made(at=now - dt.timedelta(seconds=seconds), exact=True)


def _label(sample: Sample) -> str:
    return next((name for name in sample.labels if _LABEL.match(name)), "")


def is_start(found: Shown, samples: Sequence[Sample]) -> bool:
    """Whether the time that a page gives for the model is that of the process: it was set when it started."""
    starts = [s.value for s in samples if s.name == STARTED and math.isfinite(s.value)]
    return found.made.exact and any(abs(found.made.at.timestamp() - start) < AT_START for start in starts)
