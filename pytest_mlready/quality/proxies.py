"""Measures how much the inputs of a model tell about a protected attribute: each by itself, and all together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pytest_mlready.quality import baselines
from pytest_mlready.quality.discretise import discretise
from pytest_mlready.quality.intervals import Interval
from pytest_mlready.quality.metrics import MIN_RARER_CLASS, measure
from pytest_mlready.values import Predictions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.quality.groups import Partition
    from pytest_mlready.values import Dataset

CATEGORIES = 50  # values of an input that are told apart; rarer ones count as one
FOLDS = 5
MAX_ROWS = 10_000  # rows that the attribute is predicted on
LABEL = "mlready_attribute"
OTHERS = "all others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """How strongly two columns of categories go together.

    Attributes:
        v: Cramér's V, 0 to 1, corrected for chance; NaN where a column is constant.
        lower, upper: One-sided bounds.
        chance: What the uncorrected V reaches in 5 of 100 such samples when nothing is there.
        n: Rows.
    """

    v: float
    lower: float
    upper: float
    chance: float
    n: int


def cramers_v(a: NDArray[np.intp], b: NDArray[np.intp], *, confidence: float = 0.95) -> Association:
    """Cramér's V of two codings, shape (n,), corrected as Bergsma 2013 (J. Korean Statistical Society 42:323) has it.

    The bounds invert the noncentral chi-square distribution of the test statistic (Smithson 2003, Confidence
    Intervals, chapter 4), whose noncentrality is n (k - 1) V² for the smaller number k of categories.
    """
    table = np.zeros((a.max(initial=-1) + 1, b.max(initial=-1) + 1))
    np.add.at(table, (a, b), 1.0)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (rows, columns) = len(a), table.shape
    if min(rows, columns) < 2:
        return Association(v=math.nan, lower=math.nan, upper=math.nan, chance=math.nan, n=n)
    from scipy.stats import chi2

    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    statistic, df = float(((table - expected) ** 2 / expected).sum()), (rows - 1) * (columns - 1)
    phi2 = max(0.0, statistic / n - df / (n - 1))
    least = min(columns - (columns - 1) ** 2 / (n - 1), rows - (rows - 1) ** 2 / (n - 1)) - 1
    scale = n * (min(rows, columns) - 1)
    tail = 1 - confidence
    lower, upper = (math.sqrt(min(1.0, _noncentrality(statistic, df, q) / scale)) for q in (1 - tail, tail))
    return Association(
        v=min(1.0, math.sqrt(phi2 / least)) if least > 0 else math.nan, lower=lower, upper=upper,
        chance=math.sqrt(float(chi2.ppf(0.95, df)) / scale), n=n,
    )  # fmt: skip


def _noncentrality(statistic: float, df: int, level: float) -> float:
    """The noncentrality under which the statistic stands at `level` of its distribution; 0 where none is so low."""
    from scipy.optimize import brentq
    from scipy.stats import ncx2

    def off(nc: float) -> float:
        return float(ncx2.cdf(statistic, df, nc)) - level

    if statistic <= 0 or off(1e-9) <= 0:
        return 0.0
    high = statistic + 10 * math.sqrt(statistic) + 20
    return float(brentq(off, 1e-9, high))


def codes(partition: Partition) -> NDArray[np.intp]:
    """The group of each row as a number; all groups that were not examined share one."""
    found = np.full(partition.rows, len(partition.groups), dtype=np.intp)
    for k, group in enumerate(partition.groups):
        found[group.rows] = k
    return found


def associations(
    frame: pl.DataFrame, inputs: Sequence[str], attribute: Partition, *, confidence: float = 0.95
) -> Iterator[tuple[str, Association]]:
    """Each input against an attribute; numbers are cut into eight bins by quantiles, a frequent value has its own."""
    theirs = codes(attribute)
    for name in inputs:
        binned, _ = discretise(frame, [name], categories=CATEGORIES)
        mine = binned[0].codes.astype(np.intp) if binned else np.zeros(frame.height, np.intp)
        yield name, cramers_v(mine, theirs, confidence=confidence)


def predicted(
    dataset: Dataset, inputs: Sequence[str], attribute: Partition, *, confidence: float = 0.95, seed: int = 0
) -> list[tuple[str, Interval]]:
    """How well all inputs together tell each group from the others: area under the ROC curve of a logistic regression.

    Predicted by 5-fold cross-validation on at most 10,000 rows; rows of one cluster stay in one fold. Groups with fewer
    than 50 rows count as one, and are left out where all of them have fewer.

    Args:
        dataset: The rows; weights are left aside.
        inputs: Columns to predict from.
        attribute: The partition of the rows that is predicted.
        confidence: Of each one-sided bound.
        seed: Of the sample and the folds.

    Returns:
        (group, area with bounds) for each group of at least 50 rows, out of at least two; one entry for two groups.
        Empty where there are fewer, or no input varies.
    """
    rows = np.random.default_rng(seed).permutation(attribute.rows)[:MAX_ROWS]
    labels = _pooled(attribute, rows)
    if (labels == OTHERS).sum() < MIN_RARER_CLASS:
        rows, labels = rows[labels != OTHERS], labels[labels != OTHERS]
    names = np.unique(labels)
    inputs = [name for name in inputs if dataset.frame[rows][name].n_unique() > 1]
    if len(names) < 2 or not inputs:
        return []
    frame = dataset.frame[rows].select(inputs).with_columns(pl.Series(LABEL, labels))
    plain = replace(
        dataset, frame=frame, target=LABEL, features=tuple(inputs), id=None, group=None, cluster=None, time=None,
        weight=None, text=tuple(t for t in dataset.text if t in inputs),
    )  # fmt: skip
    cluster = dataset.column(dataset.cluster)
    chance = _out_of_fold(plain, labels, names, None if cluster is None else cluster[rows], seed)
    shown = [(k, name) for k, name in enumerate(names) if name != OTHERS][: 1 if len(names) == 2 else None]
    return [(str(name), _area(labels == name, chance[:, k], confidence)) for k, name in shown]


def _area(y: NDArray[np.bool_], score: NDArray[np.float64], confidence: float) -> Interval:
    """With an exact bound also where the group is told without an error."""
    p = Predictions(
        task="binary-classification", y=y, labels=score >= 0.5, classes=(False, True), positive=True, score=score
    )
    e = measure("roc_auc", p, confidence=confidence)
    value, lower, upper = (math.nan if bound is None else bound for bound in (e.value, e.lower, e.upper))
    return Interval(estimate=value, lower=lower, upper=upper, n=e.n, method=e.method)


def _pooled(attribute: Partition, rows: NDArray[Any]) -> NDArray[Any]:
    coded = codes(attribute)[rows]
    names = np.array([*(g.name for g in attribute.groups), OTHERS])
    counts = np.bincount(coded, minlength=len(names))
    return np.where(counts[coded] < MIN_RARER_CLASS, OTHERS, names[coded])


def _out_of_fold(
    plain: Dataset, labels: NDArray[Any], names: NDArray[Any], cluster: NDArray[Any] | None, seed: int
) -> NDArray[np.float64]:
    """Probabilities of each group, shape (n, groups), each row's from a model that has not seen it."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if cluster is None else StratifiedGroupKFold
    folds = kind(n_splits=FOLDS, shuffle=True, random_state=seed % 2**32)
    task: Any = "binary-classification" if len(names) == 2 else "multiclass-classification"
    found = np.zeros((len(labels), len(names)))
    for train, test in folds.split(np.zeros(len(labels)), labels, cluster):
        model = baselines.linear(replace(plain, frame=plain.frame[train]), task=task, seed=seed)
        proba = model.predict_proba(plain.frame[test].select(plain.features))
        found[np.ix_(test, np.searchsorted(names, np.asarray(model.classes)))] = proba
    return found
