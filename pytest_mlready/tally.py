"""Adds up: catalogue, outcomes, attestations, waivers and the date become every item's status and both scores; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_mlready.attestations import Judged
    from pytest_mlready.catalog import Catalog, Item, Rubric, RubricTest

Status = Literal[
    "verified", "attested", "failed", "error", "inconclusive", "unverified", "waived", "not_applicable", "not_run"
]
# How the tests of one item combine: the first of these that occurs. `not_applicable` parts drop out before.
PRECEDENCE = ("failed", "error", "not_run", "inconclusive", "passed", "unverified")
GRADES = ("attested", "static", "replayed", "live")  # weakest first
NOTHING_BUILT_IN = "no built-in check yet; mark a test of yours or attest"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """How one readiness test ended, as it came off its reports.

    Attributes:
        id: Node id.
        items: The items it counts for.
        outcome: "passed", "failed", "error", "inconclusive", "unverified", "not_applicable" or "not_run".
        seconds: Duration of all its attempts and phases.
        message: What it said when it did not pass.
        evidence: Measurements, as the JSON report has them.
        grade: "live", "replayed" or "static".
        builtin: It is one of the built-in checks.
        attempts: How often it ran; more than one means that something retried it.
    """

    id: str
    items: tuple[str, ...]
    outcome: str
    seconds: float = 0.0
    message: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()
    plots: tuple[Mapping[str, Any], ...] = ()
    attachments: tuple[str, ...] = ()
    grade: str = "static"
    builtin: bool = False
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """An unexpired or expired waiver."""

    item: str
    owner: str
    reason: str
    expires: dt.date
    days_left: int

    @property
    def valid(self) -> bool:
        return self.days_left >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Automation:
    """Whether this run happens automatically and repeatedly, and how that is known."""

    shown: bool
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the tally is made from, beside the catalogue."""

    outcomes: tuple[TestOutcome, ...]
    attestations: tuple[Judged, ...] = ()
    waivers: tuple[Waived, ...] = ()
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    switched_off: Mapping[str, str] = field(default_factory=dict)  # builtin = false: item -> reason
    checked: frozenset[str] = frozenset()  # items that have built-in tests
    automation: Automation = field(default_factory=lambda: Automation(shown=False, how="nothing shows it"))
    partial: tuple[str, ...] = ()  # why this run is not a whole one; empty: it is


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """Where one item stands.

    Attributes:
        status: See DESIGN; `underlying` is what it would be without its waiver.
        points: 0, 0.5 or 1 on the checklist's scale.
        by_code: Its tests alone verify it.
        executed: At least one of its tests ran to a verdict, passed or failed.
        grade: Weakest evidence among its tests, or "attested"; "" when there is none.
        reason: One or more sentences: why it is not simply verified.
    """

    item: Item
    status: Status
    underlying: Status
    points: float
    by_code: bool
    executed: bool
    grade: str
    reason: str
    tests: tuple[TestOutcome, ...]
    attestations: tuple[Judged, ...] = ()
    waiver: Waived | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Every item exactly once, and every rubric's score; no scores when the run was partial."""

    results: Mapping[str, ItemResult]
    scores: Mapping[str, Score]
    facts: Facts

    @property
    def partial(self) -> tuple[str, ...]:
        return self.facts.partial


def tally(catalog: Catalog, facts: Facts) -> Tally:
    """Counts every item once, then every rubric."""
    tests: dict[str, list[TestOutcome]] = {i: [] for i in catalog.items}
    for outcome in facts.outcomes:
        for item_id in outcome.items:
            if item_id in tests:
                tests[item_id].append(outcome)
    results = {i: _result(item, tuple(tests[i]), facts) for i, item in catalog.items.items()}
    scores = {} if facts.partial else {r.id: score(r, results, facts.automation) for r in catalog.rubrics}
    return Tally(results=results, scores=scores, facts=facts)


def combine(outcomes: Iterable[str]) -> str:
    """The outcome of several tests of one item: failed > error > not run > inconclusive > passed > unverified."""
    kinds = set(outcomes)
    return next((kind for kind in PRECEDENCE if kind in kinds), "not_applicable" if kinds else "unverified")


