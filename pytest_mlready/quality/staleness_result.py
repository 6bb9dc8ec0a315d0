"""Writes the result of an age-versus-quality replay, and reads a saved one."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping  # noqa: TC003 - of dataclasses
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, near
from pytest_mlready.quality import studies_cells as cells
from pytest_mlready.quality.staleness import Curve, Point
from pytest_mlready.quality.staleness_dates import Made, made
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

HEAD = ("made_on", "model_sha256", "confidence")
NUMBERS = ("age_days", "gap", "lower", "upper")
FEWEST = 30  # rows behind a saved figure, where it says how many; a convention
KNOWN = (*HEAD, *NUMBERS, "metric", "n", "name", "relative", "data_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A saved replay.

    Attributes:
        source: The file.
        made_on: When it was made.
        model_sha256: Digest of the fresh model.
        curves: One for each metric, with a margin of NaN: what is accepted is not for the file to say.
    """

    source: str
    made_on: Made
    model_sha256: str
    curves: Mapping[str, Curve]


def written(curves: Sequence[Curve], *, made_on: dt.date, model_sha256: str | None, data_sha256: str) -> str:
    """The result as JSON, in the form that `read` reads."""
    ages = [
        {
            "metric": c.metric, "relative": c.relative, "name": p.name, "age_days": p.age, "gap": p.gap,
            "lower": p.lower, "upper": p.upper, "n": p.n,
        }
        for c in curves
        for p in c.points
        if p.known
    ]  # fmt: skip
    head = {
        "made_on": made_on.isoformat(), "model_sha256": model_sha256, "data_sha256": data_sha256,
        "confidence": min((c.confidence for c in curves), default=0.0),
    }  # fmt: skip
    return json.dumps({**head, "ages": ages}, indent=1) + "\n"


def read(path: Path) -> Result:
    """The result in a .json file (a head, and "ages") or a .csv file (all in columns).

    Raises:
        DataError: It cannot be read, lacks a part, or holds what is no number.
    """
    head, rows = _csv(path) if path.suffix.lower() == ".csv" else _json(path)
    if not rows:
        raise DataError(f"{path.name} holds no ages", expected=f"{', '.join(NUMBERS)} of each version")
    missing = [name for name in HEAD if head.get(name) in (None, "")]
    if missing:
        found = f"{path.name} does not say its {missing[0]}{near(missing[0], head)}"
        raise DataError(found, expected=f"{', '.join(HEAD)} beside the ages")
    confidence = cells.number(head["confidence"])
    if confidence is None or not 0 <= confidence < 1:
        raise DataError(f"{path.name} has the confidence {head['confidence']!r}", expected="a number such as 0.95")
    curves: dict[str, Curve] = {}
    for row in rows:
        name = str(row.get("metric") or head.get("metric") or "quality")
        share = cells.value_of(row.get("relative", head.get("relative"))) is True
        empty = Curve(metric=name, margin=math.nan, points=(), confidence=confidence, relative=share, how=path.name)
        before = curves.get(name, empty)
        points = sorted((*before.points, _point(row, path.name)), key=lambda p: p.age)
        curves[name] = replace(before, points=tuple(points))
    when = made(head["made_on"], what=f"made_on in {path.name}")
    return Result(source=path.name, made_on=when, model_sha256=str(head["model_sha256"]).lower(), curves=curves)


def _json(path: Path) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    document = cells.parsed(path)
    ages = document.get("ages") if isinstance(document, dict) else None
    if not isinstance(ages, list) or not all(isinstance(row, dict) for row in ages):
        raise DataError(f'{path.name} has no list "ages"', expected=f"tables with {', '.join(NUMBERS)}")
    return document, ages


def _csv(path: Path) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    text = cells.content(path).decode("utf-8-sig", errors="replace")
    rows: list[Mapping[str, Any]] = list(csv.DictReader(io.StringIO(text)))
    for name in HEAD:
        if len({row.get(name) for row in rows}) > 1:
            raise DataError(f"{path.name} has several values of {name}", expected="the same in every line: one replay")
    return (rows[0] if rows else {}), rows


def _point(row: Mapping[str, Any], source: str) -> Point:
    numbers = {name: cells.number(row.get(name)) for name in NUMBERS}
    wrong = next((name for name, value in numbers.items() if value is None), None)
    if wrong is not None:
        found = f"an age in {source} has the {wrong} {row.get(wrong)!r}"
        raise DataError(found, expected=f"finite numbers {', '.join(NUMBERS)}")
    age, gap, lower, upper = (float(numbers[name] or 0.0) for name in NUMBERS)
    if not lower <= gap <= upper:
        raise DataError(f"{source}: at {age:g} days the gap {gap:g} is not between {lower:g} and {upper:g}")
    if age <= 0:
        raise DataError(f"{source} has an age of {age:g} days", expected="days before the fresh model, above 0")
    name, n = str(row.get("name") or f"the version of {age:g} days"), cells.number(row.get("n"))
    few = n is not None and n < FEWEST
    return Point(
        name=name, age=age, gap=gap, lower=lower, upper=upper, n=int(n or 0),
        shortage=f"the saved figures are of {n:g} rows, and {FEWEST} are needed" if few else "",
        identical=lower == upper,
    )  # fmt: skip


def holds(result: Result, *, now: dt.datetime, model_sha256: str | None, lifetime: float, confidence: float) -> Verdict:
    """Whether a saved result is of this model, recent, and as sure as this run asks for.

    Args:
        result: As read.
        now: The time of the run.
        model_sha256: Digest of the model under test; None where it has none.
        lifetime: Seconds after which a result no longer counts.
        confidence: That bounds must have.
    """
    age = result.made_on.age(now)
    days = age.total_seconds() / 86400
    noted = (Measurement(name="age of the saved result", value=round(days, 1), max=lifetime / 86400, unit="d"),)
    if result.made_on.is_ahead(now):
        message = f"{result.source} says it was made on {result.made_on}, which lies ahead"
    elif model_sha256 is not None and result.model_sha256 != model_sha256:
        message = (
            f"{result.source} is about another model ({result.model_sha256[:12]}…), not about {model_sha256[:12]}…. "
            "Next step: replay with this one as the fresh model"
        )
    elif age.total_seconds() > lifetime + (0 if result.made_on.exact else 86400):
        message = (
            f"{result.source} was made {int(days)} days ago, and counts for {lifetime / 86400:g}. Next step: replay"
        )
    else:
        return _sure(result, model_sha256, confidence, noted)
    return Verdict(outcome="failed", message=message, measurements=noted)


def _sure(result: Result, model_sha256: str | None, confidence: float, noted: tuple[Measurement, ...]) -> Verdict:
    lowest = min(c.confidence for c in result.curves.values())
    if model_sha256 is None:
        message = f"the model has no digest, so that nothing shows that {result.source} is about it"
    elif lowest < confidence:
        message = f"the bounds in {result.source} have a confidence of {lowest:g}, and {confidence:g} is asked for"
    else:
        message = f"{result.source}, made on {result.made_on}"
        return Verdict(outcome="passed", message=message, measurements=noted)
    return Verdict(outcome="inconclusive", message=message, measurements=noted)
