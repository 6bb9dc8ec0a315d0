"""Asks whether the code and configuration that made the artifact were reviewed and committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.history.changes import Branch
    from pytest_mlready.history.forge import Request
    from pytest_mlready.history.git import Repository
    from pytest_mlready.history.training_record import Origin
    from pytest_mlready.project import Project

ITEM = Item(
    id="model_quality.spec_reviewed",
    title="Model specs reviewed and submitted",
    question="Was the code and configuration that produced this artifact reviewed by somebody else and merged?",
    why=(
        "When a model misbehaves, the first question is what exactly was trained. An artifact from a notebook or an "
        "uncommitted working copy has no answer, so it can be neither explained nor rebuilt. Unreviewed changes to a "
        "label definition or a loss are ordinary bugs, but they show up only as a slightly different metric."
    ),
    looks_at=(
        "The commit that `record` (a training record in JSON, YAML or TOML, an exported MLflow run, a model card's "
        "metadata) has at `key`, or that `commit` names, in the git repository that the settings lie in. The record "
        "must hold the artifact's sha256, and `model_sha256` must be it where `commit` is named: or it may be about "
        "another model, and that is inconclusive. Three tests. Submitted: the commit is in the protected branch, of "
        "the remote where there is one. Clean: the record says that nothing was uncommitted, or `code` gives digests "
        "of the files at training and the commit holds the same ones; one that differs fails. Reviewed: for each "
        "file of `spec` (left out: those of `code`), every commit of the change that touched it last has an approval "
        "by somebody who is not its author: a trailer Reviewed-by, Approved-by or Acked-by, a merge by somebody else "
        "(the weaker form, as OpenSSF Scorecard counts it), or an approval in a forge's export (`reviews`) of a "
        "merged request into that branch, at its last commit. People are compared as they write their names; "
        "machines approve nothing. It fails on an approval of one's own work and nothing else, on a request merged "
        "without approval or approved before its last commit, on a file of `spec` that the commit lacks, and, with "
        "`trailers = true`, on a commit that names nobody. Where git names nobody and no export holds the request it "
        "is inconclusive; so are a shallow clone, no repository and no commit on record. Trailers are what people "
        "write, and names are not proved by signatures here. Who reviewed the last change of a file saw that file; "
        "earlier changes are not asked about."
        " What a merge itself changed counts as written by who merged; `approvals_reset` also lets approvals at "
        "earlier commits count."
    ),
    how_to_fix=(
        "Let the training entry point write the commit, the dirty flag and the configuration's digest into the "
        "artifact or its registry entry. Refuse to register a model from a dirty tree. Protect the main branch so that "
        "a merge needs one approval by another person. Keep feature code, model definition and hyperparameters in that "
        "same repository."
    ),
    attestation=(
        "The commit, a link to the review, author and approver by name, and how it is known that this artifact was "
        "trained from that commit and from nothing uncommitted."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Model 1: model specs are reviewed and submitted",
        "SLSA v1.0 (2023), build provenance",
        "OpenSSF Scorecard, Code-Review and Branch-Protection checks",
        "git documentation, git-interpret-trailers",
    ),
    options=(
        Option(name="record", type="string", default=None, doc="Training record, exported MLflow run, or model card."),
        Option(name="key", type="string", default="commit", doc='Where the commit stands in it: "code.commit".'),
        Option(
            name="dirty_key", type="string", default=None,
            doc='Where it says whether something was uncommitted; left out: "dirty" beside the commit or above it.',
        ),
        Option(
            name="code", type="table", default=None,
            doc='Digests of the code at training: path = "sha256", or the key in the record where it stands.',
        ),
        Option(name="commit", type="string", default=None, doc="The commit, where no record has it."),
        Option(name="model_sha256", type="string", default=None, doc="Artifact that `commit` made."),
        Option(
            name="branch", type="string", default=None,
            doc="The protected branch; left out: the remote's default, else main, master or trunk.",
        ),
        Option(
            name="spec", type="strings", default=(),
            doc="Code and configuration of the model, files or folders; left out: the files of `code`.",
        ),
        Option(name="reviews", type="strings", default=(), doc="The forge's export: GitHub's or GitLab's JSON."),
        Option(
            name="trailers", type="boolean", default=False,
            doc="Every review is recorded in git, so that a commit which names nobody was not reviewed.",
        ),
        Option(
            name="approvals_reset", type="string", default=None,
            doc="How the forge takes approvals back when a request changes, in words; where approvals have no time.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.model_quality("spec_reviewed")
def test_the_commit_of_the_artifact_was_merged(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The recorded commit is in the protected branch."""
    from pytest_mlready.history import specification

    found = _origin(mlready, mlready_evidence, request)
    repository, branch = _repository(mlready)
    mlready_evidence.conclude([specification.judge_submitted(repository, found.commit, branch)])


