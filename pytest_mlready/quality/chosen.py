"""Chooses the metrics of a comparison: those the settings name, or the usual ones of the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pytest_mlready.quality.metrics import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.values import Predictions

USUAL = {
    "binary-classification": ("accuracy", "roc_auc"),
    "multiclass-classification": ("accuracy",),
    "regression": ("rmse",),
    "ranking": ("ndcg",),
    "text-generation": ("chrf",),
}
ONE_SIDED = ("recall", "specificity", "precision", "npv", "fpr", "fnr", "ece")
"""Metrics that a model without any skill can bring to their best value, so that beating one says nothing."""


class Configured(Protocol):
    """What one table under [tool.mlready.metrics] says."""

    @property
    def min(self) -> float | None: ...

    @property
    def max(self) -> float | None: ...

    @property
    def subgroup_min(self) -> float | None: ...

    @property
    def subgroup_max(self) -> float | None: ...

    @property
    def function(self) -> str | None: ...

    @property
    def greater_is_better(self) -> bool | None: ...


def metrics_for(
    configured: Mapping[str, Configured], p: Predictions, *, load: Callable[[str], Any]
) -> dict[str, Metric]:
    """The metrics to compare two models by, by their names in the settings.

    Maxima are left out, since no bound exists for them.

    Args:
        configured: The tables under [tool.mlready.metrics].
        p: Predictions of the candidate; they decide the task, and whether there is a score to rank by.
        load: Imports the function that "module:function" names.

    Returns:
        At least one metric: the usual ones of the task where the settings name none.

    Raises:
        ReadinessError: no such metric, or not one of this task.
    """
    found = {name: _resolved(name, table, p, load) for name, table in configured.items()}
    found = {name: metric for name, metric in found.items() if metric.kind != "extreme"}
    return found or usual(p)


def usual(p: Predictions) -> dict[str, Metric]:
    """The usual metrics of the task, those that need a score only where there is one."""
    names = [name for name in USUAL[p.task] if name != "roc_auc" or p.score is not None]
    return {name: resolve(name, p.task) for name in names}


def of_skill(metrics: Mapping[str, Metric], p: Predictions) -> dict[str, Metric]:
    """Those that only a model with skill can do well on; the usual ones where there are none of them."""
    from pytest_mlready.quality.metrics import ALIASES

    return {n: m for n, m in metrics.items() if ALIASES.get(n, n) not in ONE_SIDED} or usual(p)


def _resolved(name: str, table: Configured, p: Predictions, load: Callable[[str], Any]) -> Metric:
    function = None if table.function is None else load(table.function)
    better = table.greater_is_better
    if better is None:  # a limit tells the direction; without one more is better
        least, most = (table.min, table.subgroup_min), (table.max, table.subgroup_max)
        better = any(v is not None for v in least) or all(v is None for v in most)
    return resolve(name, p.task, function=function, greater_is_better=better)
