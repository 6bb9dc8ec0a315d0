"""Counts one rubric: from where the items stand to credits, sections, the final figure and its band; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.catalog import Rubric, RubricTest
    from pytest_mlready.tally import Automation, ItemResult


RAN = ("passed", "failed")  # came to a verdict: what the paper gives credit for


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What one rubric test earned: `credit` by what passed, `executed` paper-literally; None: not applicable."""

    test: RubricTest
    credit: float
    executed: float
    applicable: bool
    by: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One rubric's figures.

    Attributes:
        sections: section id -> sum of credits.
        applicable: section id -> tests that apply.
        value: Final figure: the fraction, or the lowest section.
        executed: The same with credit for every executed test, passed or not.
        adjusted: The same with tests that are not applicable taken out and each section scaled back to its full size.
        band: Index into the rubric's bands; None without bands.
    """

    rubric: Rubric
    credits: Mapping[str, Credit]
    sections: Mapping[str, float]
    applicable: Mapping[str, int]
    value: float
    executed: float
    adjusted: float
    band: int | None

    @property
    def points(self) -> float:
        return sum(self.sections.values())


def score(rubric: Rubric, results: Mapping[str, ItemResult], automation: Automation) -> Score:
    """One rubric's figures from the items' standings."""
    earned = {t.id: _credit(rubric, t, results, automation) for t in rubric.tests}
    applicable = {s.id: sum(earned[t.id].applicable for t in s.tests) for s in rubric.sections}
    sections = {s.id: sum(earned[t.id].credit for t in s.tests) for s in rubric.sections}
    executed = {s.id: sum(earned[t.id].executed for t in s.tests) for s in rubric.sections}
    value = _combined(rubric, sections, applicable)
    return Score(
        rubric=rubric,
        credits=earned,
        sections=sections,
        applicable=applicable,
        value=value,
        executed=_combined(rubric, executed, applicable),
        adjusted=_adjusted(rubric, sections, applicable),
        band=_band(rubric, value),
    )


def _combined(rubric: Rubric, sections: Mapping[str, float], applicable: Mapping[str, int]) -> float:
    if rubric.combine == "minimum":
        return min(sections.values(), default=0.0)
    total = sum(applicable.values()) if rubric.not_applicable == "leaves" else len(rubric.tests)
    return sum(sections.values()) / total if total else 0.0


def _adjusted(rubric: Rubric, sections: Mapping[str, float], applicable: Mapping[str, int]) -> float:
    if rubric.combine == "fraction":
        total = sum(applicable.values())
        return sum(sections.values()) / total if total else 0.0
    scaled = [sections[s.id] / applicable[s.id] * len(s.tests) for s in rubric.sections if applicable[s.id]]
    return min(scaled, default=0.0)


def _band(rubric: Rubric, value: float) -> int | None:
    return next((n for n, (upto, _) in enumerate(rubric.bands) if upto is None or value <= upto + 1e-9), None)


def _credit(rubric: Rubric, test: RubricTest, results: Mapping[str, ItemResult], automation: Automation) -> Credit:
    full = [results[i] for i in test.full]
    applying = [r for r in full if r.status != "not_applicable"]
    # The paper has no "not applicable": a conjunction of which one half does not apply earns nothing there.
    broken = test.all_of and rubric.not_applicable == "zero" and len(applying) < len(full)
    if not applying or broken:
        return Credit(test=test, credit=0.0, executed=0.0, applicable=not full, by=(), note="not applicable")
    by_code = 0.5 if rubric.needs_automation and not automation.shown else 1.0
    earned = {r.item.id: _earned(rubric, test, r, by_code) for r in applying}
    ran = {r.item.id: max(earned[r.item.id], by_code if r.executed and _whole(test, r, RAN) else 0.0) for r in applying}
    choose = min if test.all_of else max
    return Credit(
        test=test,
        credit=choose(earned.values()),
        executed=choose(ran.values()),
        applicable=True,
        by=tuple(i for i, credit in earned.items() if credit),
        note=_note(test, applying, automation, halved=by_code < 1),
    )


def _earned(rubric: Rubric, test: RubricTest, result: ItemResult, by_code: float) -> float:
    if rubric.attested == "by_item":
        return result.points
    if result.status == "verified" and result.by_code and _whole(test, result):
        return by_code
    signed = result.status in ("verified", "attested") and any(a.valid for a in result.attestations)
    return float(rubric.attested) if signed else 0.0


def _whole(test: RubricTest, result: ItemResult, ended: tuple[str, ...] = ("passed",)) -> bool:
    """Whether the evidence that this rubric test asks for beyond the item was recorded by a test that ended so."""
    wanted = test.requires.get(result.item.id)
    if wanted is None:
        return True
    told = (t for t in result.tests if t.outcome in ended)
    return any(e.get("name") == wanted and e.get("value") is True for t in told for e in t.evidence)


def _note(test: RubricTest, applying: Sequence[ItemResult], automation: Automation, *, halved: bool) -> str:
    missing = [test.requires[r.item.id] for r in applying if r.by_code and not _whole(test, r)]
    if missing:
        return f"not in full: {'; '.join(missing)} is not shown"
    if halved and any(r.status == "verified" and r.by_code for r in applying):
        return f"half: {automation.how}"
    return ""
