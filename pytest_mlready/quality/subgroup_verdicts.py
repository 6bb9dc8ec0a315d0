"""Judges what was found on groups of rows: a group confidently below its limit, too little to tell, or neither."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.quality.group_tests import Finding
    from pytest_mlready.quality.groups import Partition
    from pytest_mlready.quality.subgroups import Floor

COVERED = 0.9  # share of rows that must lie in groups large enough
SHOWN = 5  # groups named in a message; all of them stand in the measurements


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a message speaks of the limits.

    Attributes:
        missed: What a failing group is, as in "2 of 17 groups are confidently ...".
        held: What the limits are, as one clause; empty where `missed` says it.
        drop: What a group must be large enough to show, as in "too small to show ...".
        fix: The next step after a failure.
    """

    missed: str
    held: str
    drop: str
    fix: str


def judge(  # noqa: PLR0913 - one knob each
    findings: Sequence[Finding],
    partitions: Sequence[Partition],
    wording: Wording,
    *,
    must: Sequence[str] = (),
    confidence: float = 0.95,
    covered: float = COVERED,
) -> Verdict:
    """Judges the whole family of groups.

    Failed when a group misses its limit confidently (Holm). Inconclusive when a `must` group is too small to show the
    drop, or the groups of a specification that are large enough hold less than `covered` of the rows. Else passed, with
    small groups named.

    Args:
        findings: From `examine` or `lost`.
        partitions: That they were made from.
        wording: Of the messages.
        must: Names of groups ("sex=Female"), columns or specifications ("sex", "sex × race"): all of theirs must be
            large enough.
        confidence: That the findings were adjusted for.
        covered: Share of rows, 0 to 1.
    """
    alpha = 1 - confidence if confidence else 0.5
    missed = [f for f in findings if f.adjusted is not None and f.adjusted <= alpha]
    missed.sort(key=lambda f: (f.adjusted, f.group))
    measured = tuple(_measurement(f) for f in findings) + tuple(_unexamined(partitions))
    if missed:
        groups = f"{len({f.group for f in missed})} of {_count(partitions)} groups"
        text = f"{groups} are {_surely(confidence)} {wording.missed}: {_listed([_sentence(f) for f in missed])}."
        message = f"{text} {wording.held}. Next step: {wording.fix}."
        return Verdict(outcome="failed", message=message, measurements=measured)
    gaps = [*_musts(findings, must), *_coverage(findings, partitions, covered)]
    gaps += [] if findings else ["no group was tested"]
    small = [f for f in findings if not f.adequate]
    clear = f"none of {_count(partitions)} groups is {_surely(confidence)} {wording.missed}"
    if gaps:
        text = (
            f"{_listed(gaps)}; too small to show {wording.drop}: {_listed([_size(f) for f in small])}. So far {clear}."
            if small
            else f"{_listed(gaps)}. So far {clear}."
        )
        return Verdict(outcome="inconclusive", message=text[0].upper() + text[1:], measurements=measured)
    text = f"{clear[0].upper()}{clear[1:]}. {wording.held}.{_lowest(findings)}"
    if small:
        text += f" Too small to show {wording.drop}: {_listed([_size(f) for f in small])}."
    return Verdict(outcome="passed", message=text + _left_out(partitions), measurements=measured)


def floor_wording(floors: Sequence[Floor], *, drop: float) -> Wording:
    """Says which limits were used, and where they come from."""
    parts = []
    for f in floors:
        asked = f"{f.metric.name} {'≥' if f.side > 0 else '≤'} {f.limit:.4g}"
        sign = "less" if f.side > 0 else "plus"
        parts.append(f"{asked} ({f.overall:.4g} overall {sign} {f.drop:.3g}, as none is set)" if f.derived else asked)
    derived = next((f for f in floors if f.derived), None)
    key = "subgroup_min" if derived is None or derived.side > 0 else "subgroup_max"
    line = f" (or agree on a limit: [tool.mlready.metrics] {derived.metric.name} = {{ {key} = … }})" if derived else ""
    return Wording(
        missed="beyond their limit",
        held=f"Limits: {'; '.join(parts)}",
        drop=f"a drop of {drop:.3g}",
        fix=f"look at these rows, train on more of them, or narrow the model's use{line}",
    )


def loss_wording(margins: dict[str, float], *, drop: float) -> Wording:
    """For the comparison with the live model."""
    allowed = ", ".join(f"{name} {margin:.3g}" for name, margin in margins.items())
    return Wording(
        missed="worse than the production model",
        held=f"Margins: {allowed}",
        drop=f"a loss of {drop:.3g}",
        fix="keep the present model for these groups, or train the candidate on more of their rows",
    )


