"""Asks whether it is known how fast the model's quality falls with its age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import staleness_study

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.staleness import Curve
    from pytest_mlready.values import Model

ITEM = Item(
    id=staleness_study.IMPACT,
    title="Impact of staleness known",
    question="How much worse does the model get with age, and after how long must it be replaced?",
    why=(
        "The world moves and a served model does not. Without a curve of quality against age, the retraining schedule "
        "is a guess: too slow, and losses build up unseen; too fast, and every retraining risks a bad release for "
        "nothing. When the pipeline breaks over a holiday, somebody has to know whether it can wait until Monday."
    ),
    looks_at=(
        "Archived versions (or retrainings cut off at earlier dates) with the day up to which each has seen data, "
        "replayed on the newest labelled rows: data, else data.current where it has outcomes, else the held-out set. "
        "The fresh model is the candidate, trained on trained_on or what record says; a version's age is the days "
        "between the two. For each metric the loss against the fresh model is bounded by the paired comparison of "
        "model_quality.baseline_comparison. The maximum age is the greatest one up to which every version's one-sided "
        "upper bound is within the margin (the metric's own, else margin, else one point of a rate or 1 % of an error: "
        "a convention), from the youngest on; nothing is interpolated. It passes with at least 4 distinct ages and a "
        "maximum age by every metric. It fails when already the youngest version loses confidently more than the "
        "margin. Fewer ages, gaps lost in noise, NaN, versions that all answer as the fresh model does, and rows from "
        "before the fresh model's training (by data.time) are inconclusive; two versions with the same bytes and dates "
        "in the future are errors. Instead of versions, result names what such a replay saved (JSON or CSV; a replay "
        "attaches its own): it fails when it is of another model, more than 90 days old (max_result_age) or from the "
        "future, and is inconclusive when its bounds are less sure than this run's. Not seen: whether these months "
        "are like those to come, and whether a version's date is true; the date of a file is never taken for it."
        " A saved result that states fewer than 30 rows or shows no difference is inconclusive."
    ),
    how_to_fix=(
        "Keep old versions loadable, or retrain with the data cut off one, three, six and twelve periods ago. Score "
        "all on the same recent labelled rows, with intervals. Decide which loss is acceptable, read off the age, and "
        "let the staleness alert use it. Repeat each quarter and after a change of features. Lines to paste: "
        'trained_on = 2026-11-01, versions = [{ path = "archive/2026-10.skops", trained_on = 2026-10-01 }, …].'
    ),
    attestation=(
        "Which versions or cut-offs were compared, on which recent data, the loss at each age, the maximum age drawn "
        "from it, the date, and who owns the retraining schedule."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 4: the impact of model staleness is known",
        "Zinkevich, Rules of Machine Learning, Rule 8: know the freshness requirements of your system",
        "Vela et al. 2022, Temporal quality degradation in AI models",
        "Maurer, Hothorn, Lehmacher 1995; Westfall, Krishen 2001 (tests in an order that is fixed beforehand)",
    ),
    options=(
        Option(
            name="versions", type="tables", default=(),
            doc="Archived versions: { path, trained_on }; a path in the forms of model.path, and the last day of the "
            "data that it was trained on.",
        ),
        Option(name="trained_on", type="date", default=None, doc="The same day of the candidate."),
        Option(
            name="record", type="string", default=None,
            doc='Where that day is on record instead: "training.json#data.until" (JSON, YAML or TOML).',
        ),
        Option(name="data", type="string", default=None, doc='Newest labelled rows: file or "module:function".'),
        Option(
            name="result", type="string", default=None,
            doc="Saved result of a replay: JSON with made_on, model_sha256, confidence and ages (metric, age_days, "
            "gap, lower, upper, n), or CSV with all in columns.",
        ),
        Option(name="metric", type="string", default=None, doc="The one that counts; all of them when left out."),
        Option(name="margin", type="number", default=None, doc="Loss that is accepted; a metric's own goes first."),
        Option(name="min_ages", type="integer", default=4, doc="Fewest distinct ages (a convention)."),
        Option(
            name="max_result_age", type="duration", default=90 * 86400.0, doc="Time for which a saved result counts."
        ),
    ),
)  # fmt: skip


@pytest.mark.model_quality("staleness_impact")
def test_a_maximum_age_is_derived(
    mlready: Project,
    mlready_evidence: Evidence,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Older versions, or a saved replay of them, show up to which age the loss stays within the margin."""
    from pytest_mlready.quality import staleness

    doubts, curves = staleness_study.studied(mlready, request)
    replayed = bool(mlready.options(ITEM.id)["versions"])
    mlready_evidence.grade("replayed" if replayed else "static")
    for found in curves:
        mlready_evidence.plot("curve", title=f"{found.metric} lost by age", data=staleness.picture(found))
    if replayed:
        _attach(mlready, mlready_evidence, curves, request, tmp_path_factory)
    least = mlready.options(ITEM.id)["min_ages"]
    mlready_evidence.conclude([*doubts, *(staleness.judge(found, least=least) for found in curves)])


def _attach(
    mlready: Project,
    evidence: Evidence,
    curves: list[Curve],
    request: pytest.FixtureRequest,
    folder: pytest.TempPathFactory,
) -> None:
    """Keeps the result with the report, in the form that `result` reads."""
    from pytest_mlready.quality import staleness_result

    model: Model = request.getfixturevalue("mlready_model")
    rows = staleness_study.newest(mlready, request)
    evidence.record("rows", rows.source, n=len(rows), note=rows.name)
    text = staleness_result.written(curves, made_on=mlready.today, model_sha256=model.sha256, data_sha256=rows.sha256)
    path = folder.mktemp("staleness") / "staleness.json"
    path.write_text(text, encoding="utf-8")
    evidence.attach(path)
