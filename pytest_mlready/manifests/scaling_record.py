"""Reads how many replicas ran during a load test, and judges whether they followed the load."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_BYTES = 20_000_000
LEAST_SAMPLES = 5
# A load counts as risen at half as much again as it began with: a HorizontalPodAutoscaler acts from 10 % on.
RISEN = 1.5
PICTURED = 1000  # samples of a picture
FIELDS = ("time", "replicas", "rps")
EXPECTED = 'columns "time" (seconds, or ISO 8601), "replicas" and, where it is known, "rps", as CSV or as JSON objects'


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One moment: seconds, replicas that were ready, and requests a second where they are known."""

    time: float
    replicas: int
    rps: float | None = None


def read(path: Path) -> list[Sample]:
    """The samples of a record, by time.

    Args:
        path: CSV with a header, or JSON: a list of objects, or an object with such a list under "samples".

    Raises:
        DataError: It is not there, too large, or says something else than times and replicas; names the row.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"the scaling record {path} cannot be read: {error.strerror}", expected=EXPECTED) from None
    except UnicodeDecodeError:
        raise DataError(f"the scaling record {path} is no UTF-8", expected=EXPECTED) from None
    if len(content) > MAX_BYTES:
        raise DataError(f"the scaling record {path} has more than {MAX_BYTES:,} bytes", expected=EXPECTED)
    rows = _json(text, path) if path.suffix.lower() == ".json" else list(csv.DictReader(io.StringIO(text)))
    samples = [_sample(row, f"{path}, row {number}") for number, row in enumerate(rows, 1)]
    return sorted(samples, key=lambda sample: sample.time)


def _json(text: str, path: Path) -> list[Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"the scaling record {path} is no JSON", expected=EXPECTED) from None
    rows = content.get("samples") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise DataError(f"the scaling record {path} has no list of samples", expected=EXPECTED)
    return rows


def _sample(row: Any, where: str) -> Sample:
    if not isinstance(row, dict) or not {"time", "replicas"} <= row.keys():
        given = [str(key) for key in row] if isinstance(row, dict) else []
        hint = next((h for key in given if key not in FIELDS and (h := near(key, FIELDS))), "")
        raise DataError(f"{where}: no time or no replicas{hint}", expected=EXPECTED)
    try:
        replicas, rps = float(row["replicas"]), row.get("rps")
        load = None if rps in (None, "") else float(rps)
        time = _seconds(row["time"])
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"{where}: not all values are numbers", expected=EXPECTED) from None
    if not all(map(math.isfinite, (time, replicas, load or 0))) or replicas < 0 or replicas % 1 or (load or 0) < 0:
        raise DataError(f"{where}: a value is negative, not finite, or no whole number of replicas", expected=EXPECTED)
    return Sample(time=time, replicas=int(replicas), rps=load)


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        moment = dt.datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def judge(samples: list[Sample], *, fall_within: float = 600.0) -> Verdict:
    """Whether replicas rose under load, and fell after it where the record goes on long enough.

    Args:
        samples: By time, as `read` returns them.
        fall_within: Seconds after the load within which they must have fallen. The default is twice the 300 s that a
            HorizontalPodAutoscaler and KEDA wait before they take replicas away.
    """
    samples = [sample for sample in samples if sample.rps is not None] or samples  # what has no rate tells no load
    if len(samples) < LEAST_SAMPLES:
        return _unclear(f"the scaling record has {len(samples)} samples, and {LEAST_SAMPLES} are the least to tell by")
    start, end = _loaded(samples)
    if start is None:
        return _unclear(
            "requests a second never rose to half as much again as they began with: the record shows no load test"
        )
    under, after = samples[start:end], samples[end:]
    before, peak = under[0].replicas, max(sample.replicas for sample in under)
    measured: tuple[Measurement, ...] = (
        Measurement(name="replicas before the load", value=before),
        Measurement(name="most replicas under load", value=peak, n=len(samples)),
        Measurement(name="replicas at the end", value=samples[-1].replicas),
    )
    if peak <= before:
        late = " and rose only when it was over" if any(s.replicas > before for s in after) else ""
        message = f"replicas stayed at {before} under load{late}; expected more than before"
        return Verdict(outcome="failed", message=message, measurements=measured)
    delay = next(s.time for s in under if s.replicas > before) - under[0].time
    measured += (Measurement(name="time to the first added replica", value=round(delay, 1), unit="s"),)
    quiet, fell = _quiet(samples, after, peak)
    if quiet > fall_within and not fell:
        message = f"replicas were still at their peak of {peak} {quiet:.0f} s after the load; expected fewer"
        return Verdict(outcome="failed", message=message, measurements=measured)
    measured += (Measurement(name="replicas seen to fall after the load", value=fell),)
    return Verdict(outcome="passed", message=f"replicas rose from {before} to {peak}", measurements=measured)


def pictures(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Data of plots "curve", by title: replicas over time, and the load where it is known; thinned where it is long."""
    step = -(-len(samples) // PICTURED) or 1
    kept = samples[::step]
    time = {"x": [sample.time - kept[0].time for sample in kept], "x_unit": "s"} if kept else {}
    found = {"Replicas over time": {**time, "y": [sample.replicas for sample in kept]}}
    if any(sample.rps is not None for sample in kept):
        found["Load over time"] = {**time, "y": [sample.rps for sample in kept], "unit": "1/s"}
    return found


def _loaded(samples: list[Sample]) -> tuple[int | None, int]:
    """Index of the last sample before the load, and of the first one after it; all of them where no load is given."""
    if all(sample.rps is None for sample in samples):
        return 0, len(samples)
    rates = [sample.rps or 0.0 for sample in samples]
    threshold = max(RISEN * rates[0], 0.1 * max(rates))
    high = [index for index, rate in enumerate(rates) if rate >= threshold > 0]
    if not high or high[0] == 0:
        return None, 0
    return high[0] - 1, high[-1] + 1


def _quiet(samples: list[Sample], after: list[Sample], peak: int) -> tuple[float, bool]:
    """Seconds that are known to be without load, and whether replicas fell."""
    highest = next(index for index, sample in enumerate(samples) if sample.replicas == peak)
    fell = any(sample.replicas < peak for sample in (after or samples[highest:]))
    return (after[-1].time - after[0].time if after else 0.0), fell


def _unclear(message: str) -> Verdict:
    return Verdict(outcome="inconclusive", message=message)
