"""Asks whether gains in offline metrics have come with gains for users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.experiments import Columns

ITEM = Item(
    id="model_quality.offline_online_correlation",
    title="Offline and online metrics correlate",
    question="When the offline metric got better, did the outcome that matters online get better too?",
    why=(
        "Teams tune for a loss or an AUC because it is cheap to measure. If it does not move with what users do, every "
        "release is effort spent on noise, and the gate in front of production guards the wrong thing. At Booking.com, "
        "gains in offline quality were found to say little about gains in business value."
    ),
    looks_at=(
        "The table of past experiments that `experiments` names: one row each, with a name, a date, the offline and "
        "the online difference between the same two models (new less old), and the names of both metrics; bounds of "
        "the differences where there are any. One pair of metrics throughout: the table's only one, or the one that "
        "`pair` chooses. Which way is better follows from the metric's name where it is a known one (log_loss, rmse), "
        "else more is better, unless the settings say less. It passes with at least 8 experiments not older than "
        "max_age, a lower bound of Spearman's correlation above 0 (Bonett and Wright) and a permutation test that "
        "agrees (exact up to 12 experiments). It fails when the upper bound is not above 0, when an experiment stands "
        "in the table twice, ends in the future or has a difference outside its own interval. Fewer experiments, "
        "fewer than 5 different values on a side, missing differences, names or dates, mixed metrics and an interval "
        "across 0 are inconclusive; the message says about how many experiments would decide. Experiments with the "
        "very same two figures count once. The share of differences of one sign is recorded. Whether the table is "
        "complete cannot be seen: one that lists winners only says less than it seems to. A team that ships rarely "
        "can add deliberately worse models in small A/B tests."
        " Online differences that are a multiple of the offline ones are inconclusive."
    ),
    how_to_fix=(
        'Name the table: experiments = "experiments.csv" under '
        '[tool.mlready.items."model_quality.offline_online_correlation"]. Write down, for each A/B test or staged '
        "release, both differences with their sample sizes and dates. Include experiments that were not shipped, or "
        "the table shows winners only. If the two do not move together, change the offline metric: weight it by "
        "exposure, use the position or cost that users meet, evaluate on logged traffic."
    ),
    attestation=(
        "The table of experiments with dates and sizes, how the online figure was measured, the correlation with its "
        "interval, and which experiments were left out and why."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Model 2: offline and online metrics correlate",
        "Bernardi, Mavridis, Estevez 2019, 150 Successful Machine Learning Models: 6 Lessons Learned at Booking.com",
        "Kohavi, Tang, Xu 2020, Trustworthy Online Controlled Experiments",
        "Bonett, Wright 2000, Psychometrika 65:23 (interval of Spearman's correlation)",
    ),
    options=(
        Option(
            name="experiments", type="string", default=None,
            doc='The table: .csv, .parquet, .arrow, .json (a list of objects), or "module:function".',
        ),
        Option(name="experiment", type="string", default="experiment", doc="Column with the name of an experiment."),
        Option(name="offline", type="string", default="offline", doc="Column with the offline difference."),
        Option(name="online", type="string", default="online", doc="Column with the online difference."),
        Option(name="date", type="string", default="date", doc="Column with the day on which the experiment ended."),
        Option(name="offline_metric", type="string", default="offline_metric", doc="Column with its metric's name."),
        Option(name="online_metric", type="string", default="online_metric", doc="Column with its metric's name."),
        Option(
            name="offline_interval", type="strings", default=("offline_lower", "offline_upper"),
            doc="Columns with the bounds of the offline difference; the table may do without.",
        ),
        Option(
            name="online_interval", type="strings", default=("online_lower", "online_upper"),
            doc="Columns with the bounds of the online difference; the table may do without.",
        ),
        Option(
            name="pair", type="strings", default=(),
            doc="The offline and the online metric: which rows count, or what the table is about.",
        ),
        Option(
            name="offline_less_is_better", type="boolean", default=None,
            doc="Whether less of the offline metric is better; by its name when left out.",
        ),
        Option(
            name="online_less_is_better", type="boolean", default=None,
            doc="Whether less of the online metric is better; by its name when left out.",
        ),
        Option(
            name="max_age", type="duration", default=63_072_000.0,
            doc="Age beyond which an experiment no longer counts; the default of two years is a convention.",
        ),
    ),
)  # fmt: skip


@pytest.mark.model_quality("offline_online_correlation")
def test_gains_offline_came_with_gains_online(mlready: Project, mlready_evidence: Evidence) -> None:
    """The lower bound of the rank correlation over past experiments is above 0."""
    options = mlready.options(ITEM.id)
    if not options["experiments"]:
        mlready_evidence.unverified(
            "no table of past experiments is named",
            fix=f'[tool.mlready.items."{ITEM.id}"] experiments = "experiments.csv"',
        )
    import datetime as dt

    from pytest_mlready.quality import experiment_verdicts, experiments

    found = experiments.select(_table(mlready, options["experiments"]), _columns(options), pair=options["pair"])
    demands = experiment_verdicts.Demands(
        today=mlready.today,
        max_age=dt.timedelta(seconds=options["max_age"]),
        less=(options["offline_less_is_better"], options["online_less_is_better"]),
        confidence=mlready.confidence,
    )
    mlready_evidence.grade("static")
    mlready_evidence.conclude(experiment_verdicts.judge(found, demands))


def _table(mlready: Project, source: str) -> pl.DataFrame:
    from pytest_mlready import tables
    from pytest_mlready.quality import experiments

    if source.lower().endswith(".json"):
        return experiments.read_json(mlready.file(source, "the table of experiments"))
    return tables.load(source, name="experiments", root=mlready.root, roles={}).frame


def _columns(options: Mapping[str, Any]) -> Columns:
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality.experiments import Columns

    intervals = options["offline_interval"], options["online_interval"]
    if any(len(names) != 2 for names in intervals):
        raise ReadinessError("offline_interval and online_interval name two columns each", expected="lower, upper")
    names = ("experiment", "offline", "online", "date", "offline_metric", "online_metric")
    return Columns(**{name: options[name] for name in names}, bounds=intervals)
