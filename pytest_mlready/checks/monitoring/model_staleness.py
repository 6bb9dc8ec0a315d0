"""Asks whether the served model is younger than its allowed age and an alert says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting, clock, staleness_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.manifests.rules.levels import Breach
    from pytest_mlready.manifests.rules.rule_set import RuleSet
    from pytest_mlready.project import Project
    from pytest_mlready.quality.staleness_live import Shown

ITEM = Item(
    id=staleness_times.MODEL,
    title="Models are not too stale",
    question="Is the served model younger than its maximum age, and does an alert say when it is not?",
    why=(
        "Retraining jobs fail quietly: the schedule was paused, a source is empty, a new model failed its gate for "
        "weeks. The old model goes on answering, slowly worse, and everybody believes that a fresh one is served. The "
        "age of each stage is simple to measure and rarely shown."
    ),
    looks_at=(
        "Model: when the served model was trained, by its service (metadata, else on its page of metrics the series "
        "metric, or a gauge of a time or an age, or a label, whose name speaks of the model's training) and by the "
        "record that ships with it. The two must state one time, to the second, or to the "
        "day where one is a day; a time that is that of the process's start is no evidence. Its age must be within the "
        "maximum that model_quality.staleness_impact derives, and within max_age where that is set (a decision of "
        "yours). Without a service the record alone counts, as static evidence; a service that does not tell, or no "
        "record to hold it against, is inconclusive, and so is no known maximum. Stages: each of stages (data "
        "snapshot, features, evaluation, …) must be within its own max_age, else within the model's; stages = [] says "
        "that there is none; none named is inconclusive. A time that is malformed is an error, one that lies ahead "
        "fails; dates of files are never asked. Alert: among the alert rules one must compare that gauge (on the "
        "service's page, or on one that pages names) which promtool sees firing when the model is a tenth older than "
        "its maximum, and silent at its age of now (half of the maximum where it is older), with severity and a link "
        "to a runbook. promtool's clock begins at 0, so that times of training are negative there: a rule that "
        "compares the time itself with a number is inconclusive, and so are queries that are not understood, and "
        "everything without promtool. Nothing configured, and nothing on the page, is unverified."
    ),
    how_to_fix=(
        "Write the training time and the end date of the data into the record that ships with the artifact, and export "
        "both as gauges, in Unix seconds, from the service (model_trained_timestamp_seconds). Set the limit from the "
        "staleness study with room for one failed retraining. Alert on time() less the gauge rather than on job "
        "failure, since a job that never starts does not fail. Show the ages of all stages on one page. Lines to "
        'paste: record = "release.json#trained_at", max_age = "60 d", '
        'stages = [{ name = "training data", record = "release.json#data_until", max_age = "90 d" }].'
    ),
    attestation=(
        "Age of the served model and of each stage at a stated time, the maximum age and where it comes from, the "
        "alert, and who reacts."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 4: models are not too stale",
        "Zinkevich, Rules of Machine Learning, Rule 8: know the freshness requirements of your system",
        "Prometheus documentation, Instrumentation: timestamps, not time since",
    ),
    options=(
        Option(name="record", type="string", default=None, doc='When the served model was trained: "file#key".'),
        Option(name="metric", type="string", default=None, doc="Gauge of that time (Unix seconds) or of an age."),
        Option(
            name="metadata", type="string", default=None,
            doc='Where the service tells it in JSON instead: "/model#trained_at".',
        ),
        Option(
            name="max_age", type="duration", default=None,
            doc="Greatest age of the model; the maximum that model_quality.staleness_impact derives counts as well.",
        ),
        Option(
            name="stages", type="tables", default=None,
            doc='Stages before it: { name, record = "file#key" | metric = "gauge" | date = 2026-11-01, max_age }.',
        ),
        *alerting.SHARED,
    ),
)  # fmt: skip


@pytest.mark.monitoring("model_staleness")
def test_the_served_model_is_young_enough(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The service and the record state one training time, and it is not too long ago."""
    from pytest_mlready.quality import staleness_stages
    from pytest_mlready.values import Verdict

    options, now = mlready.options(ITEM.id), clock.now(mlready)
    record = staleness_times.recorded(mlready, options["record"]) if options["record"] else None
    endpoint = staleness_times.service(mlready, request)
    live, where = staleness_times.told_live(mlready, endpoint)
    mlready_evidence.grade("static" if endpoint is None else "live")
    if live is None and record is None:
        _nothing(mlready_evidence, configured=bool(options["metric"] or options["metadata"] or options["max_age"]))
    verdicts = []
    if live is not None and record is not None:
        verdicts.append(staleness_stages.agree(live, record, where=where, on_record=options["record"]))
    elif endpoint is not None or live is not None:
        doubt = "does not tell when its model was trained" if live is None else "is held against no record"
        step = "Next step: export it as a gauge" if live is None else 'Next step: record = "file#key"'
        verdicts.append(Verdict(outcome="inconclusive", message=f"{where} {doubt}. {step}"))
    limit, why = staleness_times.limit(mlready, request)
    made, source = (live, where) if live is not None else (record, options["record"])
    assert made is not None  # or nothing would have been found
    model = staleness_stages.Stage(name="the served model", made=made, limit=limit, why=why, source=source)
    mlready_evidence.conclude([*verdicts, staleness_stages.judge(model, now)])


