"""Reads the result files of k6, vegeta and Locust, and tells from the sends whether they kept a rate of their own.

Formats: k6 documentation, Results output, JSON and CSV; vegeta README, encode and report; Locust documentation,
Retrieve test statistics in CSV format.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.load import records
from pytest_mlready.serving.load.results import Load, ResultError, closed_loop, summary, with_failures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_mlready.serving.load.results import Floats

    Point = tuple[float, float, int, str]  # start (Unix time), seconds, HTTP status, what went wrong

VEGETA = 'vegeta encode results.bin > results.json, and result = "results.json"'
K6 = 'k6 run --out json=points.json with executor "constant-arrival-rate", and result = "points.json"'
K6_CSV = "metric_name,timestamp,"
K6_PARTS = ("http_req_duration", "http_req_blocked")  # blocked holds connecting and the TLS handshake
K6_SECONDS = {10: 1.0, 13: 1e-3, 16: 1e-6, 19: 1e-9}  # a CSV time of so many digits, in seconds


def read(path: Path, start: bytes, *, warm_up: float, timeout: float) -> Load:
    """Reads a file by what its first bytes look like; see `results.read`."""
    text = start.decode("utf-8", errors="replace")
    if "\x00" in text or "\ufffd" in text[:-1]:
        raise ResultError(f"{path.name} is binary", expected="text; vegeta's own format must be encoded", fix=VEGETA)
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        tool, points = _points(path, text.lstrip(), file)
        found = list(points)
    if len(found) < 2:
        raise ResultError(f"{path.name} holds {len(found)} requests of {tool}", expected="a load run")
    return _load(tool, np.array([p[:3] for p in found], float), [p[3] for p in found], warm_up, timeout)


def _points(path: Path, text: str, file: IO[str]) -> tuple[str, Iterator[Point]]:
    line = text.splitlines()[0] if text else ""
    if line.startswith(("Type,Name,", "Timestamp,User Count,", "Method,Name,")):
        raise closed_loop("Locust")
    if line.startswith(K6_CSV):
        return "k6", _k6_joined(path, _k6_csv(path, csv.DictReader(file)))
    if line.count(",") >= 7 and line.split(",")[0].isdigit():
        return "vegeta", _vegeta_csv(path, csv.reader(file))
    first = _json(line)
    if isinstance(first, dict) and {"timestamp", "latency", "code"} <= first.keys():
        return "vegeta", _vegeta_json(path, file)
    if isinstance(first, dict) and first.get("type") in ("Metric", "Point"):
        return "k6", _k6_joined(path, _k6_json(path, file))
    raise _other(path, _json(file.read()))


def _other(path: Path, whole: Any) -> Exception:
    """What a file is that holds one JSON value."""
    if isinstance(whole, dict) and "latencies" in whole and "status_codes" in whole:
        return summary("vegeta's report", VEGETA)
    if isinstance(whole, dict) and isinstance(whole.get("metrics"), dict):
        return summary("k6's summary", K6)
    if isinstance(whole, list) and whole and isinstance(whole[0], dict) and "num_requests" in whole[0]:
        return closed_loop("Locust")
    known = "vegeta encode, k6 --out json, k6 --out csv, or locust_driver.py"
    return ResultError(f"{path.name} is no result file that is known, or is damaged", expected=known)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _lines(path: Path, file: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        value = _json(line)
        if not isinstance(value, dict):
            raise _cut_off(path, number)
        yield value


def _cut_off(path: Path, number: int) -> ResultError:
    return ResultError(f"line {number} of {path.name} is damaged or cut off", expected="what the line before has")


def _vegeta_json(path: Path, file: Iterable[str]) -> Iterator[Point]:
    rows = (
        (v.get("seq"), v.get("timestamp"), v.get("latency"), v.get("code"), v.get("error", ""))
        for v in _lines(path, file)
    )
    return _vegeta(path, ((seq, _time(time), latency, code, error) for seq, time, latency, code, error in rows))


def _vegeta_csv(path: Path, rows: Iterable[list[str]]) -> Iterator[Point]:
    def parts() -> Iterator[tuple[Any, Any, Any, Any, str]]:
        columns = 0
        for number, row in enumerate(rows, 1):
            columns = columns or len(row)
            try:
                found = int(row[8]), int(row[0]) / 1e9, int(row[2]), int(row[1]), row[5]
            except (ValueError, IndexError):
                raise _cut_off(path, number) from None
            if len(row) != columns:
                raise _cut_off(path, number)
            yield found

    return _vegeta(path, parts())


def _vegeta(path: Path, rows: Iterator[tuple[Any, Any, Any, Any, str]]) -> Iterator[Point]:
    """Checks that every number from 0 on is there: a file cut off between two lines lacks some."""
    seen: set[int] = set()
    for seq, time, latency, code, error in rows:
        if not (
            isinstance(seq, int) and isinstance(time, float) and isinstance(latency, int) and isinstance(code, int)
        ):
            raise ResultError(f"{path.name} holds a result without seq, timestamp, latency and code")
        seen.add(seq)
        yield time, latency / 1e9, code, str(error or "")
    if len(seen) != max(seen, default=-1) + 1:
        raise ResultError(f"{path.name} lacks {max(seen) + 1 - len(seen)} of {max(seen) + 1} requests", expected="all")


def _k6_json(path: Path, file: Iterable[str]) -> Iterator[tuple[str, Any, Any, Any]]:
    for line in _lines(path, file):
        data = line.get("data")
        if line.get("type") == "Point" and isinstance(data, dict):
            yield str(line.get("metric")), _time(data.get("time")), data.get("value"), data.get("tags") or {}


def _k6_csv(path: Path, rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Any, Any, Any]]:
    for number, row in enumerate(rows, 2):
        time = str(row.get("timestamp") or "")
        if len(time) == 10 and time.isdigit():
            raise Inconclusive(
                f"{path.name} has times in whole seconds, from which no arrival schedule can be told",
                fix="K6_CSV_TIME_FORMAT=unix_micro k6 run --out csv=points.csv",
            )
        try:
            value, when = float(row["metric_value"]), _csv_time(time)
        except (TypeError, ValueError):
            raise _cut_off(path, number) from None
        if None in row.values():  # fewer columns than the first line
            raise _cut_off(path, number)
        yield str(row["metric_name"]), when, value, row


def _csv_time(text: str) -> float | None:
    return int(text) * K6_SECONDS[len(text)] if text.isdigit() and len(text) in K6_SECONDS else _time(text)


def _k6_joined(path: Path, rows: Iterator[tuple[str, Any, Any, Any]]) -> Iterator[Point]:
    """Requests from the points of the metrics that belong together: each request adds one to every metric, in order."""
    metrics: dict[str, list[tuple[Any, Any, Any]]] = {name: [] for name in K6_PARTS}
    dropped = 0.0
    for name, time, value, tags in rows:
        if name in metrics:
            metrics[name].append((time, value, tags))
        dropped += value if name == "dropped_iterations" else 0
    if dropped:
        raise Inconclusive(f"k6 had no free VU for {dropped:.0f} iterations, which it left out", fix="raise maxVUs")
    durations, blocked = metrics.values()
    if len(durations) != len(blocked):
        raise ResultError(f"{path.name} lacks points of some requests", expected="as many of every http_req metric")
    for (time, spent, tags), (_, before, _) in zip(durations, blocked, strict=True):
        if not isinstance(time, float) or not isinstance(spent, int | float) or not isinstance(before, int | float):
            raise ResultError(f"{path.name} holds a point without time and value")
        seconds = (spent + before) / 1000
        status = str(tags.get("status") or "0")
        yield time - seconds, seconds, int(status) if status.isdigit() else 0, str(tags.get("error") or "")


def _time(text: Any) -> float | None:
    """Unix time of an RFC 3339 text; nanoseconds are cut to microseconds."""
    try:
        return dt.datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return None


def lateness(starts: Floats) -> Floats:
    """Seconds by which each start lies behind a constant schedule at the rate of them all, the earliest at 0.

    Args:
        starts: Ascending, in seconds, shape (n,).
    """
    n = len(starts)
    behind = starts - starts[0] - np.arange(n) * (starts[-1] - starts[0]) / max(1, n - 1)
    return np.asarray(behind - behind.min(), float)


def _load(tool: str, table: Floats, errors: list[str], warm_up: float, timeout: float) -> Load:
    order = np.argsort(table[:, 0], kind="stable")
    starts, latency, status = table[order].T
    kept = starts - starts[0] >= warm_up
    if kept.sum() < 2:
        raise ResultError(f"the run lasted {starts[-1] - starts[0]:.3g} s, no longer than its warm-up of {warm_up:g} s")
    starts, latency, status = starts[kept], latency[kept], status[kept].astype(np.int64)
    late = lateness(starts)
    good = (status >= 200) & (status < 300)
    said = [text for text, use in zip((errors[i] for i in order), kept, strict=True) if use]
    first = next(itertools.compress(said, ~good), "")
    endings = np.where(good, records.ANSWERED, np.where(status > 0, records.STATUS, records.BROKEN))
    count = len(starts)
    return Load(
        tool=tool,
        seconds=float(starts[-1] - starts[0]) * count / (count - 1),
        warm_up=warm_up,
        timeout=timeout,
        arrivals="constant",
        at=starts - starts[0],
        latency=with_failures(latency + late, ~good, timeout),
        endings=endings,
        statuses=status,
        late=late,
        waited=np.zeros(count),
        started=float(starts[0]),
        examples={"failed": first} if first else {},
    )
