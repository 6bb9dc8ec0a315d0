"""Asks whether the team hears of a change in data or code that it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import dependency_manifest as manifests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="monitoring.dependency_changes",
    title="Dependency changes result in notification",
    question="Does your team hear of a change in the data or code that it depends on before the model does?",
    why=(
        "A source table gets a new meaning, a library changes a default, a vendor retires an embedding model. None of "
        "it is a commit in your repository, so no review and no CI of yours sees it. Teams learn of it from a drop in "
        "quality and then spend days to find the cause."
    ),
    looks_at=(
        "The manifest (YAML, JSON or TOML; `manifest`, else dependencies.yaml in the project's folder): code, data, "
        "models, images and services, each with an exact version, an owner and the channel where changes are "
        "announced; data and models that lie here with path and sha256, tables perhaps with their columns. It fails "
        "when an entry lacks one of the three or has a placeholder; when a direct requirement of the service (the "
        "files of `requirements`, else requirements.txt or pyproject.toml), a base image of a Dockerfile or the "
        "training data has no entry; and when a version is not the one in the lock file (without one, the one that is "
        "installed here) or the Dockerfile, a digest not the file's, or a column not the table's. What is installed "
        "here in another version than locked is told. What lies elsewhere is listed and held against nothing. Then the "
        "drill: copies with one simulated change each are handed to the team's notifier (`notify`, a command or "
        "module:function, run in the project's folder in a process of its own): a version of code raised in the lock "
        "file's copy (patch, minor, major), or, where the notifier does not take one, in the manifest's copy, which "
        "then differs from what is there; a digest of data, a column, the version of an image in the manifest's copy. "
        "Each must bring a notification, posted to a webhook on loopback that the check opens ({url}, also in "
        "MLREADY_WEBHOOK) or written to {file}, that names the dependency, the old and the new version, and its owner "
        "or channel. Copies in which nothing or only an owner changed must bring none. It passes when all of them do "
        "so, and reports how many were caught, by kind. It fails when a notification is missing, lacks one of these, "
        "or comes for nothing, and when the notifier does not end within limit. A manifest without a notifier or the "
        "reverse, requirements that are not found, and a manifest that agrees with nothing here are inconclusive; "
        "neither of the two is unverified. Whether anybody reads the channel is not seen."
    ),
    how_to_fix=(
        "List every table, stream, API, pretrained model and library, with the owner and the place where changes are "
        "announced. Pin versions and let a bot propose updates. Agree with data owners on notice before a schema or "
        "meaning changes, and register as a consumer. Run a small program every night that compares the list with what "
        "is there, let it post to a channel that on-call reads, and take the address of that from its arguments."
    ),
    attestation=(
        "The list of dependencies with owners and channels, the last notification received or simulated with date, who "
        "read it, and which sources give no notice."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 1: dependency changes result in notification",
        "Sculley et al. 2015, Hidden Technical Debt in Machine Learning Systems",
        "PEP 503 (names), PEP 440 (versions), PEP 751 (lock files)",
    ),
    options=(
        Option(name="manifest", type="string", default=None, doc="The manifest; dependencies.yaml when left out."),
        Option(
            name="requirements", type="strings", default=(),
            doc="Requirement files of the service, or its pyproject.toml; requirements.txt when left out.",
        ),
        Option(
            name="locks", type="strings", default=(),
            doc="Lock or constraint files, the first of which is handed to the notifier; those found when left out.",
        ),
        Option(
            name="dockerfiles", type="strings", default=(),
            doc="Dockerfiles whose base images count; those found when left out.",
        ),
        Option(
            name="notify", type="string", default=None,
            doc='"python watch.py --manifest {manifest} --lock {lock} --webhook {url}", or "module:function" of some '
            "of manifest, lock, url and file.",
        ),
        Option(
            name="env", type="table", default={},
            doc='Variables for the notifier: { SLACK_WEBHOOK_URL = "{url}" }.',
        ),
        Option(name="limit", type="duration", default=60.0, doc="Time for one call of the notifier."),
        Option(
            name="settle", type="duration", default=1.0,
            doc="Time that a notification may take to arrive once the notifier has ended.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
NOTIFY = f'{SETTING} notify = "python watch.py --manifest {{manifest}} --webhook {{url}}"'
WRITE = (
    'write dependencies.yaml (code: [{ name: scikit-learn, version: "1.9.1", owner: "@team", channel: "…" }], '
    "data: […]), or name it: manifest = …"
)


@pytest.mark.monitoring("dependency_changes")
def test_the_manifest_names_what_is_there(mlready: Project, mlready_evidence: Evidence) -> None:
    """Every direct dependency has an entry with owner, channel and the version that is really there."""
    from pytest_mlready.history import dependencies_verdicts

    options = mlready.options(ITEM.id)
    path = _manifest(mlready, mlready_evidence, options)
    mlready_evidence.grade("static")
    listed = manifests.entries(path)
    asked, beside = manifests.required(mlready, options)
    found = manifests.found(mlready, options, listed, asked, manifests.locks(mlready, options, beside))
    verdicts = dependencies_verdicts.judge(listed, asked, found)
    told = dependencies_verdicts.elsewhere(listed, found)
    mlready_evidence.conclude(verdicts if told is None else [*verdicts, told])


@pytest.mark.monitoring("dependency_changes")
def test_simulated_changes_are_notified(mlready: Project, mlready_evidence: Evidence) -> None:
    """Each simulated change brings a notification that names it and its owner; no change brings none."""
    from pytest_mlready.history import dependencies_bumps, dependencies_drill, dependencies_verdicts

    options = mlready.options(ITEM.id)
    path = _manifest(mlready, mlready_evidence, options)
    if options["notify"] is None:
        mlready_evidence.inconclusive(
            f"no notifier is named to which changes could be handed, and a list alone is no notice. Next step: {NOTIFY}"
        )
    mlready_evidence.grade("live")
    listed = manifests.entries(path)
    asked, beside = manifests.required(mlready, options)
    locked = manifests.locks(mlready, options, beside)
    found = manifests.found(mlready, options, listed, asked, locked)
    if dependencies_verdicts.agrees(listed, found).outcome == "failed":
        mlready_evidence.inconclusive(
            "the manifest does not agree with what is there, so that silence on no change cannot be told"
        )
    sources = manifests.sources(path, options["notify"], locked, mlready)
    planned = dependencies_bumps.plan(listed, sources, found)
    outcomes = []
    for trial in planned.trials:
        mlready.progress(f"dependencies: {trial.kind}")
        outcomes.append(manifests.tried(mlready, options, trial, (path.name, sources.lock_name)))
    mlready.progress("")
    mlready_evidence.conclude(dependencies_drill.judge(outcomes, planned.left))


def _manifest(mlready: Project, evidence: Evidence, options: Mapping[str, Any]) -> Path:
    path = manifests.manifest(mlready, options)
    if path is None and options["notify"]:
        evidence.inconclusive(f"a notifier is named, and no manifest of dependencies is there. Next step: {WRITE}")
    if path is None:
        evidence.unverified("no manifest of dependencies is named, and none was found", fix=WRITE)
    return path
