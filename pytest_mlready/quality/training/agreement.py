"""Compares the answers of two models on the same rows, number by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.values import Predictions

TOLERANCE = 1e-6  # CATALOG.md: sums in another order differ by less, another model by more


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two models' answers agree.

    Attributes:
        rows: Rows compared.
        differing: Rows whose answers differ by more than the tolerance.
        largest: Largest difference of two numbers; None where labels or texts were compared.
        of: What was compared: "probabilities", "scores", "values", "labels".
        reason: Why the answers cannot be compared at all; empty when they can.
    """

    rows: int
    differing: int
    largest: float | None
    of: str
    reason: str = ""

    @property
    def holds(self) -> bool:
        return self.differing == 0 and not self.reason

    def told(self) -> str:
        """In words."""
        if self.reason:
            return self.reason
        by = "" if self.largest is None else f", by up to {self.largest:.3g}"
        if self.holds:
            return f"{self.of} are the same on {self.rows:,} rows" + (
                f", within {self.largest:.2g}" if self.largest else ""
            )
        return f"{self.of} differ on {self.differing:,} of {self.rows:,} rows{by}"


def compare(a: Predictions, b: Predictions, *, tolerance: float = TOLERANCE) -> Agreement:
    """Compares two models' answers on one data set.

    Probabilities where both models give them, else scores, else values or labels. Numbers agree within `tolerance`,
    absolute up to 1 and relative beyond, so that a price in the millions is not held to its sixth decimal.

    Args:
        a: Predictions on n rows.
        b: Another model's on the same rows, in the same order.
        tolerance: Largest difference that still agrees.
    """
    n = len(a)
    if a.classes != b.classes:
        names = " and ".join(", ".join(map(str, p.classes or ())) for p in (a, b))
        return Agreement(rows=n, differing=n, largest=None, of="classes", reason=f"the classes differ: {names}")
    of, ours, theirs = _comparable(a, b)
    if ours.dtype.kind not in "fiub":
        return Agreement(rows=n, differing=int((ours != theirs).sum()), largest=None, of=of)
    apart, agree = apart_and_agree(ours.astype(float), theirs.astype(float), tolerance)
    return Agreement(rows=n, differing=int((~agree).sum()), largest=float(apart.max(initial=0.0)), of=of)


def apart_and_agree(
    a: NDArray[np.float64], b: NDArray[np.float64], tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Absolute differences, shape as `a`, and which rows agree throughout, shape (n,)."""
    apart = np.abs(a - b)
    near = np.asarray(apart <= tolerance * np.maximum(1.0, np.abs(a)))
    return apart, np.asarray(near.reshape(len(a), -1).all(axis=1), bool)


def _comparable(a: Predictions, b: Predictions) -> tuple[str, NDArray[Any], NDArray[Any]]:
    if a.proba is not None and b.proba is not None:
        return "probabilities", a.proba, b.proba
    if a.score is not None and b.score is not None:
        return "scores", a.score, b.score
    return ("labels" if a.classes else "values"), a.labels, b.labels
