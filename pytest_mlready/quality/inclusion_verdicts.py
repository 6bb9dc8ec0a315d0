"""Judges the gaps between groups: one confidently beyond its limit, too little to see one, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.quality.groups import Partition
    from pytest_mlready.quality.inclusion import Finding

COVERED = 0.9  # share of rows that must lie in groups large enough
SHOWN = 5  # gaps named in a message; all of them stand in the measurements


def judge(
    findings: Sequence[Finding],
    partitions: Sequence[Partition],
    *,
    must: Sequence[str] = (),
    covered: float = COVERED,
    confidence: float = 0.95,
) -> Verdict:
    """Judges all gaps together.

    Failed when a gap is beyond its limit confidently (Holm). Inconclusive when one is beyond it but not confidently in
    a group large enough, when a `must` group is too small, or when the groups large enough hold less than `covered` of
    an attribute's rows or are the reference alone. Else passed, with the smallest gaps that would have been seen.

    Args:
        findings: From `inclusion.examine`.
        partitions: That they were made from.
        must: Names of groups ("sex=Female"), columns or combinations ("sex", "sex × race").
        covered: Share of rows, 0 to 1.
        confidence: That the findings were adjusted for.
    """
    alpha = 1 - confidence if confidence else 0.5
    limited = [f for f in findings if f.measure.limit is not None]
    measured = tuple(_measurement(f) for f in findings)
    beyond = [f for f in limited if f.adjusted is not None and f.adjusted <= alpha]
    if beyond:
        text = f"{len(beyond)} of {len(limited)} gaps are {_surely(confidence)} beyond their limit: {_listed(beyond)}"
        return Verdict(outcome="failed", message=f"{text}. Next step: {FIX}", measurements=measured)
    doubts = [f"{_said(f)} is beyond its limit, but not surely" for f in limited if f.beyond and f.adequate]
    doubts += [*_musts(limited, must), *_coverage(limited, partitions, covered)]
    clear = f"none of {len(limited)} gaps is {_surely(confidence)} beyond its limit"
    small = [f for f in limited if not f.adequate]
    tail = f". Too small to see a gap of the limit's size: {'; '.join(map(_size, small[:SHOWN]))}" if small else ""
    tail += f"; and {len(small) - SHOWN} more" if len(small) > SHOWN else ""
    if doubts or not limited:
        said = "; ".join(doubts[:SHOWN]) or "no measure has a limit"
        return Verdict(outcome="inconclusive", message=f"{said}. So far {clear}{tail}", measurements=measured)
    message = f"{clear[0].upper()}{clear[1:]}. {_power(limited)}{tail}"
    return Verdict(outcome="passed", message=message, measurements=measured)


FIX = (
    "look at the labels and inputs of these rows, collect more of them, reweight, or move the threshold; or have "
    "whoever owns the policy set another limit"
)


def plot_data(findings: Sequence[Finding]) -> dict[str, Any]:
    """The data of an "intervals" picture: one entry for each gap that has a limit."""
    return {
        "groups": [
            {
                "name": f.group, "metric": _name(f), "n": f.n, "value": f.gap, "lower": f.lower, "upper": f.upper,
                "limit": f.measure.limit, **dict(zip(("min", "max"), _sides(f), strict=True)), "adequate": f.adequate,
                "adjusted_p": f.adjusted,
            }
            for f in findings
            if f.measure.limit is not None
        ]
    }  # fmt: skip


def _musts(findings: Sequence[Finding], must: Sequence[str]) -> list[str]:
    gaps = []
    for name in must:
        meant = [f for f in findings if name in (f.group, *f.columns, " × ".join(f.columns), f.reference)]
        if not meant:
            gaps.append(f'the must group "{name}" is not among those examined{near(name, {f.group for f in findings})}')
        mine = [f for f in meant if not f.adequate and name != f.reference]
        gaps += [f'the must group "{f.group}" is too small for {f.measure.name}' for f in mine]
    return list(dict.fromkeys(gaps))


def _coverage(findings: Sequence[Finding], partitions: Sequence[Partition], covered: float) -> list[str]:
    gaps = []
    for part in partitions:
        for name in dict.fromkeys(f.measure.name for f in findings):
            mine = [f for f in findings if f.columns == part.columns and f.measure.name == name]
            enough = [f for f in mine if f.adequate]
            reference = len(part.groups[0]) if mine and mine[0].reference else 0
            share = (sum(f.rows for f in enough) + reference) / part.rows
            if mine and not enough:
                gaps.append(f"no group of {part.name} is large enough to compare its {name}")
            elif mine and share < covered:
                gaps.append(f"groups of {part.name} large enough for {name} hold {share:.0%} of rows (< {covered:.0%})")
    return gaps


def _power(findings: Sequence[Finding]) -> str:
    """The smallest gap that would have been seen, by measure, in the group where it is largest."""
    texts = []
    for name in dict.fromkeys(f.measure.name for f in findings):
        mine = [f for f in findings if f.measure.name == name and f.adequate and f.detectable is not None]
        if mine and mine[0].measure.scale != "ratio":
            worst = max(mine, key=lambda f: f.detectable or 0.0)
            texts.append(f"{name} {worst.detectable:.2g} ({worst.group}; limit {worst.measure.limit:.3g})")
    return f"Smallest gaps that would have been seen: {', '.join(texts)}" if texts else "Ratios are within their limit"


def _said(f: Finding) -> str:
    against = f" against {f.other:.3g} of {f.reference}" if f.other is not None else ""
    bounds = (
        "" if f.lower is None or f.upper is None or f.gap is None else f"{f.gap:.3g}, {f.lower:.3g} to {f.upper:.3g}"
    )
    kind = "ratio" if f.measure.scale == "ratio" else "gap"
    side = "least" if f.measure.scale == "ratio" else "limit"
    return f"{f.measure.name} of {f.group}, {f.value:.3g}{against} ({kind} {bounds}; {side} {f.measure.limit:.3g})"


def _listed(findings: Sequence[Finding]) -> str:
    shown = sorted(findings, key=lambda f: f.adjusted or 0.0)[:SHOWN]
    more = f"; and {len(findings) - SHOWN} more" if len(findings) > SHOWN else ""
    return "; ".join(f"{_said(f)}, adjusted p {f.adjusted:.2g}" for f in shown) + more


def _size(f: Finding) -> str:
    if f.reason:
        return f"{f.measure.name} of {f.group} ({f.reason})"
    limit = f.measure.bound
    needed = f.n * (f.detectable / limit) ** 2 if f.detectable and limit else None
    need = "" if needed is None else f", about {needed:,.0f} would do" if f.measure.scale != "ratio" else ""
    return f"{f.measure.name} of {f.group} ({f.n:,} {f.measure.rows}{need})"


def _name(f: Finding) -> str:
    return {"ratio": f"{f.measure.name} ratio", "own": f.measure.name}.get(f.measure.scale, f"{f.measure.name} gap")


def _sides(f: Finding) -> tuple[float | None, float | None]:
    """The least and the most that the limit allows: a ratio and its inverse, a gap either way."""
    limit = f.measure.limit
    if limit is None:
        return None, None
    return (limit, 1 / limit) if f.measure.scale == "ratio" else (-limit, limit)


def _measurement(f: Finding) -> Measurement:
    limit, ratio = f.measure.limit, f.measure.scale == "ratio"
    least, most = _sides(f)
    notes = [f"{f.value:.4g} in the group" if f.value is not None else ""]
    notes.append(f"{f.other:.4g} in {f.reference}" if f.other is not None else "")
    notes.append(f.method)
    notes.append("" if f.adjusted is None else f"adjusted p {f.adjusted:.3g}")
    notes.append("" if f.detectable is None or ratio else f"smallest gap seen {f.detectable:.2g}")
    notes.append(f.reason or ("" if f.adequate or limit is None else "too small"))
    return Measurement(
        name=f"{_name(f)}: {f.group}", value=f.gap, min=least, max=most, n=f.n, note="; ".join(filter(None, notes)),
        interval=None if f.lower is None else (f.lower, f.upper),
    )  # fmt: skip


def _surely(confidence: float) -> str:
    return "confidently" if confidence else "by point estimates alone (confidence = 0)"
