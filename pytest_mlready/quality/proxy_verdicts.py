"""Lists how much inputs tell about protected attributes, and judges it where a limit is set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.quality.intervals import Interval
    from pytest_mlready.quality.proxies import Association

    Named = tuple[str, str, Association]  # attribute, input, association
    Told = tuple[str, str, Interval]  # attribute, group, area

SHOWN = 5


def listed(found: Sequence[Named], limit: float | None = None) -> list[Measurement]:
    """One measurement for each input and attribute, strongest first."""
    ordered = sorted(found, key=lambda f: -f[2].v if math.isfinite(f[2].v) else 1.0)
    return [_association(f"association of {name} with {attribute}", a, limit) for attribute, name, a in ordered]


def _association(name: str, a: Association, limit: float | None) -> Measurement:
    if not math.isfinite(a.v):
        return Measurement(name=name, value=None, max=limit, n=a.n, note="one of the two never varies")
    return Measurement(name=name, value=a.v, max=limit, interval=(a.lower, a.upper), n=a.n, note="Cramér's V")


def areas(found: Sequence[Told], limit: float | None = None) -> list[Measurement]:
    """One measurement for each group that the inputs were asked for."""
    return [
        Measurement(name=f"{group} told by all inputs", value=e.estimate, max=limit, n=e.n,
                    interval=(e.lower, e.upper), note=f"ROC AUC of a logistic regression for {attribute}")
        for attribute, group, e in found
    ]  # fmt: skip


def judge_associations(found: Sequence[Named], limit: float) -> Verdict:
    """Failed when an input is confidently above the limit; inconclusive above it, or where chance alone may reach it.

    Args:
        found: With bounds at the level of the family.
        limit: Greatest Cramér's V.
    """
    noted = tuple(listed(found, limit))
    known = [f for f in found if math.isfinite(f[2].v)]
    beyond = [f for f in known if f[2].lower > limit]
    if beyond:
        said = "; ".join(f"{name} with {attribute} {a.v:.2f}" for attribute, name, a in beyond[:SHOWN])
        message = f"{len(beyond)} inputs are confidently associated beyond {limit:g} (Cramér's V): {said}. {STEP}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    unsure = [f for f in known if f[2].v > limit or f[2].chance > limit]
    if unsure or not known:
        said = "; ".join(
            f"{name} with {attribute} {a.v:.2f} ({a.lower:.2f} to {a.upper:.2f})"
            for attribute, name, a in unsure[:SHOWN]
        )
        message = f"{said or 'no input varies'}: whether that is beyond {limit:g} these rows cannot tell"
        return Verdict(outcome="inconclusive", message=message, measurements=noted)
    return Verdict(outcome="passed", message=f"no input is associated beyond {limit:g}", measurements=noted)


def judge_areas(found: Sequence[Told], limit: float) -> Verdict:
    """Failed when a group is told confidently better than the limit, passed when all bounds are within it."""
    noted = tuple(areas(found, limit))
    told = [f"{group} {e.estimate:.3f} ({e.lower:.3f} to {e.upper:.3f})" for _, group, e in found]
    if any(e.lower > limit for *_, e in found):
        message = (
            f"all inputs together tell a protected attribute better than {limit:g}: {'; '.join(told[:SHOWN])}. {STEP}"
        )
        return Verdict(outcome="failed", message=message, measurements=noted)
    if found and all(e.upper <= limit for *_, e in found):
        return Verdict(outcome="passed", message="; ".join(told[:SHOWN]), measurements=noted)
    message = f"{'; '.join(told[:SHOWN]) or 'no group has 50 rows'}; the limit of {limit:g} cannot be told apart"
    return Verdict(outcome="inconclusive", message=message, measurements=noted)


STEP = "Next step: take these inputs to whoever owns the policy, or leave them out and measure again"
