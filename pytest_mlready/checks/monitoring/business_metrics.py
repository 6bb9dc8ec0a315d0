"""Asks whether each model version can be tied to its effect on the business."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting, clock, served

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="monitoring.business_metrics",
    title="Business metrics linked to the model",
    question="Can you tell what each model version does to the outcome that it was built for?",
    why=(
        "Every technical signal can be green while the model hurts: it recommends what sells once and returns, or "
        "blocks good customers who never complain. If predictions cannot be joined with what happened afterwards, "
        "nobody learns this until a quarterly figure drops, and then nobody can say which release did it."
    ),
    looks_at=(
        'The tables that predictions and outcomes name (files, or "module:function"), joined by id. It passes when no '
        "id stands twice in either, at least 95 % of the predictions older than mature have an outcome, the newest "
        "outcome that was joined is at most 24 h old, and each prediction says which version answered: the candidate's "
        "or production's, by version or digest, or one that versions names. The figure by version is recorded where "
        "prediction and outcome are named. Fewer than 100 mature predictions are inconclusive. And an alert on the "
        "business figure: the gauge that metric names must be on the service's page of metrics or on one that pages "
        "names, within its objective (min or max), and among the alert rules one must read it that promtool sees "
        "firing when the figure is a tenth beyond its objective, and silent at its value of now, with severity and a "
        "link to a runbook. Neither tables nor metric named is unverified. No promtool, no objective and queries that "
        "are not understood are inconclusive. A dashboard that shows the figure without the model version is no "
        "evidence here."
    ),
    how_to_fix=(
        "Give each prediction an id and log it with time, version and decision. Carry that id through to the place "
        "where the outcome is recorded. State how long an outcome takes to mature. Compute the figure per version, "
        "with a holdout or an A/B split where you can, and alert when it leaves its usual range."
    ),
    attestation=(
        "The business figure and its owner, how predictions and outcomes are joined, coverage and freshness with date, "
        "the figure by version, and the alert."
    ),
    sources=(
        "Kohavi, Tang, Xu 2020, Trustworthy Online Controlled Experiments",
        "Bernardi, Mavridis, Estevez 2019, 150 Successful Machine Learning Models: 6 Lessons Learned at Booking.com",
        "ISO/IEC 42001:2023, clause 9: performance evaluation",
    ),
    options=(
        Option(name="predictions", type="string", default=None, doc='Logged predictions: file or "module:function".'),
        Option(name="outcomes", type="string", default=None, doc='What happened: file or "module:function".'),
        Option(name="id", type="string", default="id", doc="Column that identifies a prediction."),
        Option(name="outcome_id", type="string", default=None, doc="The same in the outcomes; id when left out."),
        Option(name="time", type="string", default="time", doc="Column with the time of a prediction."),
        Option(name="outcome_time", type="string", default="time", doc="Column with the time an outcome became known."),
        Option(name="version", type="string", default="model_version", doc="Column with the version that answered."),
        Option(name="prediction", type="string", default=None, doc="Column with the answer, for the figures."),
        Option(name="outcome", type="string", default=None, doc="Column with what happened, for the same."),
        Option(name="versions", type="strings", default=(), doc="Older versions or digests that may answer as well."),
        Option(name="mature", type="duration", default=86400.0, doc="Age from which a prediction has its outcome."),
        Option(name="coverage", type="fraction", default=0.95, doc="Least share of mature predictions joined."),
        Option(name="fresh", type="duration", default=86400.0, doc="Greatest age of the newest joined outcome."),
        Option(name="metric", type="string", default=None, doc="Gauge with the business figure, as Prometheus has it."),
        Option(name="min", type="number", default=None, doc="Objective: least value of the business figure."),
        Option(name="max", type="number", default=None, doc="Objective: greatest value of the business figure."),
        *alerting.SHARED,
    ),
)  # fmt: skip


@pytest.mark.monitoring("business_metrics")
def test_predictions_are_joined_to_outcomes(mlready: Project, mlready_evidence: Evidence) -> None:
    """By id and with the version that answered: nearly all that are old enough, and recently."""
    options = mlready.options(ITEM.id)
    if not options["predictions"] or not options["outcomes"]:
        mlready_evidence.unverified(
            "no table joins predictions with what happened afterwards",
            fix=f'[tool.mlready.items."{ITEM.id}"] predictions = "log/predictions.parquet", outcomes = "…"',
        )
    import datetime as dt

    from pytest_mlready import tables
    from pytest_mlready.quality import outcome_join

    mlready_evidence.grade("replayed")
    frames = [
        tables.load(options[name], name=name, root=mlready.root, roles={}).frame for name in ("predictions", "outcomes")
    ]
    columns = outcome_join.Columns(
        id=options["id"],
        outcome_id=options["outcome_id"] or options["id"],
        time=options["time"],
        outcome_time=options["outcome_time"],
        version=options["version"],
        prediction=options["prediction"],
        outcome=options["outcome"],
    )
    demands = outcome_join.Demands(
        now=clock.now(mlready),
        mature=dt.timedelta(seconds=options["mature"]),
        coverage=options["coverage"],
        fresh=dt.timedelta(seconds=options["fresh"]),
        versions=_versions(mlready, options),
    )
    joined = outcome_join.join(frames[0], frames[1], columns)
    mlready_evidence.measure(outcome_join.by_version(joined))
    mlready_evidence.conclude(outcome_join.judge(joined, demands))


@pytest.mark.monitoring("business_metrics")
def test_an_alert_fires_on_the_business_figure(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The figure is exposed and within its objective, and an alert fires when it leaves it."""
    from pytest_mlready.manifests.rules import levels, objectives

    options = mlready.options(ITEM.id)
    if not options["metric"]:
        mlready_evidence.unverified(
            "no business figure is named",
            fix=f'[tool.mlready.items."{ITEM.id}"] metric = "…", min = 0.8, pages = ["monitoring.outcomes:page"]',
        )
    mlready_evidence.grade("replayed")
    rules = alerting.rules(mlready, mlready_evidence, options)
    verdicts = alerting.sound(rules, mlready_evidence)
    exposed = served.exposed(mlready, options, request)
    objective = objectives.Objective(metric=options["metric"], min=options["min"], max=options["max"])
    verdicts += objectives.within(objective, exposed)
    if objective.known and options["metric"] in exposed.by_name:
        breach = objectives.breach(objective)
        verdicts += levels.alerts(rules, breach, alerting.promise(mlready), alerting.setting(options, exposed))
    mlready_evidence.conclude(verdicts)


def _versions(mlready: Project, options: Mapping[str, Any]) -> list[str]:
    """Versions and digests of the candidate, of production where it is a file, and of what the settings name."""
    from pytest_mlready.artifacts import digests

    production = mlready.settings.model.production
    path = mlready.path(production) if production and ":" not in production else None
    live = digests.sha256(path) if path is not None and path.exists() else None
    return [v for v in (mlready.settings.version, mlready.digests.model, live, *options["versions"]) if v]
