"""Asks whether quality on served data is measured and stays above its floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting, served

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.groups import Partition
    from pytest_mlready.quality.served import Window
    from pytest_mlready.values import Predictions

ITEM = Item(
    id="monitoring.prediction_quality",
    title="No regression in prediction quality on served data",
    question="Is quality measured on the data that you really serve, and does it stay above its floor?",
    why=(
        "Held-out data are a picture of the past. In production the population shifts, feedback changes behaviour, and "
        "the model can decline while inputs look the same. Drift signals are only hints at this; labelled served data "
        "are the answer, late as they come."
    ),
    looks_at=(
        "Served predictions joined by id with what happened, as monitoring.business_metrics joins them: settings that "
        "are not set here are taken from there. Only predictions older than mature count; the latest window of that "
        "age is judged (windows asks for more), earlier ones are listed. Quality: each metric's one-sided bound meets "
        "its limit, from limits here or min and max of [tool.mlready.metrics]; an estimate that misses it fails. "
        "Bias: the mean of predicted less observed (probability of the positive class less its rate; with more "
        "classes, probability of the answer less accuracy; for numbers, prediction less outcome) passes with its "
        "whole interval within the tolerance, fails with its whole interval beyond. The default tolerance is 0.05, or "
        "a quarter of the rarer class's share where that is less, and a tenth of the outcomes' standard deviation for "
        "numbers: conventions. Slices: each group of the columns under slices (else those of data.subgroups that "
        "either table has), and each version where several answered, against slice_limits (else subgroup_min and "
        "subgroup_max, else the overall value less drop) and a bias of twice the tolerance, Holm over all; fails when "
        "one is confidently beyond, and is inconclusive when slices large enough hold less than 90 % of the rows. The "
        "alert: where metric names a gauge, an alert on it must fire beyond min or max and be silent now; it is "
        "optional. Ids that stand twice fail. Fewer than 100 labelled predictions in a window, outcomes for less than "
        "95 % of them, a newest outcome older than fresh, missing answers, NaN probabilities, no limit, no "
        "probabilities and no slices are inconclusive. Where labels exist only for cases that the model let through, "
        "lower coverage and say so: the figure then holds for those alone."
        " Answers and outcomes from one column are an error; slices of a window with one class are inconclusive."
    ),
    how_to_fix=(
        "Log predictions with id, version, answer and probability, join labels as they ripen, and name both tables: "
        '[tool.mlready.items."monitoring.prediction_quality"] predictions = "…", outcomes = "…", prediction = "…", '
        'outcome = "…", probability = "…". Where labels are rare, sample cases at random for review, some of them '
        "regardless of the decision. Compute metric and bias weekly by slice, and alert on both. Compare with the "
        "held-out figure at release; a gap on day one is skew rather than drift."
    ),
    attestation=(
        "Window, number of labelled predictions and how they were labelled, metric and bias with intervals overall and "
        "by slice, floors, the alert, and model version."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 7: prediction quality has not regressed",
        "Guo et al. 2017, On Calibration of Modern Neural Networks",
        "EU AI Act (Regulation (EU) 2024/1689), Article 72: post-market monitoring",
    ),
    options=(
        Option(name="predictions", type="string", default=None, doc='Logged predictions: file or "module:function".'),
        Option(name="outcomes", type="string", default=None, doc='What happened: file or "module:function".'),
        Option(name="id", type="string", default=None, doc="Column that identifies a prediction."),
        Option(name="outcome_id", type="string", default=None, doc="The same in the outcomes; id when left out."),
        Option(name="time", type="string", default=None, doc="Column with the time of a prediction."),
        Option(name="outcome_time", type="string", default=None, doc="Column with the time an outcome became known."),
        Option(name="version", type="string", default=None, doc="Column with the version that answered."),
        Option(name="prediction", type="string", default=None, doc="Column with the answer."),
        Option(name="outcome", type="string", default=None, doc="Column with what happened."),
        Option(
            name="probability", type="string", default=None,
            doc="Column with the probability of the positive class; with more than two classes, of the answer.",
        ),
        Option(name="mature", type="duration", default=None, doc="Age from which a prediction has its outcome."),
        Option(name="coverage", type="fraction", default=None, doc="Least share of a window's predictions joined."),
        Option(name="fresh", type="duration", default=None, doc="Greatest age of the newest joined outcome."),
        Option(name="window", type="duration", default=604800.0, doc="Length of a window; a week is a convention."),
        Option(name="windows", type="integer", default=1, doc="Latest windows of which each must hold."),
        Option(
            name="limits", type="table", default={},
            doc="Least value by metric (the most, where less is better); [tool.mlready.metrics] when left out.",
        ),
        Option(name="slices", type="strings", default=(), doc='Columns ("sex") or combinations ("sex × race").'),
        Option(name="slice_limits", type="table", default={}, doc="As limits, for each slice."),
        Option(name="bias_tolerance", type="number", default=None, doc="Largest bias either way, in its own unit."),
        Option(
            name="slice_bias_tolerance", type="number", default=None,
            doc="The same for a slice; twice the tolerance when left out (a convention).",
        ),
        Option(
            name="drop", type="number", default=0.15,
            doc="What a slice must be large enough to show: points of a rate, a share of an error (a convention).",
        ),
        Option(name="power", type="fraction", default=0.99, doc="Probability with which it shows that."),
        Option(name="metric", type="string", default=None, doc="Gauge with a quality figure, as Prometheus has it."),
        Option(name="min", type="number", default=None, doc="Objective: least value of that gauge."),
        Option(name="max", type="number", default=None, doc="Objective: greatest value of that gauge."),
        *alerting.SHARED,
    ),
)  # fmt: skip


@pytest.mark.monitoring("prediction_quality")
def test_quality_of_the_latest_windows(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Labels are there and recent, and each metric's bound meets its limit in each of the latest windows."""
    import datetime as dt

    from pytest_mlready.quality import served_verdicts
    from pytest_mlready.quality.served import predictions_of
    from pytest_mlready.values import Verdict

    log, options = served.log(mlready, mlready_evidence, request, ITEM.id), served.options(mlready, ITEM.id)
    mlready_evidence.grade("replayed")
    count, fresh = max(1, options["windows"]), dt.timedelta(seconds=options["fresh"])
    demands = served_verdicts.Demands(now=log.now, coverage=options["coverage"], fresh=fresh)
    verdicts = served_verdicts.usable(log.served, log.windows[:count], demands)
    limits = served.limits(mlready, options["limits"], predictions_of(log.windows[0].served), ("min", "max"))
    for window in log.windows[:count]:
        p = predictions_of(window.served)
        verdicts += served_verdicts.quality(p, window.name, limits, confidence=mlready.confidence)
    for window in log.windows[count:]:
        p = predictions_of(window.served)
        mlready_evidence.measure(served_verdicts.history(p, window.name, limits, confidence=mlready.confidence))
    if not limits:
        fix = f'[tool.mlready.items."{ITEM.id}"] limits = {{ {_usual(p)} = … }}'
        verdicts.append(Verdict(outcome="inconclusive", message=f"no metric has a limit. Next step: {fix}"))
    mlready_evidence.conclude(verdicts)


