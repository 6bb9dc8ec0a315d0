"""Asks whether the rollback was performed in staging and brought the old answers back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import clock

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.rollback.drill import Task
    from pytest_mlready.serving.rollback.golden import Golden
    from pytest_mlready.serving.rollback.standing import Side

ITEM = Item(
    id="rollback.procedure_tested",
    title="Rollback procedure documented and tested in staging",
    question="Was the rollback really performed in staging, and did the old model's answers come back?",
    why=(
        "An untested rollback is a plan. Caches keep the new model's answers, one replica stays behind, the command "
        "needs a permission that the person on call lacks, or the way forward again is blocked. Under stress each of "
        "these adds to the time that users get wrong results."
    ),
    looks_at=(
        "The drill itself: the configured service is started in a process of its own, apart from the one that other "
        "checks ask, and the commands `rollback` and `forward` are run on it without a shell, in the project's folder "
        "and with the service's environment; {url}, {port}, {pid} and {scratch} (a folder that lives as long as the "
        "drill) are filled in. Before, between and after, it is looked at which version answers: the digest or version "
        "that the service tells on several connections, and the golden predictions of the version that is due "
        "(`golden` for the previous one, example and expect of the endpoint for the candidate). Meanwhile ten good "
        "requests a second go to it. It passes when each command ends with 0, its version answers within settle of "
        "that and within limit of the start, and no more than `dropped` requests failed. It fails when a command fails "
        "or hangs, when it returns 0 and changes nothing, when answers are of two versions or wrong after it, when "
        "the service dies, when requests are dropped, and when it takes too long. It is inconclusive without golden "
        "predictions, where nothing tells the two versions apart, where the service does not begin with the "
        "candidate, and for a service at a URL. Whatever the commands started is ended with the drill. Where it cannot "
        'be performed here, the `record` of a drill elsewhere stands for it, a JSON table: {"performed": '
        '"2026-11-20T10:00:00Z", "steps": [{"name": "before", "sha256": "…", "golden": "success"}, '
        '{"name": "rollback", "seconds": 41, …}, {"name": "forward", …}], "requests": {"sent": 600, '
        '"failed": 0}}. It must be at most max_age old, bring another digest and the first one back, within limit; '
        "without digests, golden predictions or requests it is inconclusive. A document alone is no test."
    ),
    how_to_fix=(
        "Write the procedure as one command that anybody on call may run. Let the service report the digest that it "
        "serves. Rehearse both directions with traffic running, and watch for mixed versions and stale caches. Time it "
        "from the decision to the last replica. Put the next drill in the calendar, and run one before each large "
        "release."
    ),
    attestation=(
        "Date, environment, versions and digests before and after each step, duration, who performed it from which "
        "document, deviations, and repairs that followed."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 7: serving models can be rolled back",
        "AWS Builders' Library, Ensuring rollback safety during deployments",
        "NIST SP 800-34 Rev. 1 (2010), Contingency Planning Guide, testing and exercises",
    ),
    options=(
        Option(
            name="rollback", type="string", default=None,
            doc="Command that brings the previous version back on the service at {url}.",
        ),
        Option(name="forward", type="string", default=None, doc="Command that brings the candidate again."),
        Option(
            name="environment", type="table", default={},
            doc='Variables for the drill\'s service and the commands: { RELEASE_FILE = "{scratch}/release.json" }.',
        ),
        Option(
            name="golden", type="string", default=None,
            doc="Golden predictions of the previous version; left out: those of rollback.previous_version.",
        ),
        Option(
            name="limit", type="duration", default=300.0,
            doc="For one direction, from the start of the command until its version answers.",
        ),
        Option(
            name="settle", type="duration", default=30.0,
            doc="After a command ended: until every answer must be of the version that it brings.",
        ),
        Option(
            name="answer_within", type="duration", default=5.0,
            doc="For each of the requests that run meanwhile; what is later counts as dropped.",
        ),
        Option(
            name="dropped", type="integer", default=0,
            doc="Requests that may fail while versions change.",
        ),
        Option(name="record", type="string", default=None, doc="File with the record of a drill elsewhere."),
        Option(
            name="max_age", type="duration", default=90 * 86_400.0,
            doc="Of that record; a quarter, in which people and permissions change little.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.rollback("procedure_tested")
def test_back_and_forward_on_a_running_service(mlready: Project, mlready_evidence: Evidence) -> None:
    """The commands bring the previous version and the candidate again, and the service answers throughout."""
    import tempfile
    from pathlib import Path

    from pytest_mlready.serving.rollback import drill, verdicts

    options = mlready.options(ITEM.id)
    if missing := [name for name in ("rollback", "forward") if options[name] is None]:
        _no_command(mlready_evidence, missing, record=options["record"])
    if mlready.settings.endpoint.start is None:
        _no_start(mlready, mlready_evidence, record=options["record"])
    mlready_evidence.grade("live")
    with tempfile.TemporaryDirectory(prefix="mlready-") as scratch:
        task = _task(mlready, Path(scratch))
        done = drill.perform(task, mlready.progress)
    mlready_evidence.conclude(verdicts.judge(done, task, dropped=options["dropped"], timed=mlready.alone))


def _no_command(evidence: Evidence, missing: list[str], *, record: str | None) -> None:
    """One command alone is a drill half configured, which a record makes up for; neither is none."""
    if len(missing) == 1 and record is None:
        evidence.inconclusive(f"{missing[0]} is not configured: both directions are drilled. Next step: {SETTING}")
    fix = f'{SETTING} rollback = "…" and forward = "…", commands that switch the service at {{url}}'
    evidence.unverified("no rollback command is configured", fix=fix)


def _no_start(mlready: Project, evidence: Evidence, *, record: str | None) -> None:
    """The shared environment behind a URL is not switched by a test."""
    fix = '[tool.mlready.endpoint] start = "uvicorn service:app --port {port}"'
    if mlready.settings.endpoint.url is None:
        evidence.unverified("no service is configured that could be rolled back", fix=fix)
    if record is not None:
        evidence.not_applicable("the service at a URL was not started by this run; the record of a drill stands for it")
    evidence.inconclusive(f"the drill is performed only on a service that the run itself started. Next step: {fix}")


def _task(mlready: Project, scratch: Path) -> Task:
    from pytest_mlready.serving.rollback import drill

    options = mlready.options(ITEM.id)
    return drill.Task(
        plan=mlready.plan,
        environment={name: str(value) for name, value in options["environment"].items()},
        scratch=scratch,
        rollback=options["rollback"],
        forward=options["forward"],
        candidate=_candidate(mlready),
        previous=_previous(mlready),
        limit=options["limit"],
        settle=options["settle"],
        answer_limit=options["answer_within"],
    )


def _candidate(mlready: Project) -> Side:
    """The candidate, with the good request and its expected answer as golden predictions where both are configured."""
    import json

    from pytest_mlready.serving.rollback import golden, standing

    plan, known = mlready.plan, None
    if plan.example is not None and plan.expect is not None:
        known = golden.Golden(cases=(golden.Case(request=json.loads(plan.example), answer=plan.expect),))
    return standing.Side(
        title="the candidate", sha256=mlready.digests.model, version=mlready.settings.version, golden=known
    )


def _previous(mlready: Project) -> Side:
    from pytest_mlready.serving.rollback import standing

    known = _golden(mlready)
    if known is None:
        return standing.Side(title="the previous version")
    return standing.Side(
        title="the previous version", sha256=known.sha256, version=known.version, golden=known
    )  # fmt: skip


def _golden(mlready: Project) -> Golden | None:
    from pytest_mlready.serving.rollback import golden

    named = mlready.options(ITEM.id)["golden"] or mlready.options("rollback.previous_version")["golden"]
    return None if named is None else golden.read(mlready.path(named), named)


@pytest.mark.rollback("procedure_tested")
def test_record_of_a_drill(mlready: Project, mlready_evidence: Evidence) -> None:
    """The last drill elsewhere is recent, and every step of it was verified."""
    from pytest_mlready.serving.rollback import drill_record

    options = mlready.options(ITEM.id)
    if options["record"] is None:
        mlready_evidence.unverified("no record of a drill is named", fix=f'{SETTING} record = "drills/rollback.json"')
    if options["rollback"] and options["forward"] and mlready.settings.endpoint.start:
        mlready_evidence.not_applicable("the drill is performed in this run, and needs no record")
    mlready_evidence.grade("static")
    record = drill_record.read(mlready.path(options["record"]), options["record"])
    judged = drill_record.judge(
        record, now=clock.now(mlready), max_age=options["max_age"], limit=options["limit"], dropped=options["dropped"]
    )
    mlready_evidence.conclude(judged)