def plot_data(findings: Sequence[Finding]) -> dict[str, Any]:
    """The data of an "intervals" picture: one entry for each group and metric."""
    return {
        "groups": [
            {
                "name": f.group, "metric": f.metric, "n": f.n, "value": f.value, "lower": f.lower, "upper": f.upper,
                "limit": f.limit, **dict(zip(("min", "max"), _sides(f), strict=True)), "adequate": f.adequate,
                "adjusted_p": f.adjusted,
            }
            for f in findings
        ]
    }  # fmt: skip


def _musts(findings: Sequence[Finding], must: Sequence[str]) -> list[str]:
    gaps = []
    for name in must:
        meant = [f for f in findings if name in (f.group, *f.columns, " × ".join(f.columns))]
        if not meant:
            gaps.append(f'the must group "{name}" is not among those examined{near(name, {f.group for f in findings})}')
        gaps += [f'the must group "{f.group}" is too small for {f.metric}' for f in meant if not f.adequate]
    return list(dict.fromkeys(gaps))


def _coverage(findings: Sequence[Finding], partitions: Sequence[Partition], covered: float) -> list[str]:
    gaps = []
    for part in partitions:
        for metric in dict.fromkeys(f.metric for f in findings):
            mine = [f for f in findings if f.columns == part.columns and f.metric == metric]
            rows = sum({f.group: f.rows for f in mine if f.adequate}.values())
            if rows < covered * part.rows:
                share = rows / part.rows
                gaps.append(
                    f"groups of {part.name} large enough for {metric} hold {share:.0%} of the rows (< {covered:.0%})"
                )
    return gaps


def _sentence(f: Finding) -> str:
    bound = f.upper if f.side > 0 else f.lower
    word = "at most" if f.side > 0 else "at least"
    edge = f", {word} {bound:.4g}" if bound is not None and bound != f.value else ""
    sign = "<" if f.side > 0 else ">"
    return f"{f.group} {f.metric} {f.value:.4g} {sign} {f.limit:.4g} (n={f.n:,}{edge}, adjusted p={f.adjusted:.2g})"


def _size(f: Finding) -> str:
    seen = "" if f.value is None else f" {f.value:.3g}"
    if f.lower is not None and f.upper is not None:
        seen += f" ({f.lower:.3g} to {f.upper:.3g})"
    need = f", needs about {f.needed:,}" if f.needed is not None else f", {f.reason}" if f.reason else ""
    return f"{f.group} {f.metric}{seen}, n={f.n:,}{need}"


def _lowest(findings: Sequence[Finding]) -> str:
    known = [f for f in findings if f.value is not None and f.adequate]
    if not known:
        return ""
    worst = min(known, key=lambda f: f.side * ((f.value or 0.0) - f.limit))
    return f" Nearest to its limit: {_size(replace(worst, needed=None, reason=''))}."


def _surely(confidence: float) -> str:
    return "confidently" if confidence else "by point estimates alone (confidence = 0)"


def _left_out(partitions: Sequence[Partition]) -> str:
    parts = [
        f" Not examined individually: {len(p.unexamined):,} smaller groups of {p.name} "
        f"({sum(n for _, n in p.unexamined):,} rows)."
        for p in partitions
        if p.unexamined
    ]
    return "".join(parts)


def _unexamined(partitions: Sequence[Partition]) -> list[Measurement]:
    return [
        Measurement(
            name=f"groups of {p.name} not examined individually", value=len(p.unexamined),
            n=sum(n for _, n in p.unexamined), note=_listed([f"{name} ({n:,})" for name, n in p.unexamined]),
        )
        for p in partitions
        if p.unexamined
    ]  # fmt: skip


def _sides(f: Finding) -> tuple[float | None, float | None]:
    """The limit as the least that is allowed, or as the most."""
    return (f.limit, None) if f.side > 0 else (None, f.limit)


def _measurement(f: Finding) -> Measurement:
    least, most = _sides(f)
    notes = [f"adjusted p {f.adjusted:.3g}"] if f.adjusted is not None else []
    notes += [f.reason or f"too small: needs about {f.needed:,} rows"] if not f.adequate else []
    interval = None if f.lower is None and f.upper is None else (f.lower, f.upper)
    return Measurement(
        name=f"{f.metric}: {f.group}",
        value=f.value,
        min=least,
        max=most,
        interval=interval,
        n=f.n,
        note="; ".join(notes),
    )


def _count(partitions: Sequence[Partition]) -> int:
    return sum(len(p.groups) for p in partitions)


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - SHOWN:,} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more