@pytest.mark.model_quality("spec_reviewed")
def test_nothing_uncommitted_went_into_training(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The working tree was clean, or the code had the digests that the commit holds."""
    from pytest_mlready.history import training_record

    found = _origin(mlready, mlready_evidence, request)
    repository, _ = _repository(mlready)
    commit = _known(repository, found, mlready_evidence)
    mlready_evidence.conclude([training_record.judge_clean(found, repository, commit)])


@pytest.mark.model_quality("spec_reviewed")
def test_somebody_else_approved_what_made_the_artifact(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The last change of each file of the specification was approved by others than its authors."""
    from pytest_mlready.errors import Failed
    from pytest_mlready.history import reviews, specification

    options = mlready.options(ITEM.id)
    found = _origin(mlready, mlready_evidence, request)
    repository, branch = _repository(mlready)
    commit = _known(repository, found, mlready_evidence)
    paths = [repository.inside(mlready.path(path)) for path in options["spec"]] or list(found.code)
    if not paths:
        mlready_evidence.inconclusive("which files make the model is not known; name code and configuration in `spec`")
    last, absent = specification.files(repository, commit, paths)
    if absent:
        raise Failed(f"commit {commit[:12]} does not hold {', '.join(absent)}, which makes the model")
    evidence = reviews.Evidence(
        branch=branch.name,
        requests=_requests(mlready),
        trailers=options["trailers"],
        reset=options["approvals_reset"] or "",
    )
    mlready_evidence.conclude([reviews.judge(specification.brought(repository, last, branch), evidence)])


def _origin(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> Origin:
    """What is on record about this artifact: never what is about another one."""
    from pytest_mlready.history import training_record

    options = mlready.options(ITEM.id)
    if options["record"] is None and options["commit"] is None:
        line = f'{SETTING} record = "artifacts/training.json", key = "commit"'
        evidence.unverified("no record of the commit that made the artifact is configured", fix=line)
    evidence.grade("static")
    code: dict[str, str] = {_from_top(mlready, path): str(where) for path, where in (options["code"] or {}).items()}
    if options["commit"] is not None:
        _bound(options["model_sha256"] or "", "model_sha256", mlready, evidence, request)
        return training_record.named(options["commit"], code)
    path = mlready.file(options["record"], "the training record")
    table = _table(path)
    _bound(table, path.name, mlready, evidence, request)
    return training_record.origin(
        table, key=options["key"], dirty_key=options["dirty_key"], code=code, place=path.name
    )  # fmt: skip


def _bound(told: Any, place: str, mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Ends the test where what was told does not name the artifact under test."""
    from pytest_mlready.history import training_record

    sha256 = mlready.digests.model or request.getfixturevalue("mlready_model").sha256
    if sha256 is None:
        evidence.inconclusive("the model has no digest by which a record could be about it")
    if not training_record.names(told, sha256):
        evidence.inconclusive(f"{place} does not name the artifact (sha256 {sha256}): it may be about another one")


def _table(path: Path) -> Any:
    """A record as plain values; of a model card its metadata."""
    from pytest_mlready.documents import bounded, markdown

    if path.suffix.lower() in markdown.SUFFIXES:
        return markdown.read(path, shown=path.name, setting="record").front
    return bounded.read(path, setting="record")


def _from_top(mlready: Project, path: str) -> str:
    """A path of the settings as git names it."""
    from pytest_mlready.history import git

    return git.repository(mlready.root).inside(mlready.path(path))


def _repository(mlready: Project) -> tuple[Repository, Branch]:
    from pytest_mlready.history import changes, git

    repository = git.repository(mlready.root)
    return repository, changes.protected(repository, mlready.options(ITEM.id)["branch"])


def _known(repository: Repository, found: Origin, evidence: Evidence) -> str:
    """The commit in full; where it is not here, another test says so and this one cannot tell."""
    commit = repository.commit(found.commit)
    if commit is None:
        evidence.inconclusive(f"commit {found.commit} is not in this repository")
    return commit


def _requests(mlready: Project) -> tuple[Request, ...]:
    from pytest_mlready.documents import jsonlines
    from pytest_mlready.history import forge

    paths = mlready.files(mlready.options(ITEM.id)["reviews"], "the forge's export")
    values = [record.value for path in paths for record in jsonlines.read(path, setting="reviews")]
    return forge.requests(values, name=", ".join(path.name for path in paths)) if paths else ()
