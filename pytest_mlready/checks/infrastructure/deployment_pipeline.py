"""Asks whether this very artifact went through the whole pipeline into staging."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.values import Verdict

SETTING = '[tool.mlready.items."infrastructure.deployment_pipeline"]'
SHOWN = 20  # differences in one message

ITEM = Item(
    id="infrastructure.deployment_pipeline",
    title="Pipeline tested end to end in staging",
    question="Has this very artifact gone through the whole deployment pipeline in staging and answered there?",
    why=(
        "Releases break at the joints: a missing permission, a changed variable, a model format that the serving image "
        "cannot read. A staging that differs from production proves little, and a green run of last month's model "
        "proves nothing about today's. Teams that rehearse find these on a quiet afternoon."
    ),
    looks_at=(
        "Three things. The record of the last staging run, a file that `record` names: it passes when the run and each "
        "of its steps are green, it went to staging, it tested the candidate, and it ended at most 7 days ago. Our "
        'format is a JSON table: {"environment": "staging", "conclusion": "success", "finished": '
        '"2026-11-24T10:00:00Z", "artifact_sha256": "…", "commit": "…", "run_url": "…", "steps": [{"name": "deploy", '
        '"conclusion": "success"}]}; `artifacts`, a table of path and sha256, may stand for artifact_sha256. Exports '
        "of GitHub (gh run view --json conclusion,headSha,updatedAt,url,workflowName,jobs, or the REST API's run and "
        "jobs) and GitLab (pipeline and jobs) are read too; which artifact they tested must follow from a digest in "
        "them, from the artifact that git holds at their commit (a Git LFS pointer will do), or from `digests`. It "
        "fails on a red run or step, another artifact, production instead of staging, an end too long ago or yet to "
        "come; it is inconclusive where the record does not tell one of these, where a step did not run, and where "
        "there is no record although a service or manifests are configured. The manifests of production "
        "(deploy.manifests) and staging (deploy.staging), compared key by key: they may differ in size, host, "
        "namespace and what `allowed` adds, and in nothing else. A prediction now, on the running service: the answer "
        "must be right, and where it, its headers or the readiness endpoint name a model's digest, or a version like "
        "the settings', these must be the candidate's. A service that does not name its model passes, which is "
        "recorded. A prediction alone does not verify the item, nor does a record without a service to ask."
    ),
    how_to_fix=(
        "Deploy to staging by the same job that deploys to production, with parameters and nothing else changed. Let "
        "the job write a run file with the digest, commit, time and result, and end with one real prediction that is "
        "compared with a known answer. Generate both environments from one template. Run it on each candidate."
    ),
    attestation=(
        "A link to the run, date, artifact digest, the stages it went through, the differences between staging and "
        "production, and the smoke prediction with its expected answer."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 3: the full ML pipeline is integration tested",
        "Humble, Farley 2010, Continuous Delivery",
        "The Twelve-Factor App, Dev/prod parity",
    ),
    options=(
        Option(name="record", type="string", default=None, doc="File with the record of the last run in staging."),
        Option(
            name="max_age", type="duration", default=604_800.0,
            doc="Time that may have passed since that run ended; a week, within which an environment changes little.",
        ),
        Option(
            name="allowed", type="strings", default=(),
            doc=(
                'Further keys in which staging may differ, as globs: "*.env.LOG_LEVEL.value"; "Kind:glob" for one '
                'kind, "Kind:" for objects of a kind that one side lacks.'
            ),
        ),
        Option(
            name="digests", type="table", default={},
            doc="sha256 of the artifact by commit, for exports that name only a commit.",
        ),
    ),
)  # fmt: skip


@pytest.mark.infrastructure("deployment_pipeline")
def test_staging_record(mlready: Project, mlready_evidence: Evidence) -> None:
    """The last run in staging was green, recent, and of this very artifact."""
    from pytest_mlready.artifacts import committed
    from pytest_mlready.serving.deployment import staging_record, staging_verdict
    from pytest_mlready.values import Verdict

    options, settings = mlready.options(ITEM.id), mlready.settings
    path = None if options["record"] is None else mlready.path(options["record"])
    if path is None or not path.exists():
        _no_record(mlready, mlready_evidence, options["record"])
    mlready_evidence.grade("static")
    verdicts = staging_verdict.judge(
        staging_record.read(path, options["record"]),
        sha256=mlready.digests.model,
        path=settings.model.path or "",
        now=clock.now(mlready),
        max_age=options["max_age"],
        digests=options["digests"],
        at_commit=functools.partial(committed.digest, mlready.root, settings.model.path or ""),
    )
    if not _serves(mlready):
        verdicts.append(
            Verdict(
                outcome="inconclusive",
                message="no service is configured, so that no smoke prediction goes with the record. Next step: "
                '[tool.mlready.endpoint] url = "https://staging.example.org" or start = "…"',
            )
        )
    mlready_evidence.conclude(verdicts)


def _no_record(mlready: Project, evidence: Evidence, named: str | None) -> NoReturn:
    """A prediction that works here, or manifests that agree, do not stand for a run of the pipeline."""
    fix = f'let the staging job write a run file, and name it: {SETTING} record = "reports/staging-run.json"'
    if named is not None:
        evidence.inconclusive(f"{named} is not there: no run in staging is on record. Next step: run it, and keep it")
    if _serves(mlready) or mlready.settings.deploy.staging:
        evidence.inconclusive(f"no run in staging is on record. Next step: {fix}")
    evidence.unverified("no run in staging is on record", fix=fix)


@pytest.mark.infrastructure("deployment_pipeline")
def test_staging_and_production_differ_only_where_allowed(mlready: Project, mlready_evidence: Evidence) -> None:
    """Staging's manifests are those of production but for size, hosts and what is allowed."""
    from pytest_mlready.manifests import compare, reading

    settings = mlready.settings.deploy
    if not settings.manifests or not settings.staging:
        _one_side(mlready, mlready_evidence)
    mlready_evidence.grade("static")
    named = {"production": settings.manifests, "staging": settings.staging}
    paths = {side: mlready.files(patterns, f"the {side} manifest") for side, patterns in named.items()}
    if {*paths["production"]} == {*paths["staging"]}:
        mlready_evidence.inconclusive("deploy.manifests and deploy.staging name the same files: nothing is compared")
    sides = [reading.read(files, root=mlready.root) for files in paths.values()]
    production, staging = (side.documents for side in sides)
    problems = [problem.verdict() for side in sides for problem in side.problems]
    if problems and not (production and staging):
        mlready_evidence.conclude(problems)
    allowed = (*compare.ALLOWED, *mlready.options(ITEM.id)["allowed"])
    found = [
        one
        for one in compare.differences(production, staging, allowed=allowed)
        if one.path or not problems  # what only one side has may stand in what could not be read of the other
    ]
    mlready_evidence.record("differences from production", len(found), max=0, n=len(production))
    mlready_evidence.conclude([_drift([str(one) for one in found]), *problems])


