"""Asks whether the offline metrics meet the thresholds that were agreed before the model was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.metrics import Estimate
    from pytest_mlready.values import Predictions

ITEM = Item(
    id="model_quality.metric_thresholds",
    title="Offline metrics meet agreed thresholds",
    question="Does the model reach, on rows it has never seen, the figures that were agreed, with the error margin in?",
    why=(
        "A model is released because a number looked good; the next one because its number looked a little better. "
        "Without a limit that was written down first, every result can be argued into being good enough. And a bare "
        "number misleads: on 200 rows an accuracy of 0.92 is compatible with a true accuracy of 0.88, so that a "
        "gate at 0.90 that looks at the number alone lets through nearly half of the models that sit just below it."
    ),
    looks_at=(
        "Every metric under [tool.mlready.metrics] that has min or max is computed on the held-out set, with a "
        "one-sided confidence bound (95 % unless confidence says otherwise): Wilson for shares of rows such as "
        "accuracy, recall or precision; logit-DeLong for the area under the ROC curve; BCa bootstrap for the rest. "
        "With data.cluster, whole clusters are resampled; with data.weight, the weighted "
        "metric is bootstrapped. Passed: the bound meets the limit. Failed: the value itself misses it. Between the "
        "two, inconclusive, with the rows that would decide. Also inconclusive: fewer than 50 rows of the rarest "
        "class for areas under curves, fewer than 100 rows or 20 clusters for a bootstrap, NaN, a single class. "
        "confidence = 0 compares the value alone and says so. All limits must hold at once, so that no correction "
        "for their number is needed: a model that misses one of them passes with probability 5 % at most."
    ),
    how_to_fix=(
        "Write the limits down before training, from what the use can bear: the cost of a miss, the figure of the "
        "system in place. Example: roc_auc = { min = 0.90 } under [tool.mlready.metrics]; names are those of "
        'scikit-learn\'s scorers, bleu, chrf, exact_match, ndcg, or your own with function = "module:function". When '
        "it is inconclusive, enlarge the held-out set to the rows named, or agree on a limit that the evidence can "
        "carry; when it failed, better the model. Never tune against the held-out set to get there."
    ),
    attestation=(
        "Metrics, limits and who agreed on them when; the held-out set (source, period, rows, digest); value and "
        "interval of each metric; the model's digest; where the evaluation can be run again."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 4: model quality is validated before serving",
        "Wilson 1927, JASA 22:209; Brown, Cai, DasGupta 2001, Statistical Science 16:101 (intervals for proportions)",
        "DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44:837; Sun and Xu 2014, IEEE SPL 21:1389 (areas)",
        "Efron 1987, JASA 82:171 (BCa bootstrap); Berger 1982, Technometrics 24:295 (all limits at once)",
    ),
    options=(
        Option(
            name="confidence",
            type="fraction",
            default=None,
            doc="Confidence of each one-sided bound; 0 compares the point estimate. Unset: that of [tool.mlready].",
        ),
    ),
)


@pytest.mark.model_quality("metric_thresholds")
def test_metrics_meet_their_limits(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Every limit holds with confidence on the held-out set."""
    limits = {n: m for n, m in mlready.settings.metrics.items() if m.min is not None or m.max is not None}
    if not limits:
        mlready_evidence.unverified(
            "no metric has a limit", fix="under [tool.mlready.metrics] write for example: roc_auc = { min = 0.90 }"
        )
    from pytest_mlready.quality import thresholds  # only now: an unconfigured project is told in no time

    predictions = request.getfixturevalue("mlready_predictions")
    mlready_evidence.grade("replayed")
    confidence = mlready.options(ITEM.id)["confidence"]
    confidence = mlready.confidence if confidence is None else confidence
    measured = {}
    for name, limit in limits.items():
        mlready.progress(f"{name} on {len(predictions):,} rows")
        measured[name] = _measure(mlready, name, limit, predictions, confidence)
    mlready.progress("")
    mlready_evidence.plot("intervals", title="Metrics and their limits", data=_picture(measured, limits))
    for title, data in _curves(predictions, confidence):
        mlready_evidence.plot("curve", title=title, data=data)
    mlready_evidence.conclude(
        thresholds.judge(e, min=limits[n].min, max=limits[n].max, confidence=confidence) for n, e in measured.items()
    )


def _measure(mlready: Project, name: str, limit: Any, predictions: Predictions, confidence: float) -> Estimate:
    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import metrics

    function = limit.function and named.object_named(limit.function, mlready.root, error=ReadinessError)
    better = limit.greater_is_better
    metric = metrics.resolve(
        name,
        predictions.task,
        function=function,
        greater_is_better=limit.min is not None if better is None else better,
    )
    seed = mlready.seed(f"{ITEM.id}.{name}")
    return metrics.measure(metric, predictions, confidence=confidence, seed=seed)


def _picture(measured: dict[str, Estimate], limits: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {"name": n, "value": e.value, "lower": e.lower, "upper": e.upper, "min": limits[n].min, "max": limits[n].max}
        for n, e in measured.items()
    ]
    return {"rows": rows}


def _curves(predictions: Predictions, confidence: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pictures of a binary classifier, where it has what they show."""
    from pytest_mlready.quality import curves

    for title, data in (
        ("ROC curve", curves.roc(predictions)),
        ("Calibration", curves.calibration(predictions, confidence=confidence)),
    ):
        if data is not None:
            yield title, data
