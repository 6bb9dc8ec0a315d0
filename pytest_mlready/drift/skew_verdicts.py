"""Judges compared features: mismatching examples against a limit, features of one side alone, planted faults."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_mlready import bounds
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.drift.skew import Compared, Mask

LISTED = 6  # features that a message describes
SHARED_CODE = "compute the feature by the same code in training and serving, or train on logged features"


def judge_number(n: int, needed: int, left_out: Sequence[str]) -> list[Verdict]:
    """Inconclusive below the examples that are needed; nothing where there are enough."""
    if n >= needed:
        return []
    why = f" ({', '.join(left_out)})" if left_out else ""
    message = (
        f"{n:,} different examples of this model count{why}; {needed:,} are needed. Next step: log a larger sample"
    )
    seen = Measurement(name="logged examples", value=n, min=needed, n=n)
    return [Verdict(outcome="inconclusive", message=message, measurements=(seen,))]


def judge_rows(  # noqa: PLR0913 - what was found, what is allowed, and what to say
    what: str, differ: Mask, told: Sequence[str], *, limit: float, confidence: float, fix: str = SHARED_CODE
) -> Verdict:
    """Mismatching examples among n: failed above the limit, passed when the exact upper bound is within it.

    None in 3,000 bounds the rate at 0.1 % with 95 % confidence (the rule of three).

    Args:
        what: What was compared, in words.
        differ: Which examples differ, shape (n,).
        told: A sentence for each feature that differs.
        limit: Greatest rate.
        confidence: Of the bound; 0 compares the rate alone.
        fix: The next step where it fails.
    """
    mismatches, n = int(differ.sum()), len(differ)
    rate = mismatches / n if n else math.nan
    upper = float(bounds.clopper_pearson(mismatches, n, confidence=confidence, sides=1)[1]) if confidence else rate
    seen = Measurement(
        name=f"mismatching {what}", value=rate, max=limit, interval=(None, upper) if confidence else None, n=n,
        note="exact upper bound" if confidence else "point estimate alone: confidence = 0",
    )  # fmt: skip
    found = f"{what}: {mismatches:,} of {n:,} examples differ, at most {upper:.3%}; {limit:.3%} is allowed"
    listed = "".join(f"\n  {line}" for line in told[:LISTED])
    listed += f"\n  and {len(told) - LISTED} more" if len(told) > LISTED else ""
    if rate > limit:
        return Verdict(outcome="failed", message=f"{found}. Next step: {fix}{listed}", measurements=(seen,))
    if upper <= limit:
        return Verdict(outcome="passed", message=found + listed, measurements=(seen,))
    more = bounds.rows_that_show(rate, limit, confidence=confidence or 0.5)
    advice = f"; about {more:,.0f} examples would decide" if math.isfinite(more) else ""
    return Verdict(outcome="inconclusive", message=found + advice + listed, measurements=(seen,))


def judge_columns(compared: Compared, model_features: Sequence[str] | None) -> list[Verdict]:
    """Features of one side alone.

    Args:
        compared: Both sides.
        model_features: What the model takes; None where it does not say. Logged columns beyond them are no features.
    """
    verdicts = []
    strange = [f for f in compared.only_served if model_features is None or f in model_features]
    if strange:
        message = f"serving computes {', '.join(strange)}, which training does not"
        verdicts.append(Verdict(outcome="failed", message=f"{message}. Next step: compare the two codes by name"))
    unlogged = [f for f in compared.only_trained if model_features is None or f in model_features]
    if unlogged:
        message = f"the log does not hold {', '.join(unlogged)}, which training computes: log every feature"
        verdicts.append(Verdict(outcome="inconclusive", message=message))
    known = {*compared.features, *compared.only_trained, *compared.only_served}
    if nowhere := [f for f in model_features or () if f not in known]:
        listed = ", ".join(nowhere[:LISTED]) + (f" and {len(nowhere) - LISTED} more" if len(nowhere) > LISTED else "")
        message = f"neither training nor the log holds {listed}, which the model takes, so that nothing compares it"
        fix = "let the entry point features return every input of the model, and log every one"
        verdicts.append(Verdict(outcome="inconclusive", message=f"{message}. Next step: {fix}"))
    if not compared.features:
        verdicts.append(Verdict(outcome="inconclusive", message="log and training have no feature in common"))
    return verdicts


def judge_trials(trials: Sequence[tuple[str, bool]]) -> Verdict:
    """Faults planted into a copy of the log: each must be found, or a comparison without findings says nothing.

    Args:
        trials: Name of each fault, and whether it was found.
    """
    found = [name for name, seen in trials if seen]
    missed = [name for name, seen in trials if not seen]
    seen = Measurement(
        name="planted skew found", value=len(found), min=len(trials), n=len(trials), note=", ".join(found)
    )
    if trials and not missed:
        return Verdict(outcome="passed", message=f"planted and found: {', '.join(found)}", measurements=(seen,))
    why = f"planted and not found: {', '.join(missed)}" if missed else "no feature varies, so that no skew could show"
    return Verdict(outcome="inconclusive", message=f"the log cannot show skew: {why}", measurements=(seen,))
