"""Names the metrics that a threshold can be set for, and how each is evaluated and bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.quality import scorers, weighted, weighted_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.quality.bootstrap import Statistic
    from pytest_mlready.values import Predictions, Task

Kind = Literal["proportion", "auc", "general", "extreme"]
Need = Literal["labels", "proba", "score", "group"]
Parts = Callable[["Predictions"], tuple[Any, Any]]

BINARY: tuple[Task, ...] = ("binary-classification",)
MULTICLASS: tuple[Task, ...] = ("multiclass-classification",)
CLASSES = BINARY + MULTICLASS
NUMBERS: tuple[Task, ...] = ("regression",)
TEXTS: tuple[Task, ...] = ("text-generation",)
RANKED: tuple[Task, ...] = ("ranking",)
EVERY = CLASSES + NUMBERS + TEXTS + RANKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: Its name, as the settings have it.
        tasks: The tasks it is defined for.
        greater_is_better: Whether more is better.
        kind: "proportion" (a share of rows, with a bound in closed form), "auc", "general" (bounded by bootstrap), or
            "extreme" (a maximum, for which no confidence bound exists).
        needs: What predictions must hold beyond labels: "proba", "score", "group" (queries), or just "labels".
        build: Predictions -> statistic: weights (b, n) in, values (b,) out.
        parts: For a proportion: predictions -> (rows that count as successes, rows counted), both boolean, shape (n,).
        rows: What `parts` counts, in words: "rows", "positive rows".
        draws_rows: The statistic takes whole counts only, applies the rows' own weights itself, and is slow.
    """

    name: str
    tasks: tuple[Task, ...]
    greater_is_better: bool = True
    kind: Kind = "general"
    needs: Need = "labels"
    build: Callable[[Predictions], Statistic]
    parts: Parts | None = None
    rows: str = "rows"
    draws_rows: bool = False

    @property
    def plain(self) -> str:
        """The name that the alias stands for: "roc_auc" of "auroc"."""
        return ALIASES.get(self.name, self.name)

    def statistic(self, p: Predictions) -> Statistic:
        """The metric of these predictions under count weights (b, n); the rows' own weights are already in it."""
        plain = self.build(p)
        weight = p.weight
        return plain if weight is None or self.draws_rows else lambda w: plain(w * weight)


def resolve(
    name: str,
    task: Task,
    *,
    function: str | Callable[..., float] | None = None,
    greater_is_better: bool | None = None,
) -> Metric:
    """The metric of that name for a task.

    Args:
        name: A name of this module, an alias, a scikit-learn scorer, or "module:function".
        task: The task of the predictions.
        function: The function, or "module:function", that `name` stands for; (y_true, y_pred) -> float.
        greater_is_better: For functions; more is better where it is None.

    Raises:
        ReadinessError: no such metric, not one of this task, or the function cannot be imported.
    """
    if function is None and ":" in name:
        function = name
    if function is not None:
        call = scorers.load_function(function) if isinstance(function, str) else function
        better = greater_is_better is not False
        build = scorers.by_function(name, call)
        return Metric(name=name, tasks=EVERY, greater_is_better=better, build=build, draws_rows=True)
    plain = ALIASES.get(name, name)
    found = next((m for m in METRICS if m.name == plain and task in m.tasks), None)
    if found is None and plain.startswith("neg_"):
        found = _negated(plain, task)
    return replace(found, name=name) if found else _scorer(name, plain, task)


def names(task: Task | None = None) -> list[str]:
    """Every name that `resolve` knows, aliases and scikit-learn's included."""
    from sklearn.metrics import get_scorer_names

    own = {m.name for m in METRICS if task is None or task in m.tasks}
    return sorted(own | {alias for alias, name in ALIASES.items() if name in own} | set(get_scorer_names()))


def _scorer(name: str, plain: str, task: Task) -> Metric:
    from sklearn.metrics import get_scorer_names

    tasks = {t for m in METRICS if m.name == plain for t in m.tasks}
    if tasks:
        several = f'; for more than two classes there is "{name}_macro"' if f"{plain}_macro" in names(task) else ""
        raise ReadinessError(
            f"{name} is a metric of {' and '.join(sorted(tasks))}, and the task is {task}{several}",
            fix="choose another metric under [tool.mlready.metrics], or set task under [tool.mlready]",
        )
    if name not in get_scorer_names():
        raise ReadinessError(
            f'there is no metric "{name}"{near(name, names())}',
            expected='a name of this package or of a scikit-learn scorer, or function = "module:function"',
            fix=f"correct the name under [tool.mlready.metrics]; for this task there are {', '.join(_own(task))}",
        )
    needs: Need = "proba" if any(word in name for word in ("log_loss", "brier", "roc_auc", "top_k")) else "labels"
    return Metric(name=name, tasks=EVERY, needs=needs, build=scorers.by_scorer(name), draws_rows=True)


def _own(task: Task) -> list[str]:
    return sorted(m.name for m in METRICS if task in m.tasks)


def _negated(name: str, task: Task) -> Metric | None:
    """scikit-learn's "neg_…" scorers: the error with its sign turned, so that more is better."""
    plain = ALIASES.get(name.removeprefix("neg_"), name.removeprefix("neg_"))
    base = next((m for m in METRICS if m.name == plain and task in m.tasks and not m.greater_is_better), None)
    if base is None:
        return None

    def build(p: Predictions) -> Statistic:
        positive = base.build(p)
        return lambda w: -positive(w)

    return replace(base, name=name, greater_is_better=True, build=build)


