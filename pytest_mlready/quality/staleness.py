"""Compares archived versions of a model with a fresh one on the same rows, and derives how old a model may get."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_mlready.quality import paired
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.values import Predictions

LEAST = 4  # ages from which a curve is one: what CATALOG.md asks for; a convention


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An archived version and what it answers.

    Attributes:
        name: Path or name, for messages.
        age: Days by which it was trained before the fresh model.
        predictions: On the rows on which the fresh model was asked.
    """

    name: str
    age: float
    predictions: Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What one version loses against the fresh model.

    Attributes:
        name: Of the version.
        age: Days.
        gap: By how much its metric is worse; negative where it is better.
        lower, upper: One-sided bounds of `gap`; NaN where there are none.
        n: Rows that count.
        shortage: Why the rows do not suffice; "" where they do.
        identical: Both gave the same answer on every row.
    """

    name: str
    age: float
    gap: float
    lower: float
    upper: float
    n: int
    shortage: str = ""
    identical: bool = False

    @property
    def known(self) -> bool:
        return not self.shortage and all(map(math.isfinite, (self.gap, self.lower, self.upper)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Loss by age, for one metric.

    Attributes:
        metric: Its name.
        margin: Loss that is accepted, in the unit of the gaps.
        points: By age, ascending.
        confidence: Of each bound.
        relative: Gaps and margin are shares of the fresh model's value.
        how: Method of the bounds, and other remarks.
    """

    metric: str
    margin: float
    points: tuple[Point, ...]
    confidence: float
    relative: bool = False
    how: str = ""

    @property
    def ages(self) -> tuple[float, ...]:
        """Distinct ages, ascending."""
        return tuple(sorted({p.age for p in self.points}))

    @property
    def maximum(self) -> float | None:
        """The greatest age, in days, up to which every version is shown to lose no more than the margin; None: none.

        From the youngest on, until the first that is not shown. Each step is a test of its own at the confidence of the
        bounds, and no correction is needed, since the order is fixed beforehand and the first failure ends it (Maurer,
        Hothorn, Lehmacher 1995; Westfall, Krishen 2001). Nothing is interpolated, and nothing said beyond the oldest.
        """
        reached = None
        for age, points in groupby(self.points, key=lambda p: p.age):
            if not all(p.known and p.upper <= self.margin for p in points):
                break
            reached = age
        return reached


def curve(  # noqa: PLR0913 - one knob each
    metric: Metric,
    fresh: Predictions,
    versions: Sequence[Version],
    *,
    margin: float | None,
    confidence: float,
    seed: int,
) -> Curve:
    """Compares each version with the fresh model, row by row.

    Args:
        metric: From `metrics.resolve`.
        fresh: Answers of the fresh model.
        versions: The others, in any order, on the same rows.
        margin: Loss that is accepted; None: the default of a comparison with production.
        confidence: One-sided.
        seed: Of the bootstrap.

    Raises:
        DataError: They were not asked about the same rows.
    """
    allowed = paired.default_margin(metric) if margin is None else margin
    points, methods, relative = [], [], False
    for version in sorted(versions, key=lambda v: v.age):
        found = paired.compare(metric, version.predictions, fresh, margin=allowed, confidence=confidence, seed=seed)
        methods.append(found.method)
        relative = relative or found.relative
        points.append(
            Point(
                name=version.name, age=version.age, gap=-found.difference, lower=-found.upper, upper=-found.lower,
                n=found.n, shortage=found.shortage, identical=found.identical,
            )
        )  # fmt: skip
    return Curve(
        metric=metric.name, margin=allowed, points=tuple(points), confidence=confidence, relative=relative,
        how=", ".join(dict.fromkeys(methods)),
    )  # fmt: skip


def judge(found: Curve, *, least: int = LEAST) -> Verdict:
    """Whether the curve tells how old a model may get.

    Passed with a derived maximum age; failed where already the youngest version loses confidently more than the margin;
    otherwise inconclusive.
    """
    verdict = _lacking(found, least)
    if verdict is not None:
        return verdict
    most = found.maximum
    youngest, oldest = found.ages[0], found.ages[-1]
    if most is not None:
        more = ", the oldest that was tried" if most == oldest else f"; at {_next(found, most):g} days it is not shown"
        message = f"{found.metric}: up to {most:g} days a model loses at most {_size(found, found.margin)}{more}"
        return Verdict(outcome="passed", message=message, measurements=measurements(found))
    first = [p for p in found.points if p.age == youngest]
    if any(p.lower > found.margin for p in first):
        message = (
            f"{found.metric}: already at {youngest:g} days a model loses more than {_size(found, found.margin)} "
            f"({_told(found, first[0])}). Next step: try younger versions, or retrain more often"
        )
        return Verdict(outcome="failed", message=message, measurements=measurements(found))
    message = (
        f"{found.metric}: at {youngest:g} days the loss may or may not be within {_size(found, found.margin)} "
        f"({_told(found, first[0])}). Next step: more labelled rows"
    )
    return Verdict(outcome="inconclusive", message=message, measurements=measurements(found))


def _lacking(found: Curve, least: int) -> Verdict | None:
    """Why no age can be derived at all."""
    unknown = next((p for p in found.points if not p.known), None)
    if unknown is not None:
        why = unknown.shortage or "no bounds can be formed"
        message = f"{found.metric} of {unknown.name} cannot be compared with the fresh model: {why}"
    elif len(found.ages) < least:
        told = ", ".join(f"{age:g}" for age in found.ages) or "none"
        message = (
            f"{found.metric}: {len(found.ages)} ages ({told} days) are too few for a curve, {least} are asked for. "
            "Next step: archive versions, or retrain with data cut off earlier"
        )
    elif all(p.identical for p in found.points):
        message = f"{found.metric}: all versions answer as the fresh model does: are they different models?"
    else:
        return None
    return Verdict(outcome="inconclusive", message=message, measurements=measurements(found))


def _next(found: Curve, age: float) -> float:
    return next(a for a in found.ages if a > age)


def measurements(found: Curve) -> tuple[Measurement, ...]:
    """The loss at each age, and the maximum age."""
    unit = "share" if found.relative else ""
    losses = (
        Measurement(
            name=f"{found.metric} lost at {p.age:g} days", value=p.gap, max=found.margin, interval=(p.lower, p.upper),
            n=p.n, unit=unit, note=p.name,
        )
        for p in found.points
    )  # fmt: skip
    derived = Measurement(name=f"maximum age by {found.metric}", value=found.maximum, unit="d", note=found.how)
    return (*losses, derived)


def picture(found: Curve) -> dict[str, Any]:
    """Loss against age with its bounds, for a plot of the kind "curve"; the fresh model is the origin."""
    points = [p for p in found.points if p.known]
    return {
        "x": [0.0, *(p.age for p in points)], "x_unit": "d", "y": [0.0, *(p.gap for p in points)],
        "lower": [0.0, *(p.lower for p in points)], "upper": [0.0, *(p.upper for p in points)],
        "unit": "share" if found.relative else "", "limits": {"margin": found.margin},
        "marks": {"maximum age": found.maximum},
    }  # fmt: skip


def _told(found: Curve, point: Point) -> str:
    bounds = f"{_size(found, point.lower)} to {_size(found, point.upper)}"
    return f"{_size(found, point.gap)}, one-sided {100 * found.confidence:g} % bounds {bounds}, n={point.n:,}"


def _size(found: Curve, value: float) -> str:
    return f"{100 * value:.3g} %" if found.relative else f"{value:.4g}"