def _drift(differences: Sequence[str]) -> Verdict:
    from pytest_mlready.values import Verdict

    if not differences:
        return Verdict(outcome="passed", message="staging is as production")
    more = [f"and {len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
    step = f'Next step: make both from one template, or name what may differ: {SETTING} allowed = ["…"]'
    return Verdict(outcome="failed", message="\n".join([*differences[:SHOWN], *more, step]))


def _one_side(mlready: Project, evidence: Evidence) -> NoReturn:
    """Manifests of one environment cannot be compared; a project that deploys without any has none to compare."""
    settings = mlready.settings.deploy
    fix = '[tool.mlready.deploy] manifests = ["deploy/production"] and staging = ["deploy/staging"]'
    missing = "staging" if settings.manifests else "production" if settings.staging else ""
    if missing:
        evidence.inconclusive(
            f"no manifests of {missing} are configured, so that nothing is compared. Next step: {fix}"
        )
    found = mlready.discovered.manifests
    if found and (_serves(mlready) or mlready.options(ITEM.id)["record"]):
        evidence.inconclusive(
            f"there are manifests ({found[0]}), and which are of production and staging is not configured. "
            f"Next step: {fix}"
        )
    evidence.unverified("no manifests of production and staging are configured", fix=fix)


@pytest.mark.infrastructure("deployment_pipeline")
def test_smoke_prediction(mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint) -> None:
    """The service answers the good request rightly, now, and with the candidate."""
    from pytest_mlready.serving.deployment import served_model
    from pytest_mlready.values import Verdict

    endpoint = mlready_endpoint.up()
    answer = endpoint.send(endpoint.good)
    if answer.status in (401, 403):
        endpoint.ask()  # a credential that does not work says nothing of the deployment
    wrong = endpoint.wrong_with(answer)
    note = "" if endpoint.plan.expect is not None else "`expect` names no content: any answer of the right form will do"
    mlready_evidence.record("smoke prediction", wrong or "right", note=note)
    verdicts: list[Verdict] = []
    if wrong:
        message = f"the smoke prediction failed: {wrong}. {endpoint.curl(endpoint.good)}"
        verdicts.append(Verdict(outcome="failed", message=message))
    found = served_model.named(endpoint, answer)
    verdicts.append(served_model.judge(found, sha256=mlready.digests.model, version=mlready.settings.version))
    mlready_evidence.conclude(verdicts)


def _serves(mlready: Project) -> bool:
    return bool(mlready.settings.endpoint.start or mlready.settings.endpoint.url)
