"""Holds the figures that a card states against those that were measured.

A figure agrees when the measured value, rounded to as many digits as are written, gives it. The confidence interval is
no tolerance: last quarter's area under the curve lies inside it often enough, and would be believed as this model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.documents.cards.figures import ENOUGH_DIGITS, SLACK
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.documents.cards.figures import Figure
    from pytest_mlready.documents.cards.stated import Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What this run measured.

    Attributes:
        value: Point estimate; None where it could not be computed.
        lower, upper: Confidence bounds, for the report.
        n: Rows.
        reason: Why there is no value.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int = 0
    reason: str = ""


def judge(stated: Sequence[Stated], measured: Mapping[str, Measured], *, tolerance: float, path: str) -> list[Verdict]:
    """Whether each stated figure is the measured one.

    Args:
        stated: What the card says.
        measured: By metric; metrics that are not in it cannot be compared, and decide nothing.
        tolerance: Absolute difference that is accepted beside rounding, for evaluations that are not repeatable.
        path: The card.
    """
    known = [one for one in stated if one.metric in measured]
    verdicts = [_one(one, measured[one.metric], tolerance) for one in known]
    settled = {one.metric for one, v in zip(known, verdicts, strict=True) if v.outcome != "inconclusive"}
    told = [
        verdict
        for one, verdict in zip(known, verdicts, strict=True)
        if verdict.outcome != "inconclusive" or one.clear or one.metric not in settled
    ]
    if not told:
        names = ", ".join(dict.fromkeys(one.metric for one in stated))
        found = f"{path} states no figure that can be compared{f': {names} cannot be measured here' if names else ''}"
        fix = "Next step: write the evaluation as a table, | ROC AUC | 0.928 |, from what this run measured"
        return [Verdict(outcome="inconclusive" if stated else "failed", message=f"{found}. {fix}")]
    return told


def _one(stated: Stated, measured: Measured, tolerance: float) -> Verdict:
    if measured.value is None:
        message = f"{stated.place}: {stated.metric} cannot be compared: {measured.reason}"
        return Verdict(outcome="inconclusive", message=message)
    value = measured.value
    read = [_read(one, value) for one in stated.among]
    agreeing = [one for one in read if one.agrees(value, tolerance=tolerance)]
    shown = agreeing[0] if agreeing else read[0]
    evidence = Measurement(
        name=f"{stated.metric} in the card", value=shown.value, n=measured.n or None,
        interval=None if measured.lower is None and measured.upper is None else (measured.lower, measured.upper),
        note=f"{stated.place}: “{shown.text}”; measured {value:.6g}",
    )  # fmt: skip
    texts = " or ".join(dict.fromkeys(one.text for one in stated.among))
    where = f"{stated.place}: {stated.metric} is given as {texts}"
    if agreeing:
        exact = abs(shown.value - value) <= SLACK * max(1.0, abs(value))
        if shown.digits < ENOUGH_DIGITS and not exact:
            told = f"{where}, which is too coarse to compare with {value:.4g}; write at least {ENOUGH_DIGITS} digits"
            return Verdict(outcome="inconclusive", message=told, measurements=(evidence,))
        return Verdict(outcome="passed", message=f"{where}, as measured", measurements=(evidence,))
    if not stated.clear:
        told = (
            f"{where}, and which of them is this model's on the held-out set is not understood; measured: {value:.4g}"
        )
        return Verdict(outcome="inconclusive", message=told, measurements=(evidence,))
    inside = (
        measured.lower is not None and measured.upper is not None and measured.lower <= shown.value <= measured.upper
    )
    note = " (it lies within the confidence interval, and is still another number)" if inside else ""
    told = f"{where}, and this run measured {_as(shown, value)}{note}. Next step: write the card from this run"
    return Verdict(outcome="failed", message=told, measurements=(evidence,))


def _read(figure: Figure, measured: float) -> Figure:
    """The figure, as a percentage where only that can be meant: 92.8 for a share of 0.928."""
    meant = not figure.percent and 0 <= measured <= 1 < figure.value <= 100
    return figure.as_share() if meant else figure


def _as(figure: Figure, value: float) -> str:
    """The measured value with one digit more than the figure has."""
    import math

    shown = value * 100 if figure.percent else value
    unit = 2 * figure.half * (100 if figure.percent else 1)
    decimals = min(10, max(0, 1 - math.floor(math.log10(unit) + 0.5)))
    return f"{shown:.{decimals}f}{' %' if figure.percent else ''}"
