"""Adds up: catalogue, outcomes, attestations, waivers and the date become every item's status and both scores; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready import scores as counting

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_mlready.attestations import Judged
    from pytest_mlready.catalog import Catalog, Item
    from pytest_mlready.scores import Score

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
        line: Where a team's test stands in its file, from 1; None for a built-in check, or where it is not known.
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
    line: int | None = None


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
    scores = {} if facts.partial else {r.id: counting.score(r, results, facts.automation) for r in catalog.rubrics}
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
        underlying, points = standing(item, together, signed=any(a.valid for a in words))
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


def standing(item: Item, together: str, *, signed: bool) -> tuple[str, float]:
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


def _reason(item: Item, underlying: str, tests: Sequence[TestOutcome], words: Sequence[Judged], facts: Facts) -> str:
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
