"""Judges an estimate against its limits: passed, failed, or inconclusive with the rows that would decide."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pytest_mlready.quality.intervals import wilson
from pytest_mlready.values import Measurement, Outcome, Verdict

if TYPE_CHECKING:
    from pytest_mlready.quality.metrics import Estimate

MAX_ROWS = 10_000_000  # beyond this the advice is to move the limit or the model, not to collect rows
POINT = "point estimate alone: confidence = 0"
_SCAN = 200_000  # below this the exact number is looked for


def judge(
    estimate: Estimate,
    *,
    min: float | None = None,  # noqa: A002 - the names of the settings
    max: float | None = None,  # noqa: A002
    confidence: float | None = None,
) -> Verdict:
    """Holds an estimate against a lower limit, an upper limit, or both.

    Passed when the confidence bound meets the limit, failed when the point estimate misses it, otherwise inconclusive
    with the rows that would decide. With both limits, both must hold: no correction is needed, since a model that
    misses one of them passes with probability 1 - confidence at most (intersection-union test, Berger 1982).

    Args:
        estimate: A metric's value with one-sided bounds.
        min: What the value must reach at least.
        max: What the value may be at most.
        confidence: 0 compares the point estimate; by default what the estimate's bounds were formed with.

    Raises:
        ValueError: neither limit is given, or one is NaN.
    """
    if min is max is None or any(limit is not None and math.isnan(limit) for limit in (min, max)):
        raise ValueError(f"there is no limit to hold {estimate.name} against")
    confidence = estimate.confidence if confidence is None else confidence
    measured = _measurement(estimate, min, max, confidence)
    if estimate.value is None or (estimate.reason and confidence):
        reason = estimate.reason or "it has no value"
        seen = "" if estimate.value is None else f" is {estimate.value:.4g}, but"
        return Verdict(
            outcome="inconclusive",
            message=f"{estimate.name}{seen} cannot be judged: {reason}",
            measurements=(measured,),
        )
    sides = [_against(estimate, limit, sign, confidence) for limit, sign in ((min, 1), (max, -1)) if limit is not None]
    worst: Outcome = "passed"
    for outcome in ("inconclusive", "failed"):
        worst = outcome if outcome in [s[0] for s in sides] else worst
    messages = [text for outcome, text in sides if outcome == worst]
    return Verdict(outcome=worst, message="; ".join(messages), measurements=(measured,))


def _measurement(e: Estimate, least: float | None, most: float | None, confidence: float) -> Measurement:
    interval = (e.lower, e.upper) if confidence and (e.lower, e.upper) != (None, None) else None
    note = f"{e.method}, one-sided {100 * confidence:.4g} % bounds" if interval else "point estimate"
    return Measurement(name=e.name, value=e.value, min=least, max=most, interval=interval, n=e.n, note=note)


def _against(e: Estimate, limit: float, sign: int, confidence: float) -> tuple[Outcome, str]:
    """One limit: `sign` 1 for a minimum, -1 for a maximum."""
    value = e.value if e.value is not None else math.nan
    bound = (e.lower if sign > 0 else e.upper) if confidence else value
    side, asked = ("lower", "at least") if sign > 0 else ("upper", "at most")
    seen, edge, wanted = _told_apart(value, bound, limit)
    how = f"{side} {100 * confidence:.4g} % bound {edge}, {e.method}" if confidence else POINT
    found = f"{e.name} is {seen} ({how}, {e.n:,} {e.rows}); asked is {asked} {wanted}"
    if sign * (value - limit) < 0:
        return "failed", found
    if bound is not None and sign * (bound - limit) >= 0:
        return "passed", found
    return "inconclusive", f"{found}. {_advice(e, limit, confidence)}"


def _advice(e: Estimate, limit: float, confidence: float) -> str:
    needed = rows_needed(e, limit, confidence=confidence)
    if needed is None:
        return "So close to the limit no feasible number of rows decides: better the model, or agree on another limit"
    return f"If the value holds, about {_round_up(needed):,} {e.rows} would decide"


def _round_up(n: int) -> int:
    unit = int(10 ** max(0, len(str(n)) - 2))
    return -(-n // unit) * unit


def _told_apart(*values: float | None) -> list[str]:
    """Numbers with at least four digits, and as many as it takes to tell them apart."""
    texts: list[str] = []
    for digits in range(4, 11):
        texts = ["none" if v is None else f"{v:.{digits}g}" for v in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def rows_needed(estimate: Estimate, limit: float, *, confidence: float | None = None) -> int | None:
    """Rows from which the bound would meet the limit, if the value stays what it is.

    For Wilson bounds exact over whole numbers of successes; for all others the distance from value to bound is taken to
    shrink with the square root of the rows. None when the value misses the limit, equals it, or more than ten million
    rows would be needed.

    Args:
        estimate: A value and its bounds on `n` rows (of the denominator).
        limit: The limit that the value is on the good side of.
        confidence: One-sided confidence; by default the estimate's own.
    """
    value = estimate.value
    if value is None or value == limit:
        return None
    if estimate.method == "Wilson" and 0 < limit < 1:
        level = confidence or estimate.confidence
        needed = rows_for_share(value, limit, confidence=level) if value > limit else None
        return needed if value > limit else rows_for_share(1 - value, 1 - limit, confidence=level)
    bound = estimate.lower if value > limit else estimate.upper
    if bound is None:
        return None
    needed = math.ceil(estimate.n * ((value - bound) / (value - limit)) ** 2)
    return needed if needed <= MAX_ROWS else None


def rows_for_share(share: float, least: float, *, confidence: float = 0.95) -> int | None:
    """Rows from which on Wilson's one-sided lower bound of a share stays at or above `least`.

    With a share of 0.92 against 0.90 it takes about 650 rows; 0.91 against 0.90 about 2,500; 0.995 against 0.99 about
    1,160. None above ten million rows.
    """
    from scipy.special import ndtri

    z2, gap = float(ndtri(confidence)) ** 2 * least * (1 - least), share - least
    enough = ((math.sqrt(z2) + math.sqrt(z2 + 2 * gap)) / (2 * gap)) ** 2  # half a success lost to rounding
    if enough > MAX_ROWS:
        return None
    if enough > _SCAN:
        return math.ceil(enough)
    n = np.arange(1, math.ceil(enough) + 2)
    short = np.flatnonzero(wilson(np.round(share * n), n, confidence=confidence, sides=1)[0] < least)
    return int(n[short[-1]]) + 1 if len(short) else 1
