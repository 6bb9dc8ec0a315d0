"""Tells which metric a label in a card stands for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WORDS = {
    "roc_auc": ("roc auc", "auc", "auroc", "auc roc", "rocauc", "area under the roc curve", "roc curve area"),
    "average_precision": ("average precision", "pr auc", "auprc", "auc pr", "area under the pr curve"),
    "accuracy": ("accuracy", "acc", "top 1 accuracy"),
    "balanced_accuracy": ("balanced accuracy",),
    "precision": ("precision", "positive predictive value", "ppv"),
    "recall": ("recall", "sensitivity", "tpr", "true positive rate"),
    "specificity": ("specificity", "tnr", "true negative rate"),
    "f1": ("f1", "f1 score", "f score", "f1 measure"),
    "f1_macro": ("f1 macro", "macro f1", "macro averaged f1"),
    "f1_micro": ("f1 micro", "micro f1"),
    "f1_weighted": ("f1 weighted", "weighted f1"),
    "mcc": ("mcc", "matthews correlation", "matthews correlation coefficient"),
    "brier": ("brier", "brier score", "brier score loss"),
    "log_loss": ("log loss", "logloss", "cross entropy", "negative log likelihood"),
    "ece": ("ece", "expected calibration error"),
    "mae": ("mae", "mean absolute error"),
    "mse": ("mse", "mean squared error"),
    "rmse": ("rmse", "root mean squared error", "root mean square error"),
    "mape": ("mape", "mean absolute percentage error"),
    "r2": ("r2", "r²", "r squared", "coefficient of determination"),
    "bleu": ("bleu", "sacrebleu"),
    "chrf": ("chrf",),
    "exact_match": ("exact match", "em"),
    "ndcg": ("ndcg",),
}
_PARENTHESIS = re.compile(r"[(\[][^()\[\]]*[)\]]")
_PERCENT = re.compile(r"%|\bpercent\b|\bpct\b", re.IGNORECASE)
_MARKS = re.compile(r"[^\w²\s]+")


class Labels:
    """Labels of metrics.

    Args:
        metrics: Names of metrics that are looked for besides the well-known ones, such as those of the settings.
        given: A team's own label, by metric.
    """

    def __init__(self, metrics: Iterable[str], given: Mapping[str, str]) -> None:
        known = {word: name for name, words in WORDS.items() for word in words}
        own = {normal(name): name for name in metrics}
        self.names = {**known, **_instead(known, own), **own, **{normal(v): k for k, v in given.items()}}
        parts = sorted((re.escape(word).replace(r"\ ", r"[\s_-]+") for word in self.names), key=len, reverse=True)
        self.pattern = re.compile(rf"(?<![\w-])({'|'.join(parts)})(?![\w-])", re.IGNORECASE)

    def metric(self, label: str) -> str | None:
        """The metric that a cell names; None where it names none, or says more than its name."""
        return self.names.get(normal(label)) or self.names.get(re.sub(r"\bscore$", "", normal(label)).strip())


def _instead(known: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Words of a metric that the settings have under another of its names: “AUC” is their auroc."""
    named = {known[word]: name for word, name in own.items() if word in known}
    return {word: named[name] for word, name in known.items() if name in named}


def normal(label: str) -> str:
    """A label in small letters without marks, and without what stands in parentheses."""
    return " ".join(_MARKS.sub(" ", _PARENTHESIS.sub(" ", label).replace("_", " ")).lower().split())


def is_percentage(label: str) -> bool:
    """Whether a label says that its figures are percentages."""
    return _PERCENT.search(label) is not None
