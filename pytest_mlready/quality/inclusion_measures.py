"""Chooses the figures by which groups of a protected attribute are compared, for each task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pytest_mlready.quality.bootstrap import Floats
    from pytest_mlready.values import Predictions

Scale = Literal["difference", "ratio", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure that groups are compared by: the mean of `values` over the rows in `counted`.

    Attributes:
        name: "recall", "calibration".
        values: One number a row, shape (n,); 0 or 1 for a share.
        counted: Rows that count, boolean, shape (n,).
        rows: What they are, in words.
        scale: Held against the largest group as a difference or as a ratio; or "own": the figure itself should be 0.
        limit: Greatest gap; for a ratio the least ratio. None: listed only.
    """

    name: str
    values: Floats
    counted: NDArray[np.bool_]
    rows: str = "rows"
    scale: Scale = "difference"
    limit: float | None = None

    @property
    def is_share(self) -> bool:
        return bool(np.isin(self.values, (0.0, 1.0)).all())

    @property
    def bound(self) -> float | None:
        """The limit on the scale that gaps are judged on: the logarithm of a ratio."""
        return -math.log(self.limit) if self.limit is not None and self.scale == "ratio" else self.limit


def measures(p: Predictions, limits: Mapping[str, float | None]) -> tuple[Measure, ...]:
    """What groups are compared by, for the task.

    Args:
        p: Predictions on all rows.
        limits: By name: "selection ratio", "recall", "false positive rate", "accuracy", "calibration", "error"; the
            last in standard deviations of the outcome. None, or left out: listed only.
    """
    every = np.ones(len(p), bool)
    if p.task == "regression":
        error, spread = np.asarray(p.labels - p.y, float), float(np.std(p.y))
        limit = limits.get("error")
        scaled = None if limit is None else limit * spread
        return (
            Measure(name="outcome", values=np.asarray(p.y, float), counted=every),
            Measure(name="prediction", values=np.asarray(p.labels, float), counted=every),
            Measure(name="mean error", values=error, counted=every, scale="own", limit=scaled),
            Measure(name="absolute error", values=np.abs(error), counted=every, limit=scaled),
        )
    right = (p.y == p.labels).astype(float)
    if p.task != "binary-classification":
        return (Measure(name="accuracy", values=right, counted=every, limit=limits.get("accuracy")),)
    true, told = p.y == p.positive, (p.labels == p.positive).astype(float)
    found = [
        Measure(name="outcome rate", values=true.astype(float), counted=every),
        Measure(name="selection rate", values=told, counted=every, scale="ratio", limit=limits.get("selection ratio")),
        Measure(name="recall", values=told, counted=true, rows="positive rows", limit=limits.get("recall")),
        Measure(name="false positive rate", values=told, counted=~true, rows="negative rows",
                limit=limits.get("false positive rate")),
    ]  # fmt: skip
    if p.proba is not None and p.score is not None:
        bias = np.asarray(p.score - true, float)
        found.append(
            Measure(name="calibration", values=bias, counted=every, scale="own", limit=limits.get("calibration"))
        )
    return tuple(found)
