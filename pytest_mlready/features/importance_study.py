"""Measures what every group of inputs adds to a model, as a share of what the model gains from all of them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive
from pytest_mlready.features.importance import Effect, Sample, effect
from pytest_mlready.features.importance_bounds import Spread, holm, spread
from pytest_mlready.features.importance_gains import Gain, Study, is_kept
from pytest_mlready.values import seed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pytest_mlready.features.importance_gains import Standing

LIMIT = 0.005  # a convention, with no authority behind it: an input that adds less than a two-hundredth is not missed
LEAST_ROWS = 100  # effective rows below which bounds of a mean that few rows carry are not trusted
LEAST_CLUSTERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How a study is done and judged.

    Attributes:
        limit: Share of the model's gain up to which an input adds nothing that would be missed.
        confidence: Of the bounds; 0 compares point estimates.
        seed: Of the shuffles.
        time_limit: Seconds that all questions to the model may take.
        never_varies: Inputs that are the same in every training row as well.
        kept: Groups or inputs that stay whatever they add, so that the others are judged beside them.
        progress: Told how far the study is.
    """

    limit: float = LIMIT
    confidence: float = 0.95
    seed: int = 0
    time_limit: float = math.inf
    never_varies: Collection[str] = ()
    kept: Collection[str] = ()
    progress: Callable[[str], None] = lambda _: None


