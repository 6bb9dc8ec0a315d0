"""Asks whether a current diagram shows the model and everything it depends on."""

from __future__ import annotations

import fnmatch
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_mlready.documents.diagrams.naming import Dependency
    from pytest_mlready.documents.diagrams.reading import Drawing
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Verdict

ITEM = Item(
    id="documentation.architecture_diagram",
    title="Architecture diagram updated for the new model",
    question="Does a current diagram show this model and everything that it depends on?",
    why=(
        "In an incident, in a security review and on somebody's first day, the diagram decides whether the right "
        "question is asked. One that still shows the last model and lacks the new feature store sends people to the "
        "wrong place. Pictures without a source are never updated."
    ),
    looks_at=(
        "The text source of the diagram: Mermaid, PlantUML, Structurizr DSL, drawio (compressed pages too), or Mermaid "
        "and PlantUML between the fences of a Markdown file; those that `diagrams` names, or that are found. What "
        "stands in comments, notes and styles is not drawn. Names: it must name the model (system, or `model`) and "
        "every dependency: workloads, services and compose services of the manifests, hosts in environment variables "
        "and ConfigMaps, and what `dependencies` lists, such as the sources, features and registry of the lineage. "
        "Case, hyphens and blanks do not matter; `aliases` says what the diagram calls something else, `ignored` what "
        "it leaves out on purpose. It must draw at least one relation. Currency: a diagram that states a version of "
        "the system must state the candidate's; otherwise git decides: older than the commit that introduced the "
        "model's artifact fails, younger than the artifact's last change passes, and in between it is inconclusive, as "
        "without git or in a shallow clone. Where neither manifests nor `dependencies` name anything, completeness is "
        "inconclusive. An image alone cannot be read: it is inconclusive and needs an attestation with its digest."
    ),
    how_to_fix=(
        "Redraw the picture as text and keep it beside the code. Show sources, features, training, registry, serving, "
        "monitoring and who calls whom, with the names that manifests use. Draw the boundaries of trust and where "
        "personal data flow. Ask for it in the review of each change that adds a dependency."
    ),
    attestation=(
        "The file with its sha256, the model version and date that it shows, who compared it with what is deployed, "
        "and what it leaves out on purpose."
    ),
    about_model=True,
    sources=(
        "ISO/IEC/IEEE 42010:2022, Architecture description",
        "Brown, The C4 model for visualising software architecture",
    ),
    options=(
        Option(name="diagrams", type="strings", default=(), doc="Diagrams, files or globs; those found otherwise."),
        Option(name="model", type="string", default=None, doc="What the diagram calls the model; system otherwise."),
        Option(
            name="dependencies", type="strings", default=(),
            doc="What the system depends on besides what manifests name: sources, features, registry.",
        ),
        Option(
            name="aliases", type="table", default={},
            doc='What the diagram calls a dependency: { "db.example.org" = "ledger" }.',
        ),
        Option(
            name="ignored", type="strings", default=(),
            doc='Dependencies that the diagram leaves out on purpose, as globs: "otel-*".',
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.documentation("architecture_diagram")
def test_the_diagram_names_the_model_and_its_dependencies(mlready: Project, mlready_evidence: Evidence) -> None:
    """The model and everything that manifests and lineage name are drawn."""
    from pytest_mlready.documents.diagrams import naming

    drawings = [drawing for drawing, _ in _readable(mlready, mlready_evidence)]
    options = mlready.options(ITEM.id)
    dependencies, undecided = _dependencies(mlready)
    mlready_evidence.grade("static")
    verdicts = naming.judge(
        drawings, model=_model(mlready), dependencies=dependencies, aliases=options["aliases"]
    )  # fmt: skip
    mlready_evidence.conclude([*verdicts, *undecided])


@pytest.mark.documentation("architecture_diagram")
def test_the_diagram_is_of_this_model(mlready: Project, mlready_evidence: Evidence) -> None:
    """The diagram was changed since the model was introduced, or states that it shows it."""
    from pytest_mlready.documents import history
    from pytest_mlready.documents.diagrams import currency

    readable = _readable(mlready, mlready_evidence)
    artifact = mlready.settings.model.path
    path = None if artifact is None else mlready.path(artifact)
    mlready_evidence.grade("static")
    verdict = currency.judge(
        [drawing for drawing, _ in readable],
        system=next(iter(_model(mlready)), ""),
        version=mlready.settings.version,
        diagram=[history.of(file) for _, file in readable],
        model=history.of(path) if path is not None and path.exists() else None,
    )
    mlready_evidence.conclude([verdict])


def _readable(mlready: Project, evidence: Evidence) -> list[tuple[Drawing, Path]]:
    """The diagrams that could be read; ends the test where there are none."""
    from pytest_mlready.documents.diagrams import reading

    named = mlready.options(ITEM.id)["diagrams"]
    paths = mlready.files(named, "the diagram") if named else [mlready.root / p for p in mlready.discovered.diagrams]
    if not paths:
        evidence.unverified("no architecture diagram was found", fix=f'{SETTING} diagrams = ["docs/architecture.mmd"]')
    found = [(reading.read(path, shown=_shown(mlready, path)), path) for path in paths]
    problems = [f"{drawing.path}: {drawing.problem}" for drawing, _ in found if drawing.problem]
    if problems:
        evidence.inconclusive("\n".join(problems))
    texts = [(drawing, path) for drawing, path in found if drawing.kind != "image"]
    if not texts:
        evidence.inconclusive(
            f"{found[0][0].path} is an image, which cannot be read. Next step: keep its source as Mermaid, PlantUML, "
            "Structurizr or drawio, or attest it with the image's sha256"
        )
    return texts


def _shown(mlready: Project, path: Path) -> str:
    inside = path.is_relative_to(mlready.root)
    return path.relative_to(mlready.root).as_posix() if inside else path.as_posix()


def _model(mlready: Project) -> tuple[str, ...]:
    """What the diagram may call the model."""
    settings = mlready.settings
    named = mlready.options(ITEM.id)["model"] or settings.system
    if named:
        return (named,)
    stem = PurePath(settings.model.path or "").name.partition(".")[0]
    return (stem,) if stem and stem not in ("model", "pipeline") else ()


def _dependencies(mlready: Project) -> tuple[list[Dependency], list[Verdict]]:
    """What must be drawn, and what stands against knowing all of it."""
    from pytest_mlready.documents.diagrams.naming import Dependency
    from pytest_mlready.errors import Unverified
    from pytest_mlready.manifests import dependencies, reading
    from pytest_mlready.subjects import manifests
    from pytest_mlready.values import Verdict

    options = mlready.options(ITEM.id)
    found = dict.fromkeys(options["dependencies"], f"{SETTING} dependencies")
    try:
        read = reading.read(manifests(mlready), root=mlready.root)
    except Unverified:
        read = reading.read((), root=mlready.root)
    own = (*_model(mlready), *((mlready.settings.deploy.workload,) if mlready.settings.deploy.workload else ()))
    found = {**dependencies.of(read, own=own), **found}
    kept = {n: w for n, w in found.items() if not any(fnmatch.fnmatchcase(n, one) for one in options["ignored"])}
    undecided = [problem.verdict() for problem in read.problems]
    if not kept:
        told = (
            "neither manifests nor settings name anything that the system depends on, so that nothing can be missing "
            f'from the diagram. Next step: {SETTING} dependencies = ["…"]'
        )
        undecided.append(Verdict(outcome="inconclusive", message=told))
    return [Dependency(name=name, source=where) for name, where in kept.items()], undecided
