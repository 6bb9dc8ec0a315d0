"""Says what an input adds to a model, in one form for those who judge its benefit and those who judge its cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

Standing = Literal["beneficial", "useless", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What one group of inputs adds, given all the others.

    Attributes:
        name, members: Of the group; most groups are one input.
        share: Loss that shuffling it costs, as a share of the model's gain; below 0 where shuffling helps.
        lower: One-sided lower bound of the share.
        upper: One-sided upper bound, at the level that Holm's correction left.
        moved, effective: Rows that got other values, and rows that the share rests on.
        standing: "beneficial" (lower above 0), "useless" (upper at most the limit), or neither.
        why: Why it is undecided, or one more word on why it is useless; "".
    """

    name: str
    members: tuple[str, ...]
    share: float
    lower: float
    upper: float
    moved: int = 0
    effective: float = 0.0
    standing: Standing = "undecided"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What a model gains from its inputs.

    Attributes:
        base: Mean loss on the rows as they are.
        gain: How much of the loss all inputs save: its mean increase when all are shuffled together.
        gain_lower, gain_upper: One-sided bounds of the gain.
        gains: One for each group; empty where the model is not shown to gain anything.
        together: The useless groups that can go at once, shuffled together: their joint gain is useless as well.
        rows, repeats, limit, confidence: As the study was done.
    """

    base: float
    gain: float
    gain_lower: float
    gain_upper: float
    gains: tuple[Gain, ...]
    together: Gain | None
    rows: int
    repeats: int
    limit: float
    confidence: float


def is_kept(gain: Gain, kept: Collection[str]) -> bool:
    """Whether a group stays by decision: its name, or every one of its members, is among those kept."""
    return gain.name in kept or set(gain.members) <= set(kept)


def rows_needed(gain: Gain, found: Study) -> int:
    """Held-out rows, drawn as these were, after which a group would be called either useless or beneficial."""
    width = gain.upper - gain.lower
    return math.ceil(found.rows * (width / found.limit) ** 2) if found.limit > 0 else 0