@pytest.mark.monitoring("prediction_quality")
def test_predictions_are_unbiased(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """In each of the latest windows the mean of predicted less observed is within its tolerance."""
    from pytest_mlready.quality import served_verdicts
    from pytest_mlready.quality.served import predictions_of

    log, options = served.log(mlready, mlready_evidence, request, ITEM.id), served.options(mlready, ITEM.id)
    mlready_evidence.grade("replayed")
    if log.served.task in ("ranking", "text-generation"):
        mlready_evidence.not_applicable(f"{log.served.task} has no mean that could be biased")
    verdicts = []
    for window in log.windows[: max(1, options["windows"])]:
        p = predictions_of(window.served)
        if len(p) and served_verdicts.deviations(p) is None:
            mlready_evidence.inconclusive('no column with probabilities is named. Next step: probability = "…"')
        within = served_verdicts.tolerance(p, options["bias_tolerance"]) if len(p) else 0.0
        verdicts.append(served_verdicts.bias(p, window.name, within=within, confidence=mlready.confidence))
    mlready_evidence.conclude(verdicts)


@pytest.mark.monitoring("prediction_quality")
def test_no_slice_is_beyond_its_limits(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """In the latest window no slice is confidently below its floor, or biased beyond its tolerance."""
    from pytest_mlready.quality import served_verdicts, subgroup_verdicts, subgroups
    from pytest_mlready.quality.group_tests import Design
    from pytest_mlready.quality.served import predictions_of

    log, options = served.log(mlready, mlready_evidence, request, ITEM.id), served.options(mlready, ITEM.id)
    mlready_evidence.grade("replayed")
    p = predictions_of(log.windows[0].served)
    if not len(p):
        mlready_evidence.inconclusive(f"no prediction from {log.windows[0].span} has an outcome")
    partitions = _partitions(mlready, options, log.windows[0])
    if not partitions:
        mlready_evidence.inconclusive('no slices are named, or neither table has them. Next step: slices = ["column"]')
    wanted = served.floors(mlready, options, p)
    limits = subgroups.floors(wanted, p, drop=options["drop"])
    within = _slice_tolerance(options, p)
    if within == 0:  # in a window without a case of the rarer class a share of it is no tolerance
        mlready_evidence.inconclusive(f"the outcomes of {log.windows[0].span} do not vary: slices cannot be judged")
    found = served_verdicts.slices(
        p, partitions, limits, within=within, progress=mlready.progress,
        design=Design(confidence=mlready.confidence, power=options["power"]),
    )  # fmt: skip
    mlready.progress("")
    mlready_evidence.plot("intervals", title="Slices of served data", data=subgroup_verdicts.plot_data(found))
    wording = served_verdicts.wording(limits, within, drop=options["drop"])
    without = subgroups.unmeasured([metric for metric, *_ in wanted], p)
    judged = subgroup_verdicts.judge(found, partitions, wording, confidence=mlready.confidence)
    mlready_evidence.conclude([judged, *without])


@pytest.mark.monitoring("prediction_quality")
def test_an_alert_fires_on_prediction_quality(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Where a gauge is named: it is within its objective, and an alert fires when it leaves it."""
    from dataclasses import replace

    from pytest_mlready.manifests.rules import levels, objectives

    options = served.options(mlready, ITEM.id)
    if not options["metric"]:
        mlready_evidence.unverified(
            "no gauge with prediction quality is named (optional)",
            fix=f'[tool.mlready.items."{ITEM.id}"] metric = "…", min = 0.8, pages = ["monitoring.job:page"]',
        )
    mlready_evidence.grade("replayed")
    rules = alerting.rules(mlready, mlready_evidence, options)
    exposed = served.exposed(mlready, options, request)
    objective = objectives.Objective(metric=options["metric"], min=options["min"], max=options["max"])
    verdicts = [*alerting.sound(rules, mlready_evidence), *objectives.within(objective, exposed)]
    if objective.known and options["metric"] in exposed.by_name:
        breach = replace(objectives.breach(objective), about="prediction quality")
        verdicts += levels.alerts(rules, breach, alerting.promise(mlready), alerting.setting(options, exposed))
    mlready_evidence.conclude(verdicts)


def _usual(p: Predictions) -> str:
    from pytest_mlready.quality import chosen

    return next(iter(chosen.usual(p)))


def _slice_tolerance(options: Mapping[str, Any], p: Predictions) -> float | None:
    from pytest_mlready.quality import served_verdicts

    if served_verdicts.deviations(p) is None:
        return None
    wider = served_verdicts.WIDER * served_verdicts.tolerance(p, options["bias_tolerance"])
    return wider if options["slice_bias_tolerance"] is None else float(options["slice_bias_tolerance"])


def _partitions(mlready: Project, options: Mapping[str, Any], window: Window) -> tuple[Partition, ...]:
    """Slices of the labelled rows, and the versions where several answered."""
    import polars as pl

    from pytest_mlready.quality import groups

    rows = window.served.labelled
    specs = [s for s in served.specs(mlready, options) if set(s) <= set(rows.slices.columns)]
    frame, version = rows.slices, options["version"]
    if rows.table["version"].n_unique() > 1 and version not in frame.columns:
        frame = pl.DataFrame([*frame.get_columns(), rows.table["version"].alias(version)])
        specs = [*specs, (version,)]
    return groups.groups_of(frame, specs) if specs else ()