def _result(item: Item, tests: tuple[TestOutcome, ...], facts: Facts) -> ItemResult:
    together = combine(t.outcome for t in tests)
    words = tuple(a for a in facts.attestations if a.item == item.id)
    waiver = next((w for w in facts.waivers if w.item == item.id), None)
    declared = facts.not_applicable.get(item.id)
    if declared is not None and together in ("passed", "unverified", "not_applicable", "inconclusive"):
        underlying, points, reason = "not_applicable", 0.0, declared
    else:
        underlying, points = _standing(item, together, signed=any(a.valid for a in words))
        reason = _reason(item, underlying, tests, words, facts)
        if declared is not None:
            reason = f"declared not applicable ({declared}), yet a test of it says otherwise: {reason}"
    lifted = waiver is not None and waiver.valid and underlying in ("failed", "error", "inconclusive", "unverified")
    return ItemResult(
        item=item,
        status="waived" if lifted else underlying,  # type: ignore[arg-type]
        underlying=underlying,  # type: ignore[arg-type]
        points=points,
        by_code=together == "passed" and item.decided_by != "person",
        executed=any(t.outcome in ("passed", "failed") for t in tests),
        grade=_grade(underlying, tests, signed=any(a.valid for a in words), item=item),
        reason=reason,
        tests=tests,
        attestations=words,
        waiver=waiver,
    )


def _standing(item: Item, together: str, *, signed: bool) -> tuple[str, float]:
    """Status and points. A failure, an error or a test that did not run is never outweighed by a person's word."""
    if together in ("failed", "error", "not_run"):
        return together, 0.0
    if item.decided_by == "person":
        return ("verified", 1.0) if signed else ("unverified" if together == "passed" else together, 0.0)
    if item.decided_by == "both" and together == "passed":
        return ("verified", 1.0) if signed else ("unverified", 0.5)
    if together == "passed":
        return "verified", 1.0
    if signed:
        return "attested", 0.5
    return together, 0.0


def _grade(underlying: str, tests: Sequence[TestOutcome], *, signed: bool, item: Item) -> str:
    if underlying == "attested" or (underlying == "verified" and signed and item.decided_by != "code"):
        return "attested"
    grades = [t.grade for t in tests if t.outcome in ("passed", "failed", "inconclusive")]
    return min(grades, key=GRADES.index, default="")


def _reason(
    item: Item, underlying: str, tests: Sequence[TestOutcome], words: Sequence[Judged], facts: Facts
) -> str:
    sentences = []
    if underlying == "unverified":
        sentences.append(_why_unverified(item, tests, facts))
    else:
        shown = {"verified": (), "attested": ("inconclusive", "unverified")}.get(underlying, (underlying,))
        sentences += [t.message for t in tests if t.outcome in shown]
    sentences += [f"attestation by {a.by} does not count: {'; '.join(a.problems)}" for a in words if not a.valid]
    return "\n".join(dict.fromkeys(s for s in sentences if s))


def _why_unverified(item: Item, tests: Sequence[TestOutcome], facts: Facts) -> str:
    if any(t.outcome == "passed" for t in tests):
        return "the content is verified by code; a person's attestation is missing"
    said = [t.message for t in tests if t.outcome == "unverified"]
    if said:
        return "\n".join(dict.fromkeys(said))
    if item.decided_by == "person":
        return "only a person can decide this: attest"
    if item.id in facts.switched_off:
        return f"its built-in checks are switched off ({facts.switched_off[item.id]}) and no test of yours is marked"
    return NOTHING_BUILT_IN if item.id not in facts.checked else "none of its checks was collected"


def score(rubric: Rubric, results: Mapping[str, ItemResult], automation: Automation) -> Score:
    """One rubric's figures from the items' standings."""
    credits = {t.id: _credit(rubric, t, results, automation) for t in rubric.tests}
    applicable = {s.id: sum(credits[t.id].applicable for t in s.tests) for s in rubric.sections}
    sections = {s.id: sum(credits[t.id].credit for t in s.tests) for s in rubric.sections}
    executed = {s.id: sum(credits[t.id].executed for t in s.tests) for s in rubric.sections}
    value = _combined(rubric, sections, applicable)
    return Score(
        rubric=rubric,
        credits=credits,
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
    ran = {r.item.id: max(earned[r.item.id], by_code if r.executed and _whole(test, r) else 0.0) for r in applying}
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


def _whole(test: RubricTest, result: ItemResult) -> bool:
    """Whether the evidence that this rubric test asks for beyond the item itself was recorded by a test that passed."""
    wanted = test.requires.get(result.item.id)
    if wanted is None:
        return True
    passed = (t for t in result.tests if t.outcome == "passed")
    return any(e.get("name") == wanted and e.get("value") is True for t in passed for e in t.evidence)


def _note(test: RubricTest, applying: Sequence[ItemResult], automation: Automation, *, halved: bool) -> str:
    missing = [test.requires[r.item.id] for r in applying if r.by_code and not _whole(test, r)]
    if missing:
        return f"not in full: {'; '.join(missing)} is not shown"
    if halved and any(r.status == "verified" and r.by_code for r in applying):
        return f"half: {automation.how}"
    return ""
