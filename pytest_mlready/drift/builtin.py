"""Decides for all columns at once which changes are real and which of these are relevant: the built-in detector."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pytest_mlready.drift import contrast, derived, two_sample, windows
from pytest_mlready.drift.dependence import LEAST
from pytest_mlready.drift.findings import Bands, Detection, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.drift.contrast import Contrast
    from pytest_mlready.drift.findings import State
    from pytest_mlready.drift.windows import Pair, Windows

WORTH_A_THREAD = 100_000  # rows below which threads cost more than they save
MOST_THREADS = 4  # columns that are copied at the same time, which bounds memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Builtin:
    """Alarms where a change is both real (adjusted p-value) and relevant (population stability index less its noise).

    Attributes:
        bands: The limits.
        seed: Of the split that texts and vectors are compared on.
    """

    bands: Bands = field(default_factory=Bands)
    seed: int = 0
    name: str = "builtin"

    def __call__(self, compared: Windows) -> Detection:
        """Findings on presence, type, missing share and values of every column."""
        pairs, findings = windows.paired(compared)
        found = contrasts(pairs, compared, self.bands, self.seed)
        doubt, notes = dependence_notes(compared)
        judged = judge(found, self.bands)
        return Detection(findings=(*findings, *judged, *uncompared(pairs, judged)), notes=notes, doubt=doubt)


def contrasts(
    pairs: Sequence[Pair], compared: Windows, bands: Bands, seed: int, *, values: bool = True
) -> list[Contrast]:
    """All comparisons, not yet judged; without `values` only what no other detector looks at."""

    def of(pair: Pair) -> list[Contrast]:
        if pair.kind in ("text", "vector"):
            return list(derived.contrasts(pair, bands, compared.blocks, seed))
        return list(contrast.contrasts(pair, bands, compared.blocks, values=values))

    count = threads(compared.reference.height + compared.current.height)
    if count == 1:
        return [c for pair in pairs for c in of(pair)]
    with ThreadPoolExecutor(count) as pool:
        return [c for found in pool.map(of, pairs) for c in found]


def uncompared(pairs: Sequence[Pair], judged: Sequence[Finding]) -> list[Finding]:
    """Refusals for columns of which no values were compared, since a window holds too few: nothing seen is no pass."""
    seen = {f.column for f in judged if f.part != "missing share"}
    told = "holds too few values in one of the windows to compare any"
    return [Finding(column=p.name, part="values", state="refused", told=told) for p in pairs if p.name not in seen]


def threads(rows: int) -> int:
    """Columns that are compared at the same time, where the windows hold so many rows together."""
    return min(os.cpu_count() or 1, MOST_THREADS) if rows >= WORTH_A_THREAD else 1


def judge(found: Sequence[Contrast], bands: Bands) -> list[Finding]:
    """Holds all comparisons together against the bands.

    A comparison whose noise is larger than what should warn is refused where it does not alarm: it cannot tell.
    """
    q = two_sample.adjusted(np.array([c.p for c in found]))
    return [_finding(c, float(adjusted), bands) for c, adjusted in zip(found, q, strict=True)]


def _finding(c: Contrast, q: float, bands: Bands) -> Finding:
    excess = c.psi - c.noise
    real = q <= bands.fdr
    state: State = "alarm" if real and excess >= bands.fail else "refused" if c.noise > bands.warn else "quiet"
    if state == "quiet" and real and excess >= bands.warn:
        state = "warning"
    return Finding(
        column=c.column, part=c.part, state=state, told=c.told, value=c.psi, limit=c.noise + bands.fail,
        noise=c.noise, q=q, n=c.n, method=c.method,
    )  # fmt: skip


def dependence_notes(compared: Windows) -> tuple[str, tuple[str, ...]]:
    """What dependent rows mean for a pass, and a note of how many blocks there are."""
    if compared.blocks is None:
        return "", ()
    numbers = [len(np.unique(b)) for b in compared.blocks]
    note = f"{numbers[0]:,} and {numbers[1]:,} blocks of dependent rows"
    if sum(numbers) - 2 >= LEAST:
        return "", (note,)
    return f"the windows hold {note}: too few to tell what varies between blocks anyway", (note,)
