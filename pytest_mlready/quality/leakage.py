"""Judges whether held-out rows or texts stand in train, beyond what chance puts there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pytest_mlready.errors import Inconclusive
from pytest_mlready.quality.chance import Overlap, overlap
from pytest_mlready.quality.neardup import near_duplicate_groups
from pytest_mlready.quality.rowgroups import RowGroups, comparable, equal_rows
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.values import Dataset, Outcome

LIMIT = "That held-out data were never used can be refuted, not proved."
BLIND = 0.5  # share of the held-out set that could be copied unseen, from which on the test says nothing; a convention
LEAK_AUC = 0.98  # of one feature alone; a convention (deepchecks and others warn in this region)


def exact_overlap(train: Dataset, heldout: Dataset, *, confidence: float = 0.95, seed: int = 0) -> Verdict:
    """Judges the rows that stand in both sets: by features, by features and label, and as whole rows.

    Whole rows count the columns that no model sees too (dropped ones, group, time; not the id): few features make many
    natural twins, among which copies would hide. Failed: more rows are shared than a random split of the same rows
    would share (see `chance.overlap`), at an error rate of (1 - confidence) / views for each. Inconclusive: rows have
    so many natural twins that half of the held-out set could have been copied into train unseen. Rows on which the
    label differs are counted besides.

    Raises:
        DataError: the columns differ between the sets.
        Inconclusive: a set has no rows, or there are no features.
    """
    need_rows(train, heldout)
    if not train.features and not heldout.features:
        raise Inconclusive("there are no feature columns, so no rows can be compared")
    views = _views(train, heldout)
    by_features = views["features"]
    alpha = (1 - confidence) / len(views)
    judged = {
        name: overlap(
            g.train, g.heldout, train_rows=len(train), heldout_rows=len(heldout), confidence=1 - alpha, seed=seed
        )
        for name, g in views.items()
    }
    measured = [m for name, o in judged.items() for m in _shared(name, views[name], o)]
    measured.append(_conflicts(by_features))
    bad = {name: o for name, o in judged.items() if o.p < alpha}
    if bad:
        name, worst = min(bad.items(), key=lambda item: item[1].p)
        return verdict("failed", _too_many(name, worst, views[name].shared), measured)
    if min(o.detectable for o in judged.values()) > BLIND * len(heldout):
        return verdict("inconclusive", _blind(judged), measured)
    shared = by_features.shared
    return verdict(
        "passed", f"{len(shared):,} of {len(heldout):,} held-out rows are in train, as chance has it", measured
    )


def _views(train: Dataset, heldout: Dataset) -> dict[str, RowGroups]:
    target = heldout.target if heldout.target == train.target else None
    features = sorted({*train.features, *heldout.features})
    by_features, by_label = equal_rows(train.frame, heldout.frame, features, target)
    views = {"features": by_features} | ({"features and label": by_label} if by_label is not None else {})
    common = set(train.frame.columns) & set(heldout.frame.columns)
    whole = sorted(common - {target, train.id, heldout.id})
    if set(whole) > set(features):
        unlabelled, labelled = equal_rows(train.frame, heldout.frame, whole, target)
        views["whole rows"] = unlabelled if labelled is None else labelled
    return views


def _shared(name: str, groups: RowGroups, o: Overlap) -> list[Measurement]:
    least = "no number of copies would show" if math.isinf(o.detectable) else f"{o.detectable:,.0f} copies would show"
    note = f"a random split shares {o.expected:,.1f}, p = {o.p:.2g}; {least}"
    own = int(groups.train[groups.train > 1].sum())
    return [
        Measurement(name=f"held-out rows also in train ({name})", value=o.shared, max=o.upper, n=o.heldout,
                    unit="rows", note=note),
        Measurement(name=f"train rows with a twin in train ({name})", value=own, unit="rows"),
    ]  # fmt: skip


def _conflicts(groups: RowGroups) -> Measurement:
    odd = groups.labels > 1
    rows = int((groups.train + groups.heldout)[odd].sum())
    note = f"in {int(odd.sum()):,} groups of equal features"
    return Measurement(name="rows whose twins have another label", value=rows, unit="rows", note=note)


def _too_many(name: str, o: Overlap, rows: NDArray[np.intp]) -> str:
    return (
        f"{o.shared:,} of {o.heldout:,} held-out rows are also in train ({name}): rows {some(rows)}. "
        f"Expected: at most {o.upper:,.0f}, as a random split of these rows shares {o.expected:,.1f} (p = {o.p:.2g}). "
        f"Next step: drop them from train and train again, or drop them from the held-out set."
    )


def _blind(judged: dict[str, Overlap]) -> str:
    o = min(judged.values(), key=lambda o: o.detectable)
    return (
        f"{o.shared:,} of {o.heldout:,} held-out rows have a twin in train, and chance explains them: rows are so "
        f"alike that copies of half of the held-out set would not show. "
        f"Next step: give group or time columns, and train as it was before any resampling."
    )


def near_duplicates(  # noqa: PLR0913 - one knob each
    train: Dataset, heldout: Dataset, columns: Sequence[str], *, jaccard: float = 0.8, confidence: float = 0.95,
    seed: int = 0, progress: Callable[[str], None] | None = None,
) -> list[Verdict]:  # fmt: skip
    """Judges, for each text column, the held-out texts that are nearly the same as one in train.

    Nearly the same texts are linked into groups over both sets, and the groups are judged as equal rows are: templates
    and stock phrases lie on either side of a random split, copies stand across it. One verdict a column, at an error
    rate of (1 - confidence) / columns each.
    """
    need_rows(train, heldout)
    verdicts = []
    for column in columns:
        pair = comparable(train.frame, heldout.frame, [column])
        texts = [t for f in pair for t in f["f0"].cast(pl.String).to_list()]
        group = near_duplicate_groups(texts, jaccard=jaccard, progress=progress)
        ours, theirs = group[: len(train)], group[len(train) :]
        size = int(group.max(initial=-1)) + 1
        counts = [np.bincount(g[g >= 0], minlength=size) for g in (ours, theirs)]
        rows = np.flatnonzero(np.isin(theirs, ours[ours >= 0]))
        level = 1 - (1 - confidence) / len(columns)
        verdicts.append(_near(column, counts, rows, level, seed))
    return verdicts


def _near(column: str, counts: list[NDArray[np.intp]], rows: NDArray[np.intp], level: float, seed: int) -> Verdict:
    sizes = [int(c.sum()) for c in counts]
    if not all(sizes):
        return verdict("inconclusive", f'column "{column}" holds no text in one of the sets', [])
    o = overlap(*counts, train_rows=sizes[0], heldout_rows=sizes[1], confidence=level, seed=seed)
    note = f"a random split shares {o.expected:,.1f}, p = {o.p:.2g}"
    name = f'held-out texts nearly the same as one in train ("{column}")'
    measured = [Measurement(name=name, value=o.shared, max=o.upper, n=o.heldout, unit="rows", note=note)]
    if o.p < 1 - level:
        return verdict("failed", _too_many(f'near duplicates in "{column}"', o, rows), measured)
    if o.detectable > BLIND * o.heldout:
        return verdict("inconclusive", f'"{column}": {_blind({column: o})}', measured)
    return verdict("passed", f'"{column}": {o.shared:,} near duplicates, as chance has it', measured)


def need_rows(*sets: Dataset) -> None:
    """Raises Inconclusive when a set has no rows."""
    for data in sets:
        if not len(data):
            raise Inconclusive(f"the {data.name} data have no rows", fix=f"check {data.source}")


def some(values: Sequence[object] | NDArray[np.intp]) -> str:
    """The first five values, for a message."""
    shown = ", ".join(str(v)[:40] for v in values[:5])
    return f"{shown}, …" if len(values) > 5 else shown


def verdict(outcome: Outcome, message: str, measured: Sequence[Measurement]) -> Verdict:
    """A verdict that says what no such check can show."""
    return Verdict(outcome=outcome, message=f"{message.rstrip('.')}. {LIMIT}", measurements=tuple(measured))
