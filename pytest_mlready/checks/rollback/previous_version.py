"""Asks whether the previous model is kept and would serve again within minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.artifacts.previous import Previous
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.serving.rollback.golden import Golden
    from pytest_mlready.values import Verdict

ITEM = Item(
    id="rollback.previous_version",
    title="Previous version retained and deployable in minutes",
    question="Is the previous model still there, and could it serve again within minutes?",
    why=(
        "Rollback is the one remedy that needs no diagnosis, as long as the old model still exists and loads. A "
        "registry that cleans up, a library that was upgraded since, or a feature that was removed upstream makes it "
        "useless, and this comes out in the middle of the incident."
    ),
    looks_at=(
        "The version that `previous` names, or the production model of [tool.mlready.model]: a file, or a version in "
        "an MLflow registry. Five steps, timed together: it is fetched; its sha256 is compared with `digest`, the "
        "registry's tag sha256 or a checksum file beside it; it is loaded here, scanned first; the configured service "
        "is started with it, in a process of its own (through {model} in the start command, or the variables of "
        "`with_previous`); and the golden predictions, a file of requests with the answers recorded at its release, "
        "are repeated through that service, or by the loaded model where no service is configured. It passes when "
        "every step succeeds and all of it takes at most limit. It fails when the version is not the one that was "
        "released, is the candidate itself, does not load, does not come up in the service, or answers otherwise; and "
        "when it takes too long. Nothing that says which bytes it must have, no golden predictions, or a service that "
        "cannot be started here, is inconclusive; so is too long a time beside other running tests (xdist). A first "
        "release has none and is not applicable, with its reason. That the version was live and that clients can "
        "still be answered by it, no test can tell beyond the golden requests."
    ),
    how_to_fix=(
        "Keep at least the last two released versions, with their environment and feature definitions, safe from "
        "automatic clean-up. At each release store about a hundred inputs with their outputs as golden predictions. "
        "Load the previous model in the new serving image as part of CI. Where a feature was removed, keep it until "
        "the version that needs it can no longer return."
    ),
    attestation=(
        "Which previous version is kept and where, its digest, when it was last loaded in the present serving stack, "
        "golden predictions compared, and the time that it took."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 7: serving models can be rolled back",
        "AWS Builders' Library, Ensuring rollback safety during deployments",
    ),
    options=(
        Option(
            name="previous", type="string", default=None,
            doc='The version to return to: a file, "models:/income@previous" or "models:/income/3"; left out: the '
            "production model.",
        ),
        Option(name="digest", type="string", default=None, doc="SHA-256 that it must have."),
        Option(
            name="golden", type="string", default=None,
            doc='Its golden predictions: {"cases": [{"request": {…}, "answer": {…}}], "model": {"sha256": "…"}}.',
        ),
        Option(
            name="with_previous", type="table", default={},
            doc="Environment variables with which the service takes it; {previous}, {version} and {sha256} are filled "
            "in.",
        ),
        Option(
            name="limit", type="duration", default=300.0,
            doc="For fetching, loading, starting and answering together; minutes are what a rollback has.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.rollback("previous_version")
def test_previous_version_would_serve_again(mlready: Project, mlready_evidence: Evidence) -> None:
    """The previous version is there, is the one released, and answers as it did, within minutes."""
    import tempfile
    import time
    from pathlib import Path

    options = mlready.options(ITEM.id)
    source = _source(mlready, mlready_evidence, options["previous"])
    golden = _golden(mlready, options["golden"])
    mlready_evidence.grade("live" if _serves(mlready) else "replayed")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        verdicts = _steps(mlready, source, golden, Path(folder))
    mlready.progress("")
    mlready_evidence.conclude([*verdicts, _in_time(time.monotonic() - began, options["limit"], mlready.alone)])


def _source(mlready: Project, evidence: Evidence, named: str | None) -> str:
    model = mlready.settings.model
    if named is None and model.first_release is not None:
        evidence.not_applicable(f"there is no earlier version: {model.first_release}")
    source = named or model.production
    if source is None:
        evidence.unverified("no previous version is configured", fix=f'{SETTING} previous = "models:/NAME@previous"')
    return source


def _golden(mlready: Project, named: str | None) -> Golden | None:
    from pytest_mlready.serving.rollback import golden

    return None if named is None else golden.read(mlready.path(named), named)


def _serves(mlready: Project) -> bool:
    return bool(mlready.settings.endpoint.start or mlready.settings.endpoint.url)


def _steps(mlready: Project, source: str, golden: Golden | None, folder: Path) -> list[Verdict]:
    """Fetched, compared, loaded, served; a version with the wrong bytes is not loaded any more."""
    from pytest_mlready.artifacts import models
    from pytest_mlready.artifacts import previous as artifacts
    from pytest_mlready.errors import ModelError
    from pytest_mlready.values import Verdict

    mlready.progress(f"previous version: fetching {source}")
    try:
        previous = artifacts.fetch(source, folder, root=mlready.root)
        verdicts = artifacts.judge_bytes(
            previous, root=mlready.root, digest=mlready.options(ITEM.id)["digest"], candidate=mlready.digests.model
        )
        if any(verdict.outcome == "failed" for verdict in verdicts):
            return verdicts
        model = models.load(
            str(previous.path),
            root=mlready.root,
            frame=mlready.settings.model.frame,
            trust=mlready.settings.model.trust,
            trusted_types=mlready.settings.model.trusted_types,
        )
    except ModelError as error:  # the item asks whether it is there and loads: that it does not is the finding
        return [Verdict(outcome="failed", message=f"the previous version is of no use: {error}")]
    return [*verdicts, *_answers(mlready, previous, golden, model)]


def _answers(mlready: Project, previous: Previous, golden: Golden | None, model: Any) -> list[Verdict]:
    from pytest_mlready.artifacts import previous as artifacts
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.values import Verdict

    verdicts = [] if golden is not None else [_no_golden()]
    if golden is not None and golden.sha256 not in (None, previous.sha256):
        told = f"the golden predictions are of another model: sha256 {golden.sha256}, this one is {previous.sha256}"
        return [Verdict(outcome="inconclusive", message=told)]
    if not _serves(mlready):
        cases = golden.cases if golden else ()
        return verdicts + [artifacts.judge_answers(model, case.request, case.answer) for case in cases]
    try:
        return [*verdicts, _served(mlready, previous, golden)]
    except Inconclusive as undecided:
        return [*verdicts, Verdict(outcome="inconclusive", message=str(undecided))]


def _no_golden() -> Verdict:
    from pytest_mlready.values import Verdict

    told = "no golden predictions are configured, so that it is not known whether it answers as it did"
    return Verdict(
        outcome="inconclusive", message=f'{told}. Next step: {SETTING} golden = "releases/1.9.0/golden.json"'
    )


def _served(mlready: Project, previous: Previous, golden: Golden | None) -> Verdict:
    from pytest_mlready.serving.rollback import standby, standing

    version = previous.version or (golden.version if golden else None) or "previous"
    values = {"previous": str(previous.path), "version": version, "sha256": previous.sha256}
    side = standing.Side(title="the previous version", sha256=previous.sha256, golden=golden)
    return standby.judge(
        mlready.plan,
        side,
        model=str(previous.path),
        with_previous=standby.environment(mlready.options(ITEM.id)["with_previous"], values),
        progress=mlready.progress,
    )


def _in_time(seconds: float, limit: float, beside: str) -> Verdict:
    from pytest_mlready.values import Measurement, Verdict

    measured = (Measurement(name="until it answers", value=round(seconds, 1), max=limit, unit="s"),)
    if seconds <= limit:
        return Verdict(outcome="passed", message=f"all of it took {seconds:.0f} s", measurements=measured)
    told = f"all of it took {seconds:.0f} s, expected at most {limit:g} s"
    if beside:
        return Verdict(outcome="inconclusive", message=f"{told}, but {beside}", measurements=measured)
    return Verdict(outcome="failed", message=told, measurements=measured)