def _share(name: str, tasks: tuple[Task, ...], parts: Parts, *, more: bool = True, rows: str = "rows") -> Metric:
    def build(p: Predictions) -> Statistic:
        return weighted.share(*parts(p))

    return Metric(
        name=name, tasks=tasks, greater_is_better=more, kind="proportion", build=build, parts=parts, rows=rows
    )


def _is(p: Predictions) -> NDArray[Any]:
    return p.y == p.positive  # type: ignore[no-any-return]


def _told(p: Predictions) -> NDArray[Any]:
    return p.labels == p.positive  # type: ignore[no-any-return]


def _right(p: Predictions) -> tuple[Any, Any]:
    return p.y == p.labels, np.ones(len(p), bool)


def _matched(p: Predictions) -> tuple[Any, Any]:
    return weighted_values.exact_match(p), np.ones(len(p), bool)


def _averages() -> list[Metric]:
    kinds = {
        "precision": weighted.precision_by_class,
        "recall": weighted.recall_by_class,
        "f1": weighted.f1_by_class,
    }
    found = []
    for name, by_class in kinds.items():
        found += [
            Metric(name=f"{name}_macro", tasks=CLASSES, build=weighted.from_counts(weighted.macro(by_class))),
            Metric(
                name=f"{name}_weighted", tasks=CLASSES, build=weighted.from_counts(weighted.support_weighted(by_class))
            ),
            _share(f"{name}_micro", CLASSES, _right),  # with one label a row, all three are the accuracy
        ]
    return found


METRICS: tuple[Metric, ...] = (
    _share("accuracy", CLASSES, _right),
    _share("error_rate", CLASSES, lambda p: (p.y != p.labels, np.ones(len(p), bool)), more=False),
    _share("recall", BINARY, lambda p: (_told(p), _is(p)), rows="positive rows"),
    _share("specificity", BINARY, lambda p: (~_told(p), ~_is(p)), rows="negative rows"),
    _share("precision", BINARY, lambda p: (_is(p), _told(p)), rows="rows predicted positive"),
    _share("npv", BINARY, lambda p: (~_is(p), ~_told(p)), rows="rows predicted negative"),
    _share("fpr", BINARY, lambda p: (_told(p), ~_is(p)), more=False, rows="negative rows"),
    _share("fnr", BINARY, lambda p: (~_told(p), _is(p)), more=False, rows="positive rows"),
    _share("exact_match", TEXTS, _matched),
    *_averages(),
    Metric(name="balanced_accuracy", tasks=CLASSES, build=weighted.from_counts(weighted.balanced_accuracy)),
    Metric(name="f1", tasks=BINARY, build=weighted.binary_f1),
    Metric(name="mcc", tasks=CLASSES, build=weighted.from_counts(weighted.mcc)),
    Metric(name="roc_auc", tasks=BINARY, kind="auc", needs="score", build=weighted.binary_area),
    Metric(name="roc_auc", tasks=MULTICLASS, needs="proba", build=weighted.one_versus_rest_area),
    Metric(name="average_precision", tasks=BINARY, needs="score", build=weighted.average_precision),
    Metric(name="log_loss", tasks=CLASSES, greater_is_better=False, needs="proba", build=weighted.log_loss),
    Metric(name="brier", tasks=CLASSES, greater_is_better=False, needs="proba", build=weighted.brier),
    Metric(name="ece", tasks=CLASSES, greater_is_better=False, needs="proba", build=weighted.calibration_error),
    Metric(name="mae", tasks=NUMBERS, greater_is_better=False, build=weighted_values.mae),
    Metric(name="mse", tasks=NUMBERS, greater_is_better=False, build=weighted_values.mse),
    Metric(name="rmse", tasks=NUMBERS, greater_is_better=False, build=weighted_values.rmse),
    Metric(name="mape", tasks=NUMBERS, greater_is_better=False, build=weighted_values.mape),
    Metric(
        name="median_absolute_error",
        tasks=NUMBERS,
        greater_is_better=False,
        build=weighted_values.median_absolute_error,
    ),
    Metric(name="max_error", tasks=NUMBERS, greater_is_better=False, kind="extreme", build=weighted_values.max_error),
    Metric(name="r2", tasks=NUMBERS, build=weighted_values.r2),
    Metric(name="bleu", tasks=TEXTS, build=weighted_values.bleu),
    Metric(name="chrf", tasks=TEXTS, build=weighted_values.chrf),
    Metric(name="ndcg", tasks=RANKED, needs="group", build=weighted_values.ndcg),
)

ALIASES = {
    "acc": "accuracy", "auc": "roc_auc", "auroc": "roc_auc", "roc_auc_ovr": "roc_auc", "pr_auc": "average_precision",
    "sensitivity": "recall", "tpr": "recall", "true_positive_rate": "recall", "ppv": "precision",
    "tnr": "specificity", "true_negative_rate": "specificity", "negative_predictive_value": "npv",
    "false_positive_rate": "fpr", "false_negative_rate": "fnr", "f1_score": "f1", "matthews_corrcoef": "mcc",
    "logloss": "log_loss", "cross_entropy": "log_loss", "brier_score": "brier", "brier_score_loss": "brier",
    "calibration": "ece", "expected_calibration_error": "ece",
    "mean_absolute_error": "mae", "mean_squared_error": "mse", "root_mean_squared_error": "rmse",
    "mean_absolute_percentage_error": "mape", "median_ae": "median_absolute_error", "r2_score": "r2",
    "sacrebleu": "bleu", "chrf2": "chrf", "ndcg_score": "ndcg", "em": "exact_match",
}  # fmt: skip