def study(sample: Sample, groups: Mapping[str, tuple[str, ...]], design: Design) -> Study:
    """Shuffles every group of inputs, and all of them together.

    Args:
        sample: Held-out rows, and how the model is asked.
        groups: Inputs by group; every input in one.
        design: Limit, confidence, seed.

    Raises:
        Inconclusive: the questions would take longer than the time limit.
    """
    start = time.monotonic()
    whole = effect(sample, sample.frame.columns, seed=seed_of(str(design.seed), "all"))
    _refuse_too_long(time.monotonic() - start, len(groups), design, len(sample))
    total = spread(whole.increase, whole.units, excess=whole.excess)
    found = Study(
        base=float((sample.base * sample.share).mean()), gain=whole.increase, gain_lower=total.lower(design.confidence),
        gain_upper=total.upper(design.confidence), gains=(), together=None, rows=len(sample), repeats=sample.repeats,
        limit=design.limit, confidence=design.confidence,
    )  # fmt: skip
    if not found.gain_lower > 0:
        return found
    asked = _Asked(sample, whole, design)
    measured = []
    for done, (name, members) in enumerate(groups.items()):
        design.progress(f"importance: {done} of {len(groups)} groups of inputs shuffled")
        measured.append(asked.share(name, members))
    gains, together = _all_at_once(asked, _judged(measured, asked), design)
    design.progress("")
    return replace(found, gains=gains, together=together)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A group's share of the gain, not yet judged."""

    name: str
    members: tuple[str, ...]
    spread: Spread
    moved: int
    effective: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sample with the effect of shuffling everything, to which shares relate."""

    sample: Sample
    whole: Effect
    design: Design

    @property
    def few(self) -> bool:
        """Whether too few independent rows were held out to call any input anything."""
        if self.sample.cluster is not None:
            return len(self.whole.units) < LEAST_CLUSTERS
        share = self.sample.share
        return float(share.sum()) ** 2 / float(share @ share) < LEAST_ROWS  # Kish's effective rows

    def share(self, name: str, members: Sequence[str]) -> _Measured:
        """The increase as a share of the whole gain, whose own error counts (delta method)."""
        gain = self.whole.increase
        one = effect(self.sample, members, seed=seed_of(str(self.design.seed), *members))
        ratio = one.increase / gain
        units = (one.units - ratio * self.whole.units) / gain
        found = spread(ratio, units, excess=(one.excess + ratio**2 * self.whole.excess) / gain**2)
        return _Measured(name=name, members=tuple(members), spread=found, moved=one.moved, effective=one.effective)


def _judged(measured: Sequence[_Measured], asked: _Asked) -> list[Gain]:
    """Holm over all groups for "useless", any of which raises an alarm; none for "beneficial", which all must be."""
    design = asked.design
    doubts = [_doubt(m, asked) for m in measured]
    p = [1.0 if doubt else m.spread.p_below(design.limit) for m, doubt in zip(measured, doubts, strict=True)]
    useless, level = holm(p, 1 - design.confidence)
    if not design.confidence:
        useless = [not doubt and m.spread.estimate <= design.limit for m, doubt in zip(measured, doubts, strict=True)]
    beneficial = [not asked.few and m.spread.lower(design.confidence) > 0 for m in measured]
    standings: list[Standing] = [
        "useless" if bad else "beneficial" if good else "undecided"
        for bad, good in zip(useless, beneficial, strict=True)
    ]
    rows = zip(measured, standings, doubts, strict=True)
    return [_gain(m, standing, doubt, design, 1 - level) for m, standing, doubt in rows]


def _gain(m: _Measured, standing: Standing, doubt: str, design: Design, confidence: float) -> Gain:
    """With the upper bound at the level that is left of the confidence after the correction."""
    upper = m.spread.upper(confidence if design.confidence else 0.0)
    why = doubt if standing == "undecided" else ""
    if standing == "useless" and m.spread.error == 0:
        why = "no answer changed" if m.moved else "the same in every training and held-out row"
    elif standing == "useless" and upper < 0:
        why = "shuffling it helps"
    return Gain(
        name=m.name, members=m.members, share=m.spread.estimate, lower=m.spread.lower(design.confidence), upper=upper,
        moved=m.moved, effective=m.effective, standing=standing, why=why,
    )  # fmt: skip


def _doubt(m: _Measured, asked: _Asked) -> str:
    """Why it cannot be called useless whatever its bounds are, or ""."""
    if asked.few:
        return "too few independent rows were held out"
    if m.moved == 0:
        return "" if set(m.members) <= set(asked.design.never_varies) else "the same in every held-out row"
    if m.moved < LEAST_ROWS:
        return f"shuffling it changes {m.moved} held-out rows"
    if m.spread.error > 0 and m.effective < LEAST_ROWS:
        return f"its effect rests on {m.effective:.0f} rows"
    return ""


def _all_at_once(asked: _Asked, gains: Sequence[Gain], design: Design) -> tuple[tuple[Gain, ...], Gain | None]:
    """The gains, with those alone called useless that can go at the same time; and what these add together.

    Two copies of one signal look useless one by one. Shuffled together they do not, and then only one of them can go.
    """
    useless = [g for g in gains if g.standing == "useless" and not is_kept(g, design.kept)]
    if not useless:
        return tuple(gains), None
    useless.sort(key=lambda g: (g.lower < g.upper, g.share))  # those that no answer depends on come first
    together, size = _largest_useless_set(asked, useless, design)
    hidden = {g.name for g in useless[size:]}
    why = "adds nothing beside the others, and something together with the useless ones"
    return tuple(replace(g, standing="undecided", why=why) if g.name in hidden else g for g in gains), together


def _largest_useless_set(asked: _Asked, useless: Sequence[Gain], design: Design) -> tuple[Gain, int]:
    """By bisection: how many, the least first, are useless together, and what they add together."""
    together, known, refused, size = useless[0], 1, len(useless) + 1, len(useless)
    while known < refused - 1:
        members = [member for g in useless[:size] for member in g.members]
        joint = asked.share("together", members)
        upper = joint.spread.upper(design.confidence)
        if upper <= design.limit:
            known, together = size, _gain(joint, "useless", "", design, design.confidence)
        else:
            refused = size
        size = (known + refused) // 2
    return together, known


def _refuse_too_long(seconds: float, groups: int, design: Design, rows: int) -> None:
    whole = seconds * (groups + 1)
    if whole > design.time_limit:
        fit = max(1, int(rows * design.time_limit / whole))
        raise Inconclusive(
            f"shuffling {groups} groups on {rows:,} rows would take about {whole / 60:.0f} min, and the limit is "
            f"{design.time_limit / 60:.0f} min",
            fix=f"ask about fewer rows, such as max_rows = {float(f'{fit:.1e}'):.0f}, or raise time_limit",
        )