@pytest.mark.monitoring("model_staleness")
def test_every_stage_is_young_enough(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Data, features and whatever else comes before the model are not too old either."""
    from pytest_mlready.quality import staleness_stages

    options = mlready.options(ITEM.id)
    if options["stages"] is None and not any(options[name] for name in ("record", "metric", "metadata", "max_age")):
        _nothing(mlready_evidence, configured=False)
    if options["stages"] is None:
        mlready_evidence.inconclusive(
            'no stages are named. Next step: stages = [{ name = "training data", record = "file#key", '
            'max_age = "90 d" }], or stages = [] where the model has none'
        )
    if not options["stages"]:
        mlready_evidence.not_applicable("the settings say that no stage comes before the training")
    stages = list(staleness_times.stages(mlready, request))
    live = (
        any("metric" in table for table in options["stages"]) and staleness_times.service(mlready, request) is not None
    )
    mlready_evidence.grade("live" if live else "static")
    now = clock.now(mlready)
    mlready_evidence.conclude(staleness_stages.judge(stage, now) for stage in stages)


@pytest.mark.monitoring("model_staleness")
def test_an_alert_fires_on_the_age(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """One that compares the gauge fires when the model is too old, and is silent now."""
    from pytest_mlready.manifests.rules import levels

    options = mlready.options(ITEM.id)
    endpoint = staleness_times.service(mlready, request)
    mlready_evidence.grade("static" if endpoint is None else "live")
    exposed = staleness_times.exposed(mlready, request)
    shown = staleness_times.shown(mlready, exposed)
    if shown is None:
        _no_gauge(mlready_evidence, options, exposed)
    assert shown is not None  # or it would have ended
    if shown.unit is None:
        mlready_evidence.inconclusive(
            f"{shown.metric} tells the time in a label, which no alert can compare. Next step: export it as a gauge too"
        )
    rules = alerting.rules(mlready, mlready_evidence, options)
    verdicts = alerting.sound(rules, mlready_evidence)
    if shown.unit == 0.0 and (place := _compared_with_a_number(rules, shown.metric)):
        mlready_evidence.inconclusive(
            f"{place} compares {shown.metric} itself with a number, which promtool cannot try"
        )
    limit, why = staleness_times.limit(mlready, request)
    if limit is None:
        mlready_evidence.inconclusive(f'no maximum age is known: {why}. Next step: max_age = "60 d"')
    breach = _breach(mlready, shown, limit)
    mlready_evidence.record("maximum age", limit / 86400, unit="d", note=why)
    verdicts += levels.alerts(rules, breach, alerting.promise(mlready), alerting.setting(options, exposed))
    if endpoint is not None:
        verdicts += alerting.live(options, endpoint, [shown.metric])
    mlready_evidence.conclude(verdicts)


def _compared_with_a_number(rules: RuleSet, metric: str) -> str:
    """Where a rule holds a time against a number, as in `trained_seconds > 0`; "" where none does."""
    import re

    pattern = re.compile(
        rf"(?:^|\(|\band\b|\bor\b|\bunless\b)\s*{re.escape(metric)}\s*(\{{[^}}]*\}})?\s*[<>=!]=?\s*(bool\s+)?[\d.]"
    )
    return next((rule.place for rule in rules.rules if pattern.search(rule.expr)), "")


def _breach(mlready: Project, shown: Shown, limit: float) -> Breach:
    """The gauge as it stands now, a tenth beyond the maximum, and at twice of it.

    promtool's clock begins at 0: a time so many seconds ago is that number with its sign turned.
    """
    from pytest_mlready.manifests.rules.levels import Breach
    from pytest_mlready.quality import staleness_stages

    age = shown.made.age(clock.now(mlready)).total_seconds()
    age = age if 0 <= age < limit else limit / 2

    def level(seconds: float) -> float:
        return seconds / shown.unit if shown.unit else -seconds

    return Breach(
        about="the model's age",
        names=frozenset({shown.metric}),
        healthy={shown.metric: level(age)},
        bad={shown.metric: level(1.1 * limit)},
        says=f"the model is {staleness_stages.days(1.1 * limit)} old",
        worse=({shown.metric: level(2 * limit)},),
    )


def _nothing(evidence: Evidence, *, configured: bool) -> None:
    """Ends the test: no time of training was found."""
    if configured:
        evidence.inconclusive(
            'neither the service nor a record tells when the served model was trained. Next step: record = "file#key"'
        )
    evidence.unverified(
        "nothing tells when the served model was trained",
        fix=f'[tool.mlready.items."{ITEM.id}"] record = "release.json#trained_at", max_age = "60 d", and a gauge of it',
    )


def _no_gauge(evidence: Evidence, options: Mapping[str, Any], exposed: Exposed) -> None:
    """Ends the test: nobody can be alerted on an age that is not exposed."""
    from pytest_mlready.values import Verdict

    if options["metric"]:
        message = f"{options['metric']} is on no page of metrics{exposed.near(options['metric'])}"
        evidence.conclude([Verdict(outcome="failed", message=message)])
    if not exposed.samples and (options["record"] or options["max_age"]):
        evidence.inconclusive("no page of metrics is known that could show the model's age. Next step: pages = […]")
    if options["record"] or options["max_age"]:
        message = f"{exposed.where} shows nothing about the model's age, so that no alert can watch it"
        evidence.conclude(
            [Verdict(outcome="failed", message=f"{message}. Next step: export it, or name its page in pages")]
        )
    _nothing(evidence, configured=False)
