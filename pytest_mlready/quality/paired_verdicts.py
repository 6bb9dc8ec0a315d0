"""Judges a paired comparison: not worse than, better than, or not confidently worse than the other model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from pytest_mlready.quality.comparison import Comparison
    from pytest_mlready.values import Outcome

FAR = 10_000_000  # rows beyond which "more rows" is no advice


def judge_non_inferior(c: Comparison, *, other: str = "the production model") -> Verdict:
    """Non-inferiority: passed when the interval lies above -margin, failed when below it, otherwise inconclusive.

    Either error has the probability 1 - confidence at most: each end of the interval is a one-sided bound.

    Args:
        c: Candidate against the other model.
        other: The other model, in words.
    """
    outcome = _side(c, -c.margin)
    words: dict[Outcome, str] = {
        "passed": f"is not worse than {other} by more than {_size(c, c.margin)}",
        "failed": f"is worse than {other} by more than {_size(c, c.margin)}",
        "inconclusive": f"may or may not be worse than {other} by more than {_size(c, c.margin)}",
    }
    fix = "retrain or keep the present model; [tool.mlready.metrics] margin says how much worse is acceptable"
    return _verdict(c, outcome, words[outcome], limit=-c.margin, other=other, fix=fix)


def judge_superior(c: Comparison, *, other: str = "the dummy model") -> Verdict:
    """Superiority: passed when the interval lies above 0, failed when it does not reach it, otherwise inconclusive.

    A model that answers exactly as the other does is not better, however wide the interval: failed.
    """
    outcome: Outcome = "failed" if (c.identical or c.upper <= 0) and not c.shortage else _side(c, 0.0, strictly=True)
    words: dict[Outcome, str] = {
        "passed": f"is better than {other}",
        "failed": f"is not better than {other}",
        "inconclusive": f"may or may not be better than {other}",
    }
    fix = "look for a broken feature, a shuffled target, or classes in the wrong order"
    return _verdict(c, outcome, words[outcome], limit=0.0, other=other, fix=fix)


def judge_not_confidently_worse(c: Comparison, *, other: str = "the linear model") -> Verdict:
    """Failed only when the interval lies below 0; too few rows, or no interval, are inconclusive."""
    outcome = _side(c, 0.0)
    if outcome == "inconclusive" and not c.shortage and math.isfinite(c.upper):
        outcome = "passed"
    words: dict[Outcome, str] = {
        "passed": f"is not confidently worse than {other}",
        "failed": f"is worse than {other}",
        "inconclusive": f"cannot be compared with {other}",
    }
    fix = f"take {other}, which is simpler, or find out what the candidate fails to learn"
    return _verdict(c, outcome, words[outcome], limit=0.0, other=other, fix=fix)


def _side(c: Comparison, limit: float, *, strictly: bool = False) -> Outcome:
    """On which side of `limit` the interval lies."""
    if c.shortage or not (math.isfinite(c.lower) and math.isfinite(c.upper)):
        return "inconclusive"
    if c.lower > limit or (c.lower == limit and not strictly):
        return "passed"
    return "failed" if c.upper < limit else "inconclusive"


def _verdict(c: Comparison, outcome: Outcome, words: str, *, limit: float, other: str, fix: str) -> Verdict:  # noqa: PLR0913
    if not math.isfinite(c.difference):
        message = f"{c.metric} cannot be compared with {other}."
    else:
        message = f"{c.metric} {c.candidate:.4g} {words} ({c.reference:.4g}): {describe(c)}."
    if outcome == "failed":
        message += f" Next step: {fix}."
    elif outcome == "inconclusive":
        message += f" {_what_decides(c, limit)}"
    return Verdict(outcome=outcome, message=message, measurements=measurements(c, limit=limit, other=other))


def describe(c: Comparison) -> str:
    """Difference, bounds, rows and method in one clause; with what these rows could show at all."""
    if not c.confidence:
        return f"difference {_size(c, c.difference, sign=True)}, point estimates only (confidence = 0), n={c.n:,}"
    bounds = (
        f"one-sided {100 * c.confidence:.4g} % bounds {_size(c, c.lower, sign=True)} to {_size(c, c.upper, sign=True)}"
    )
    text = f"difference {_size(c, c.difference, sign=True)}, {bounds}, n={c.n:,}, {c.method}"
    if c.p_mcnemar is not None:
        text += f", exact McNemar p={c.p_mcnemar:.2g}"
    return text if c.mde is None else f"{text}; these rows show a drop of {_size(c, c.mde)} with 80 % power"


def measurements(c: Comparison, *, limit: float, other: str) -> tuple[Measurement, ...]:
    """The numbers of one comparison; `other` names the other model."""
    unit = "share" if c.relative else ""
    found = [
        Measurement(name=c.metric, value=c.candidate, n=c.n),
        Measurement(name=f"{c.metric} of {other}", value=c.reference, n=c.n),
        Measurement(
            name=f"{c.metric}: gain over {other}", value=c.difference, min=limit, interval=(c.lower, c.upper), n=c.n,
            unit=unit, note=c.method,
        ),
    ]  # fmt: skip
    if c.p_mcnemar is not None:
        found.append(Measurement(name=f"{c.metric}: exact McNemar p, against {other}", value=c.p_mcnemar, n=c.n))
    if c.mde is not None:
        name = f"{c.metric}: smallest drop seen with 80 % power, against {other}"
        found.append(Measurement(name=name, value=c.mde, n=c.n, unit=unit))
    return tuple(found)


def _what_decides(c: Comparison, limit: float) -> str:
    if c.shortage:
        return f"{c.shortage[0].upper()}{c.shortage[1:]}."
    if not math.isfinite(c.lower):
        return "No bounds can be formed: the metric is undefined, or constant, on resampled rows."
    rows = c.rows_needed(limit)
    if rows is None or rows > FAR:
        return "The difference is so close to the limit that no realistic number of rows decides."
    return f"About {rows:,} rows would decide if the difference stays as it is."


def _size(c: Comparison, value: float, *, sign: bool = False) -> str:
    if not math.isfinite(value):
        return "unknown"
    plus = "+" if sign else ""
    return f"{100 * value:{plus}.3g} %" if c.relative else f"{value:{plus}.4g}"
