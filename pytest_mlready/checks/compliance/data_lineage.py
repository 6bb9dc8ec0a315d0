"""Asks whether the served model can be traced back to versioned sources without a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pytest_mlready.documents.lineage.graph import Entity
    from pytest_mlready.documents.lineage.reading import Records
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="compliance.data_lineage",
    title="Data lineage: source → training → serving",
    question="Can the served model be traced back, step by step and without a gap, to the data it learned from?",
    why=(
        "When a source turns out to be wrong, unlawful or poisoned, the question is which models have it inside. "
        "Without lineage the safe answer is all of them. An audit and a request for erasure ask the same from the "
        "other end, and nobody can rebuild the chain from memory a year later."
    ),
    looks_at=(
        "Lineage records that `records` names (OpenLineage run events as JSON lines, exported MLflow runs, dvc.lock, "
        ".dvc files; dvc.lock beside the settings is found by itself), read as one graph. The walk starts from the "
        "SHA-256 (for DVC the MD5) of the candidate, and in a second test of the live model, and goes back over the "
        "runs that wrote and read each digest. It passes when no step is missing, every entity has a version or "
        "digest, every run has a job, an id and a recorded end, and each chain ends at data that `sources` names or "
        "that DVC itself holds as coming from outside. It fails when the records are about another model, on a missing "
        "step, a version that no run wrote, an entity without a version, a run that failed or names no data, a circle, "
        "and when the training file at hand is not the one that the records name. It is inconclusive when a chain ends "
        "at data of which nothing says that they are a source, and when the model has no digest. MLflow keeps no "
        "digest of the model: a tag that ends in model_sha256 says it. OpenLineage has no facet for a digest: one in "
        "any facet, or the version facet, is read. A code version is shown, not judged. What the records say is taken "
        "as said; that a job wrote the truth cannot be seen. A drawing of the flow is no lineage: it names no versions."
    ),
    how_to_fix=(
        "Let each job write what it read and wrote, with digests, when it runs; add nothing by hand afterwards. Store "
        "the run's id in the artifact. Address data by version or snapshot, never by a path that is overwritten. Let "
        "the service report the digest that it loaded. Try the walk in both directions, from the model to its sources "
        "and from one source to all models."
    ),
    attestation=(
        "The chain for this model with versions at each step, how it was put together, which steps are documented by "
        "hand, and known gaps."
    ),
    about_model=True,
    sources=(
        "OpenLineage specification 2-0-2, RunEvent and dataset facets",
        "W3C 2013, PROV-O: The PROV Ontology",
        "DVC documentation, dvc.lock and .dvc files; MLflow documentation, Run and dataset inputs",
        "EU AI Act (Regulation (EU) 2024/1689), Article 10: data and data governance",
    ),
    options=(
        Option(
            name="records", type="strings", default=(),
            doc="Lineage records, files or globs: OpenLineage events, MLflow runs, dvc.lock, .dvc; left out: dvc.lock.",
        ),
        Option(
            name="sources", type="strings", default=(),
            doc="Names or globs of data at which a chain may end, as the records name them or their address.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.compliance("data_lineage")
def test_the_candidate_is_traced_to_versioned_sources(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """From the candidate's digest back to its sources no step and no version is missing."""
    records = _records(mlready, mlready_evidence)
    source = mlready.settings.model.path
    if source is None:
        mlready_evidence.inconclusive("no model is configured whose digest the walk could start from")
    _walk(mlready, mlready_evidence, records, _model(mlready, mlready_evidence, source, request, "mlready_model"))


@pytest.mark.compliance("data_lineage")
def test_the_live_model_is_traced_to_versioned_sources(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The same for the model that is live now."""
    records, model = _records(mlready, mlready_evidence), mlready.settings.model
    if model.first_release is not None:
        mlready_evidence.not_applicable(f"no model is live yet: {model.first_release}")
    if model.production is None:
        mlready_evidence.not_applicable("no live model is configured (production in [tool.mlready.model])")
    live = _model(mlready, mlready_evidence, model.production, request, "mlready_production")
    _walk(mlready, mlready_evidence, records, live)


def _records(mlready: Project, evidence: Evidence) -> Records:
    from pytest_mlready.documents.lineage import reading

    named = mlready.options(ITEM.id)["records"]
    found = mlready.root / "dvc.lock"
    paths = mlready.files(named, "the lineage record") if named else (found,) if found.is_file() else ()
    if not paths:
        line = f'{SETTING} records = ["lineage.ndjson"]'
        evidence.unverified("no lineage records are configured, and there is no dvc.lock", fix=line)
    evidence.grade("static")
    records = reading.read(paths)
    note = f"{records.passed_over} values told of no run" if records.passed_over else ""
    evidence.record("runs on record", len(records.runs), note=note)
    return records


def _model(mlready: Project, evidence: Evidence, source: str, request: pytest.FixtureRequest, fixture: str) -> Entity:
    """Where the walk starts: a file by its content; what a registry holds, as it was fetched."""
    from pytest_mlready.documents.lineage import graph

    path = mlready.path(source)
    if path.is_file():
        return graph.of_file(path, source)
    digests = graph.content(request.getfixturevalue(fixture).sha256)
    if not digests:
        evidence.inconclusive(f"{source} has no digest that the walk could start from")
    return graph.Entity(name=source, digests=digests)


def _walk(mlready: Project, evidence: Evidence, records: Records, model: Entity) -> None:
    from pytest_mlready.documents.lineage import verdicts, walk

    train, sha256 = mlready.settings.data.train, mlready.digests.train
    at_hand = {train: sha256} if train and sha256 else {}
    sources = mlready.options(ITEM.id)["sources"]
    trace = walk.walk(records.runs, model)
    evidence.conclude([verdicts.judge(trace, records.runs, sources=sources, at_hand=at_hand)])
