"""Cuts served predictions with their outcomes into windows of time, as metrics and slices take them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.errors import DataError, Inconclusive, near
from pytest_mlready.quality import class_names, outcome_join
from pytest_mlready.quality.predictions import infer_task
from pytest_mlready.values import Predictions

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from pytest_mlready.quality.outcome_join import Columns
    from pytest_mlready.values import Task

ROUNDING = 1e-6  # by which a logged probability may leave 0 to 1
_TRUTH = {"true": "1", "false": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Predictions of a log, with what happened where that is known.

    Attributes:
        table: One row for each prediction: id, made, version, answered, known, happened (null where no outcome is known
            yet), probability (null where none is logged).
        slices: The columns by which slices are cut, the same rows.
        twice: Ids that stand more than once, in predictions and in outcomes.
        nameless: Predictions without an id.
        task: What the model does.
        classes: All labels in the log, sorted; None for numbers and texts.
        positive: The positive class of a binary task.
    """

    table: pl.DataFrame
    slices: pl.DataFrame
    twice: tuple[int, int]
    nameless: int
    task: Task
    classes: tuple[Any, ...] | None = None
    positive: Any = None

    @property
    def labelled(self) -> Served:
        """The rows whose outcome is known."""
        return self.rows(self.table["happened"].is_not_null())

    def rows(self, chosen: pl.Series) -> Served:
        """Some of the rows, by a mask."""
        slices = self.slices.filter(chosen) if self.slices.width else self.slices  # no columns, no rows
        return replace(self, table=self.table.filter(chosen), slices=slices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Predictions that were made from `start` to before `end`, labelled or not; `back` windows before the latest."""

    start: dt.datetime
    end: dt.datetime
    back: int
    served: Served

    @property
    def name(self) -> str:
        """The same in every run, so that reports can be compared."""
        return "latest window" if not self.back else f"{self.back} before the latest window"

    @property
    def span(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"


def bring(  # noqa: PLR0913 - one knob each
    predictions: pl.DataFrame,
    outcomes: pl.DataFrame,
    columns: Columns,
    *,
    now: dt.datetime,
    probability: str | None = None,
    slices: Sequence[str] = (),
    task: Task | None = None,
    positive: Any = None,
) -> Served:
    """Joins the two tables by id, with probabilities and the columns of slices.

    Args:
        predictions: The log, one row for each prediction.
        outcomes: What happened, one row for each outcome.
        columns: Names of columns; prediction and outcome must be among them.
        now: Outcomes that become known later are not known.
        probability: Column with the probability of the positive class; with more than two classes, of the answer.
        slices: Columns of either table.
        task: Inferred from the outcomes where it is None.
        positive: The positive class of a binary task.

    Raises:
        DataError: A column is missing, or outcomes do not suit the task.
        Inconclusive: No outcome is known, or all are of one class.
    """
    joined = outcome_join.join(predictions, outcomes, columns)
    known = pl.col("known") <= now + outcome_join.AHEAD
    table = joined.table.with_columns(
        known=pl.when(known).then("known"), happened=pl.when(known).then("happened")
    ).with_columns(_numbers_if_all("answered", "happened", joined.table))  # fmt: skip
    asked = [] if probability is None else [probability]
    beside = _beside(table, predictions, outcomes, columns, [*asked, *slices])
    unknown = pl.Series("probability", [None] * table.height, pl.Float64)
    chance = unknown if probability is None else _probability(beside[probability])
    served = Served(
        table=table.with_columns(chance), slices=beside.select(slices), twice=joined.twice, nameless=joined.nameless,
        task=task or "regression",
    )  # fmt: skip
    return _classified(served, task, positive)


def windows(served: Served, *, end: dt.datetime, length: dt.timedelta, count: int) -> tuple[Window, ...]:
    """The last windows before `end`, latest first."""
    found = []
    for k in range(count):
        start, stop = end - (k + 1) * length, end - k * length
        inside = (served.table["made"] >= start) & (served.table["made"] < stop)
        found.append(Window(start=start, end=stop, back=k, served=served.rows(inside.fill_null(value=False))))
    return tuple(found)


def predictions_of(served: Served) -> Predictions:
    """Labelled rows as metrics take them; with more than two classes, the probability of the answer is in `extra`.

    Raises:
        Inconclusive: An answer or a probability is missing.
    """
    table = served.labelled.table
    logged = table.height > 0 and table["probability"].null_count() == 0
    for column, what in (("answered", "answer"), ("probability", "probability"))[: 1 + logged]:
        if missing := _missing(table[column]):
            raise Inconclusive(f"{missing:,} of {table.height:,} labelled predictions have no {what}, or NaN")
    chance = table["probability"].to_numpy() if logged else None
    plain = Predictions(
        task=served.task, y=_array(table["happened"]), labels=_array(table["answered"]), classes=served.classes,
        positive=served.positive, sha256=_digest(table),
    )  # fmt: skip
    if served.classes is None:
        return plain
    return _with_chance(_same_names(plain), chance)


def _with_chance(p: Predictions, chance: NDArray[Any] | None) -> Predictions:
    if chance is None:
        return p
    if p.task != "binary-classification":
        return replace(p, extra={"confidence": chance.tolist()})
    columns = [chance if c == p.positive else 1 - chance for c in p.classes or ()]
    return replace(p, score=chance, proba=np.column_stack(columns))


def _same_names(p: Predictions) -> Predictions:
    """Answers in the names of the outcomes: 1 and "1" are one label."""
    names = np.unique(p.labels).tolist()
    if not len(p) or set(names) <= set(p.classes or ()):
        return p
    new = class_names.translate(names, np.asarray(p.classes), p.positive, complete=False)
    return replace(p, labels=class_names.renamed(p.labels, names, new))


def _classified(served: Served, task: Task | None, positive: Any) -> Served:
    y = _array(served.labelled.table["happened"])
    if not len(y):
        raise Inconclusive("no prediction has an outcome by now", fix="check the ids and times of both tables")
    task = task or infer_task(y)
    if not task.endswith("classification"):
        if task in ("regression", "ranking") and y.dtype.kind not in "fiu":
            raise DataError(f"the task is {task}, and outcomes are texts", fix="set task in [tool.mlready]")
        return replace(served, task=task)
    classes = tuple(np.unique(y).tolist())
    if len(classes) < 2:
        raise Inconclusive(f"every outcome is {classes[0]}: a classifier cannot be judged on one class")
    if task == "multiclass-classification":
        return replace(served, task=task, classes=classes)
    if len(classes) > 2:
        raise DataError(f"the task is binary, and there are {len(classes)} outcomes", fix="set task in [tool.mlready]")
    return replace(served, task=task, classes=classes, positive=class_names.positive_of(classes, positive))


def _numbers_if_all(first: str, second: str, table: pl.DataFrame) -> list[pl.Series]:
    """Both columns as numbers where every entry of both is one; the join has made texts of them."""
    texts = [table[name].cast(pl.String).replace(_TRUTH) for name in (first, second)]
    numbers = [text.cast(pl.Float64, strict=False) for text in texts]
    whole = all(n.null_count() == t.null_count() for n, t in zip(numbers, texts, strict=True))
    return numbers if whole else [table[name].cast(pl.String) for name in (first, second)]


def _beside(
    table: pl.DataFrame, predictions: pl.DataFrame, outcomes: pl.DataFrame, columns: Columns, names: Sequence[str]
) -> pl.DataFrame:
    """Columns of either table in the order of the joined rows."""
    key = "id" + "_" * max(map(len, ["", *names]))  # cannot be one of the columns
    found = table.select(pl.col("id").alias(key))
    for frame, identity, mine in (
        (predictions, columns.id, [n for n in names if n in predictions.columns]),
        (outcomes, columns.outcome_id, [n for n in names if n in outcomes.columns and n not in predictions.columns]),
    ):
        more = frame.select(pl.col(identity).cast(pl.String).alias(key), *(pl.col(n) for n in dict.fromkeys(mine)))
        found = found.join(more.unique(key, keep="first"), on=key, how="left", maintain_order="left")
    if missing := [n for n in names if n not in found.columns]:
        known = [*predictions.columns, *outcomes.columns]
        raise DataError(f'neither table has a column "{missing[0]}"{near(missing[0], known)}',
                        expected=f"one of {', '.join(known[:20])}")  # fmt: skip
    return found


def _probability(column: pl.Series) -> pl.Series:
    if not column.dtype.is_numeric():
        raise DataError(f'the column "{column.name}" holds {column.dtype}', expected="probabilities, 0 to 1")
    chance = column.cast(pl.Float64).fill_null(float("nan"))
    known = chance.filter(chance.is_finite())
    if len(known) and not ((known >= -ROUNDING) & (known <= 1 + ROUNDING)).all():
        least, most = float(known.to_numpy().min()), float(known.to_numpy().max())
        raise DataError(
            f'the column "{column.name}" runs from {least:.3g} to {most:.3g}', expected="probabilities, 0 to 1"
        )
    return chance.clip(0.0, 1.0).alias("probability")


def _missing(column: pl.Series) -> int:
    return int(column.null_count()) + (int((~column.is_finite()).sum()) if column.dtype.is_float() else 0)


def _array(column: pl.Series) -> NDArray[Any]:
    return column.to_numpy() if column.dtype.is_numeric() else np.array(column.to_list())


def _digest(table: pl.DataFrame) -> str:
    return hashlib.sha256(table.select("id", "answered", "happened").hash_rows(seed=0).to_numpy().tobytes()).hexdigest()
