"""Tests in every group whether a candidate lost quality against the live model, row by row."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_mlready.quality.group_tests import Design, Finding, adjust, rows_at_error
from pytest_mlready.quality.groups import take
from pytest_mlready.quality.paired import HUNDREDS, compare
from pytest_mlready.quality.subgroups import DROP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.quality.comparison import Comparison
    from pytest_mlready.quality.groups import Group, Partition
    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.quality.subgroups import Progress
    from pytest_mlready.values import Predictions


def lost(  # noqa: PLR0913 - one knob each
    candidate: Predictions,
    production: Predictions,
    partitions: Sequence[Partition],
    metrics: Sequence[tuple[Metric, float | None]],
    *,
    drop: float = DROP,
    design: Design | None = None,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """Tests every group for a loss of more than a margin, paired, Holm-adjusted over all of them.

    Args:
        candidate: Predictions of the model under test.
        production: Predictions of the live model on the same rows.
        partitions: From `groups_of`, on the same rows.
        metrics: (metric, margin; None for the default margin).
        drop: Loss that a group must be large enough to show: points of a rate, or a share of an error.
        design: Confidence, power and seed; `tests` is filled in here.
        progress: Told how far the work is.

    Raises:
        DataError: the two models were not asked about the same rows.
    """
    groups = [g for part in partitions for g in part.groups]
    design = replace(design or Design(), tests=len(groups) * len(metrics))
    found: list[Finding] = []
    for i, group in enumerate(groups):
        if progress:
            progress(f"subgroups against production: {i + 1:,} of {len(groups):,}")
        ours, theirs = take(candidate, group.rows), take(production, group.rows)
        for metric, margin in metrics:
            c = compare(metric, ours, theirs, margin=margin, confidence=design.confidence, seed=design.seed)
            found.append(_against(c, group, drop * (100 if metric.plain in HUNDREDS else 1), design))
    return adjust(found)


def _against(c: Comparison, group: Group, drop: float, design: Design) -> Finding:
    bounded = math.isfinite(c.upper) and not c.shortage
    finding = Finding(
        group=group.name, columns=group.columns, metric=c.metric, n=c.n, rows=len(group),
        value=c.difference if math.isfinite(c.difference) else None, lower=c.lower if bounded else None,
        upper=c.upper if bounded else None, limit=-c.margin, side=1, p=None,
        reason=c.shortage or ("" if bounded else "no bounds can be formed"),
    )  # fmt: skip
    if not bounded:
        return finding
    if not design.confidence:
        return replace(finding, p=float(c.difference >= -c.margin), needed=1)
    if c.discordant is None:
        error = (c.upper - c.difference) / design.z
    else:  # two discordant rows more than seen (Agresti and Coull 1998): few rows tell little about their rate
        error = math.sqrt((sum(c.discordant) + 2) / (c.n + 4) / c.n)
    return replace(finding, p=c.p_below(-c.margin), needed=rows_at_error(c.n, error, drop, design))
