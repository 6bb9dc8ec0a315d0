"""Searches for the slices of the data on which a model does worst: all bins of one column and of two columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl  # noqa: TC002 - read at run time by typing tools

from pytest_mlready.errors import DataError, Inconclusive, near
from pytest_mlready.quality.cell_test import Trial
from pytest_mlready.quality.cells import Cells, count
from pytest_mlready.quality.discretise import Binned, discretise
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

MAX_DROP = 0.15  # in points of an error rate: the drop that a named group of 200 rows can show; a convention
MAX_RELATIVE_DROP = 0.5  # for other losses, relative to the overall mean; a convention
SAME_ROWS = 0.8  # Jaccard overlap from which two slices are one
SHORTLIST = 300  # cells looked at closely, by their approximate bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Rows that share one condition or two.

    Attributes:
        description: "education = HS-grad and age > 28 and ≤ 37".
        conditions: The parts of it, one per column.
        columns: The columns, in the same order.
        n: Rows.
        value: Mean loss on them.
        overall: Mean loss on all rows.
        p_adjusted: Probability of a mean loss this far above the overall one by chance in any of the cells examined
            (Bonferroni).
        interval: Lower bound of `value` that holds for all examined cells together; the upper side is open.
    """

    description: str
    conditions: tuple[str, ...]
    columns: tuple[str, ...]
    n: int
    value: float
    overall: float
    p_adjusted: float
    interval: tuple[float, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceSearch:
    """What a search found.

    Attributes:
        slices: The worst first, by their lower bound; slices that restate one before them are left out.
        examined: Cells with at least `min_rows` rows, over which everything is corrected.
        skipped: (column, reason) of the columns that were left out.
        n: Rows searched.
        overall: Mean loss on all rows.
        binary: The loss is 0 or 1 on every row.
        confidence: Of the simultaneous bounds.
        min_rows: The least rows a cell had to have.
        worst: The slice with the highest lower bound, listed or left out: where any is beyond a limit, this one is.
    """

    slices: tuple[Slice, ...]
    examined: int
    skipped: tuple[tuple[str, str], ...]
    n: int
    overall: float
    binary: bool
    confidence: float
    min_rows: int
    worst: Slice | None = None


def search(  # noqa: PLR0913 - one knob each
    frame: pl.DataFrame,
    loss: NDArray[Any],
    *,
    columns: Sequence[str] | None = None,
    depth: int = 2,
    bins: int = 8,
    categories: int = 20,
    min_rows: int = 50,
    confidence: float = 0.95,
    top: int = 10,
    progress: Callable[[str], None] | None = None,
) -> SliceSearch:
    """Looks at every bin of every column and, with depth 2, of every two columns.

    Each cell with `min_rows` rows is tested one-sided for a mean loss above the overall one: exactly (binomial) for a
    loss of 0s and 1s, else by Student's t with the larger of the cell's and the overall variance, which errs on the
    safe side for losses with a long right tail. All are corrected for the number of cells examined. Rows count as
    independent: where they come in clusters, search on one row per cluster.

    Args:
        frame: n rows.
        loss: Shape (n,): 0 right, 1 wrong, or any loss where more is worse.
        columns: Those to slice by; None: all.
        depth: 1 or 2.
        bins: Quantile bins of a number.
        categories: Values of a category that are kept; the rest is "other".
        min_rows: Smaller cells are not examined.
        confidence: Of the bounds, for all examined cells together.
        top: How many slices to list.
        progress: Told how far the search is.

    Raises:
        DataError: no rows, another number of losses than rows, or an unknown column.
        Inconclusive: a loss is NaN or infinite, or every column is constant.

    Source: Chung et al., "Slice Finder: Automated Data Slicing for Model Validation", ICDE 2019.
    """
    losses = _checked(frame, loss, columns, depth)
    binned, skipped = discretise(frame, frame.columns if columns is None else columns, bins=bins, categories=categories)
    if not binned:
        raise Inconclusive("there is no column to slice by: all are constant or of a kind that cannot be cut")
    cells = count(binned, losses, depth=depth, min_rows=min_rows, progress=progress)
    trial = Trial(losses, len(cells), confidence)
    order = trial.order(cells)[: max(SHORTLIST, top)].tolist()
    found = [(_slice(binned, cells, trial, i), i) for i in order]
    found.sort(key=lambda f: (-f[0].interval[0], f[0].p_adjusted, len(f[0].columns), -f[0].n))
    singles = {binned[cells.first[i]].labels[cells.code[i]]: i for i in np.flatnonzero(cells.second < 0).tolist()}
    wider = {label: _slice(binned, cells, trial, i) for label, i in singles.items()}
    news = [(s, _rows(binned, cells, i)) for s, i in found if not _restates(s, wider)]
    return SliceSearch(
        slices=_distinct(news, top), examined=len(cells), skipped=tuple(skipped), n=len(losses), overall=trial.mean,
        binary=trial.binary, confidence=confidence, min_rows=min_rows, worst=found[0][0] if found else None,
    )  # fmt: skip


def judge(result: SliceSearch, *, max_drop: float | None = None, what: str = "loss") -> Verdict:
    """Fails when some slice is confidently worse than the whole by more than `max_drop`; lists the worst otherwise.

    Args:
        result: Of `search`.
        max_drop: How much worse a slice may be: points of the mean loss. None: 0.15 for a loss of 0s and 1s, half of
            the overall mean for any other. Both are conventions without an authority behind them.
        what: Name of the loss, for the message.
    """
    limit = max_drop if max_drop is not None else MAX_DROP if result.binary else MAX_RELATIVE_DROP * abs(result.overall)
    ceiling = result.overall + limit
    measured = (
        Measurement(name="slices examined", value=result.examined, n=result.n),
        *(_measurement(s, ceiling, what) for s in result.slices),
    )
    if not result.slices:
        message = (
            f"No slice has {result.min_rows} rows in {result.n:,}, so none could be examined. "
            f"Next step: add held-out rows, or lower min_rows."
        )
        return Verdict(outcome="inconclusive", message=message, measurements=measured)
    listed = result.slices if result.worst is None else (*result.slices, result.worst)
    bad = list(dict.fromkeys(s for s in listed if s.interval[0] > ceiling))
    if not bad:
        worst = result.slices[0]
        message = (
            f"None of {result.examined:,} slices is confidently over {limit:.3g} worse; worst: {_sentence(worst, what)}"
        )
        return Verdict(outcome="passed", message=message, measurements=measured)
    message = (
        f"{len(bad)} of {result.examined:,} slices are confidently over {limit:.3g} worse than the whole; worst: "
        f"{_sentence(bad[0], what)}. Next step: look at these rows, train on more of them, or narrow the model's use."
    )
    return Verdict(outcome="failed", message=message, measurements=measured)


def table(result: SliceSearch) -> dict[str, Any]:
    """Data of a plot "table": the worst slices with what they lose, the worst first."""
    columns = ["Slice", "Rows", "Loss", "At least", "Overall", "Adjusted p"]
    rows = [[s.description, s.n, s.value, s.interval[0], s.overall, s.p_adjusted] for s in result.slices]
    return {"columns": columns, "rows": rows}


def _sentence(s: Slice, what: str) -> str:
    return (
        f"{s.description}: {what} {s.value:.3g} (at least {s.interval[0]:.3g}) on {s.n:,} rows, overall {s.overall:.3g}"
    )


def _measurement(s: Slice, ceiling: float, what: str) -> Measurement:
    note = f"overall {s.overall:.4g}, adjusted p {s.p_adjusted:.2g}; bound holds for all slices together"
    name = f"{what}: {s.description}"
    return Measurement(name=name, value=s.value, max=ceiling, interval=s.interval, n=s.n, note=note)


def _checked(frame: pl.DataFrame, loss: NDArray[Any], columns: Sequence[str] | None, depth: int) -> NDArray[np.float64]:
    if depth not in (1, 2):
        raise ValueError(f"depth must be 1 or 2, not {depth}")
    if not frame.height:
        raise DataError("there are no rows to search for slices", fix="check the path of the held-out data")
    losses = np.asarray(loss, np.float64)
    if losses.shape != (frame.height,):
        raise DataError(f"the loss has shape {losses.shape}", expected=f"one value for each of {frame.height:,} rows")
    for name in columns or ():
        if name not in frame.columns:
            raise DataError(f'there is no column "{name}" to slice by{near(name, frame.columns)}')
    bad = int((~np.isfinite(losses)).sum())
    if bad:
        raise Inconclusive(f"the loss of {bad:,} of {len(losses):,} rows is not a finite number")
    return losses


def _slice(columns: Sequence[Binned], cells: Cells, trial: Trial, i: int) -> Slice:
    places = [(cells.first[i], cells.code[i]), (cells.second[i], cells.code2[i])][: 1 + int(cells.second[i] >= 0)]
    conditions = tuple(columns[c].labels[code] for c, code in places)
    p, lower = trial.of(cells, i)
    return Slice(
        description=" and ".join(conditions), conditions=conditions, columns=tuple(columns[c].name for c, _ in places),
        n=int(cells.n[i]), value=float(cells.total[i] / cells.n[i]), overall=trial.mean,
        p_adjusted=min(1.0, p * trial.cells), interval=(lower, None),
    )  # fmt: skip


def _rows(columns: Sequence[Binned], cells: Cells, i: int) -> Callable[[], NDArray[np.bool_]]:
    def mask() -> NDArray[np.bool_]:
        rows: NDArray[np.bool_] = columns[cells.first[i]].codes == cells.code[i]
        return rows & (columns[cells.second[i]].codes == cells.code2[i]) if cells.second[i] >= 0 else rows

    return mask


def _restates(part: Slice, wider: Mapping[str, Slice]) -> bool:
    """A part of a slice that is bad itself, and not confidently worse than it."""
    if len(part.conditions) == 1:
        return False
    whole = (wider[condition] for condition in part.conditions)
    return any(w.interval[0] > w.overall and part.interval[0] <= w.value for w in whole)


def _distinct(found: Sequence[tuple[Slice, Callable[[], NDArray[np.bool_]]]], top: int) -> tuple[Slice, ...]:
    """The first `top`, without those of nearly the same rows as one before them."""
    chosen: list[tuple[Slice, NDArray[np.bool_]]] = []
    for candidate, rows in found:
        if len(chosen) == top:
            break
        mask = rows()
        if all((mask & m).sum() < SAME_ROWS * (mask | m).sum() for _, m in chosen):
            chosen.append((candidate, mask))
    return tuple(s for s, _ in chosen)
