"""Asks whether the model was compared, on the same rows, with the live model and with simple ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.metrics import Metric
    from pytest_mlready.values import Dataset, Model, Predictions

ITEM = Item(
    id="model_quality.baseline_comparison",
    title="Compared with production model and simple baseline",
    question="Is the model no worse than the one that is live, and does it earn its complexity against simple ones?",
    why=(
        "Two figures from two evaluations hide what changed: another sample, filter or day. Side by side, "
        '"candidate below production" flags 47 of 100 equal models, and "no significant difference" lets a real loss '
        "pass on every small test set. And a model that does not beat a constant answer is broken, however fine its "
        "figure looks on rare outcomes; one that a linear model beats costs latency and upkeep for nothing."
    ),
    looks_at=(
        "All models answer the same held-out rows, and the comparison is paired. Metrics: those under "
        "[tool.mlready.metrics]; without any, accuracy and roc_auc, rmse, ndcg or chrf by task. Rates: Tango's score "
        "interval with the exact McNemar test; areas under the ROC curve: paired DeLong; the rest, and all data with "
        "clusters or weights: a paired BCa bootstrap, of whole clusters. Each end of the interval is a one-sided 95 % "
        "bound (unless confidence says otherwise). Against production (non-inferiority): passed when the interval lies "
        "above -margin, failed when below it, else inconclusive with the rows that would decide; the margin is one "
        "point of a rate, 1 % of an error such as RMSE. Against the stronger dummy (most frequent class, random "
        "guess, mean): passed when the interval lies above 0. Against a logistic or ridge regression fitted on the "
        "training set (at most 50,000 sampled rows): failed only when that is confidently better, at 95 % over all "
        "metrics together. The last two leave out metrics that a constant answer can max out (recall, precision, "
        "specificity and their like, calibration error), and are not applicable to generated text. The smallest drop "
        "that the rows show with 80 % power is printed as advice."
    ),
    how_to_fix=(
        'Set [tool.mlready.model] production = "models:/name@champion" (or a file), or first_release = "why nothing is '
        'live yet"; [tool.mlready.data] train and heldout. Inconclusive: enlarge the held-out set to the rows named, '
        "or agree on a wider margin, beforehand: accuracy = { margin = 0.02 }. Failed against production: look at the "
        "rows where only the live model is right. Failed against a simple model: look for a broken feature, a "
        "mismatch between training and held-out preprocessing, or overfitting; or ship the simple one."
    ),
    attestation=(
        "Which live version and which simple models it was compared with, on which rows (source, period, count, "
        "digest), both figures and the paired interval for each metric, the margin and who agreed on it, and the "
        "digests of both models."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 5: a simpler model is not better; Infra 4: quality before serving",
        "Tango 1998, Statistics in Medicine 17:891; McNemar 1947, Psychometrika 12:153",
        "DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44:837; Efron 1987, JASA 82:171",
        "ICH E9 (1998), section 3.3.2 (non-inferiority and its margin)",
    ),
    options=(
        Option(
            name="margin",
            type="number",
            default=None,
            doc="How much worse than production any metric may be; a metric's own margin goes first. Unset: 0.01 of a "
            "rate, 1 % of an error, 1 point of BLEU or chrF (conventions).",
        ),
        Option(
            name="linear_rows",
            type="integer",
            default=50_000,
            doc="Training rows that the linear model is fitted on at most; a sample beyond.",
        ),
    ),
)


@pytest.mark.model_quality("baseline_comparison")
def test_not_worse_than_production(
    mlready: Project, mlready_evidence: Evidence, mlready_predictions: Predictions, request: pytest.FixtureRequest
) -> None:
    """On every metric the candidate is not worse than the live model by more than the margin."""
    from pytest_mlready.quality import paired, paired_verdicts

    production = request.getfixturevalue("mlready_production_predictions")
    mlready_evidence.grade("replayed")
    verdicts = []
    for name, metric in _metrics(mlready, mlready_predictions).items():
        mlready.progress(f"{name}: candidate and production on {len(production):,} rows")
        compared = paired.compare(
            metric, mlready_predictions, production, margin=_margin(mlready, name), confidence=mlready.confidence,
            seed=mlready.seed(f"{ITEM.id}.production.{name}"),
        )  # fmt: skip
        verdicts.append(paired_verdicts.judge_non_inferior(compared))
    mlready.progress("")
    mlready_evidence.conclude(verdicts)


@pytest.mark.model_quality("baseline_comparison")
def test_better_than_a_dummy(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_predictions: Predictions,
    mlready_heldout: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    """On every metric the candidate is confidently better than a model that looks at no feature."""
    from pytest_mlready.quality import baselines, chosen, paired, paired_verdicts

    _refuse_texts(mlready_evidence, mlready_predictions)
    train = request.getfixturevalue("mlready_train")
    mlready_evidence.grade("replayed")
    seed = mlready.seed(f"{ITEM.id}.dummy")
    models = baselines.dummies(train, task=mlready_predictions.task, seed=seed)
    answers = [_answers(model, mlready_heldout, mlready_predictions) for model in models]
    verdicts = []
    for metric in chosen.of_skill(_metrics(mlready, mlready_predictions), mlready_predictions).values():
        best, name = _strongest(metric, answers, [model.source for model in models])
        compared = paired.compare(metric, mlready_predictions, best, confidence=mlready.confidence, seed=seed)
        verdicts.append(paired_verdicts.judge_superior(compared, other=f"the dummy model ({name})"))
    mlready_evidence.conclude(verdicts)


@pytest.mark.model_quality("baseline_comparison")
def test_linear_model_is_not_confidently_better(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_predictions: Predictions,
    mlready_heldout: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    """On no metric a linear model, fitted on the same training set, is confidently better than the candidate."""
    from pytest_mlready.quality import baselines, chosen, paired, paired_verdicts

    _refuse_texts(mlready_evidence, mlready_predictions)
    train = request.getfixturevalue("mlready_train")
    mlready_evidence.grade("replayed")
    seed, rows = mlready.seed(f"{ITEM.id}.linear"), mlready.options(ITEM.id)["linear_rows"]
    mlready.progress(f"fitting a linear model on {min(rows, len(train)):,} rows")
    model = baselines.linear(train, task=mlready_predictions.task, seed=seed, max_rows=rows)
    answers = _answers(model, mlready_heldout, mlready_predictions)
    metrics = chosen.of_skill(_metrics(mlready, mlready_predictions), mlready_predictions)
    # Any of the metrics may raise the alarm, so that they share the allowed error (Bonferroni).
    confidence = mlready.confidence and 1 - (1 - mlready.confidence) / len(metrics)
    compared = [
        paired.compare(m, mlready_predictions, answers, confidence=confidence, seed=seed) for m in metrics.values()
    ]
    mlready.progress("")
    mlready_evidence.conclude(
        paired_verdicts.judge_not_confidently_worse(c, other=f"the {model.source}") for c in compared
    )


def _metrics(mlready: Project, p: Predictions) -> dict[str, Metric]:
    import functools

    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import chosen

    load = functools.partial(named.object_named, root=mlready.root, error=ReadinessError)
    return chosen.metrics_for(mlready.settings.metrics, p, load=load)


def _margin(mlready: Project, name: str) -> float | None:
    own = mlready.settings.metrics[name].margin if name in mlready.settings.metrics else None
    margin: float | None = mlready.options(ITEM.id)["margin"] if own is None else own
    return margin


def _answers(model: Model, heldout: Dataset, candidate: Predictions) -> Predictions:
    from pytest_mlready.quality import predictions

    return predictions.predict(model, heldout, task=candidate.task, positive=candidate.positive)


def _strongest(metric: Metric, answers: list[Predictions], names: list[str]) -> tuple[Predictions, str]:
    from pytest_mlready.quality.metrics import measure

    sign = 1 if metric.greater_is_better else -1
    values = [measure(metric, a, confidence=0).value for a in answers]
    best = max(range(len(answers)), key=lambda i: float("-inf") if (v := values[i]) is None else sign * v)
    return answers[best], names[best]


def _refuse_texts(evidence: Evidence, p: Predictions) -> None:
    if p.task == "text-generation":
        evidence.not_applicable(
            "a constant or linear model does not generate text; the comparison with production counts"
        )
