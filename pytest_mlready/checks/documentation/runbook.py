"""Asks whether whoever is called at night finds what to do for each alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.documents.markdown import Document
    from pytest_mlready.documents.runbooks.alerts import Alert
    from pytest_mlready.documents.runbooks.targets import Known
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="documentation.runbook",
    title="Runbook: failure modes and remediation",
    question="Does whoever is called at night find, for each alert and failure mode, what to look at and what to do?",
    why=(
        "The person on call is often not the one who built the model, and a model fails in ways that service engineers "
        "have not met: drift, a stale feature, a NaN, a bad release that answers quickly. Without written steps the "
        "first half hour goes into searching for the author. Links in alerts that lead nowhere cost the trust that is "
        "left."
    ),
    looks_at=(
        "Markdown runbooks that `runbooks` names or that are found by their name, held against the alert rules (those "
        "that `rules` names, or that are found: Prometheus rules, PrometheusRule objects, Grafana's provisioned rules) "
        "and against `failure_modes`. Alerts: each has a runbook link (annotation runbook_url and its like), which "
        "leads to a file of the project and, where it has a fragment, to the heading that has this anchor, as GitHub "
        "makes it or as it is written; there, steps: a numbered or task list, commands, or a list of two things to do. "
        "A URL of a forge or a documentation site counts as the file that it shows. A missing link, a renamed heading, "
        "a section without steps fail; a URL that leads elsewhere is inconclusive, since nothing is fetched. Failure "
        "modes: each has a section whose heading has its words, with steps. Commands: files, make targets, Kubernetes "
        "objects and compose services that commands name must be there; what cannot be known (variables, other "
        "programs, objects of kinds that no manifest has) is recorded and not judged. Review: a date of review in the "
        "runbook must be at most `max_age` old; a runbook without one leaves the review to the attestation, which "
        "holds for 180 days. A runbook with neither alerts nor failure modes to hold it against is inconclusive. "
        "Content by code earns half, and a person's review that the steps were tried the other half."
    ),
    how_to_fix=(
        "List failure modes with the team: no data, wrong data, drift, slow, wrong, down, too expensive. For each, "
        "write signs, first check, mitigation such as rollback or fallback, and whom to call. Link each alert to its "
        "section. Let somebody from outside walk through one scenario each quarter, and repair what made them stop."
    ),
    attestation=(
        "Who reviewed it and when, which scenarios were walked through by whom, what was changed after it, and failure "
        "modes that are not covered yet."
    ),
    decided_by="both",
    sources=(
        "Beyer et al. 2016, Site Reliability Engineering, Being On-Call",
        "Beyer et al. 2018, The Site Reliability Workbook, On-Call",
        "Prometheus documentation, Alerting rules (annotations)",
    ),
    options=(
        Option(
            name="runbooks", type="strings", default=(),
            doc="Markdown files or globs; those found by their name otherwise.",
        ),
        Option(name="rules", type="strings", default=(), doc="Alert rules, files or globs; those found otherwise."),
        Option(
            name="failure_modes", type="strings", default=(),
            doc='Failure modes, in words that their headings have: ["Model not loaded", "Prediction drift"].',
        ),
        Option(
            name="max_age", type="duration", default=180 * 86_400.0,
            doc="Time since the last review; 180 days, as for every attested document here.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
DAY = 86_400.0
LINE = f'{SETTING} runbooks = ["docs/runbook.md"]'


@pytest.mark.documentation("runbook")
def test_every_alert_leads_to_steps(mlready: Project, mlready_evidence: Evidence) -> None:
    """The runbook link of each alert leads to a section that says what to do."""
    from pytest_mlready.documents.runbooks import links

    runbooks, alerts = _runbooks(mlready), _alerts(mlready)
    if not alerts:
        _no_alerts(mlready, mlready_evidence, runbooks)
    mlready_evidence.grade("static")
    rules = [(mlready.root / alert.file).parent for alert in alerts]
    places = links.Places(
        root=mlready.root,
        folders=tuple(dict.fromkeys([*_roots(mlready), *rules])),
        open=lambda path: runbooks.get(path) or _read(mlready, path),
        runbooks=runbooks,
    )
    mlready_evidence.conclude(links.judge(alerts, places))


def _no_alerts(mlready: Project, evidence: Evidence, runbooks: Mapping[Path, Document]) -> None:
    line = f'{SETTING} rules = ["monitoring/rules.yaml"]'
    if runbooks and not mlready.options(ITEM.id)["failure_modes"]:
        evidence.inconclusive(
            "a runbook is there, and neither alerts nor failure modes to hold it against. Next step: "
            f'{line} and failure_modes = ["Model not loaded", …]'
        )
    evidence.unverified("no alert rules were found", fix=line)


@pytest.mark.documentation("runbook")
def test_every_failure_mode_has_steps(mlready: Project, mlready_evidence: Evidence) -> None:
    """Each failure mode that the team declared has a section that says what to do."""
    from pytest_mlready.documents.runbooks import steps

    modes, runbooks = mlready.options(ITEM.id)["failure_modes"], _runbooks(mlready)
    if not modes:
        mlready_evidence.unverified(
            "no failure modes are declared",
            fix=f'{SETTING} failure_modes = ["Model not loaded", "Prediction drift", …]',
        )
    if not runbooks:
        mlready_evidence.inconclusive(
            f"{len(modes)} failure modes are declared, and no runbook was found. Next step: {LINE}"
        )
    mlready_evidence.grade("static")
    verdicts = steps.judge_modes(list(runbooks.values()), modes)
    good = sum(v.outcome == "passed" for v in verdicts)
    mlready_evidence.record("failure modes with steps", good, min=len(modes), n=len(modes))
    mlready_evidence.conclude(verdicts)


@pytest.mark.documentation("runbook")
def test_what_commands_name_is_there(mlready: Project, mlready_evidence: Evidence) -> None:
    """Files, make targets, Kubernetes objects and compose services that the commands name exist."""
    from pytest_mlready.documents.runbooks import commands, targets

    runbooks = _runbooks(mlready)
    if not runbooks:
        mlready_evidence.unverified("no runbook was found", fix=LINE)
    found = [commands.names(document) for document in runbooks.values()]
    named = [name for names, _ in found for name in names]
    unknown = [command for _, more in found for command in more]
    mlready_evidence.grade("static")
    if not named:
        mlready_evidence.unverified(f"{len(unknown)} commands were found, and nothing in them that could be looked up")
    known = _known(mlready, list(runbooks))
    mlready_evidence.conclude([targets.judge(named, known, unknown=len(unknown))])


@pytest.mark.documentation("runbook")
def test_the_review_is_recent(mlready: Project, mlready_evidence: Evidence) -> None:
    """The runbook was reviewed lately, where it says when."""
    from pytest_mlready.documents.runbooks import review

    runbooks = _runbooks(mlready)
    if not runbooks:
        mlready_evidence.unverified("no runbook was found", fix=LINE)
    days = mlready.options(ITEM.id)["max_age"] / DAY
    verdicts = [review.judge(document, today=mlready.today, max_days=days) for document in runbooks.values()]
    if not any(verdicts):
        mlready_evidence.unverified(
            "no runbook says when it was reviewed; the attestation of a review does",
            fix="write into its metadata: last_reviewed: 2026-11-24",
        )
    mlready_evidence.grade("static")
    mlready_evidence.conclude([verdict for verdict in verdicts if verdict])


def _runbooks(mlready: Project) -> dict[Path, Document]:
    """The runbooks by path: those that the settings name, else those that were found."""
    named = mlready.options(ITEM.id)["runbooks"]
    paths = mlready.files(named, "the runbook") if named else [mlready.root / p for p in mlready.discovered.runbooks]
    return {path: _read(mlready, path) for path in paths}


def _read(mlready: Project, path: Path) -> Document:
    from pytest_mlready.documents import markdown

    return markdown.read(path, shown=_shown(mlready, path), setting="runbooks")


def _shown(mlready: Project, path: Path) -> str:
    inside = path.is_relative_to(mlready.root)
    return path.relative_to(mlready.root).as_posix() if inside else path.as_posix()


def _alerts(mlready: Project) -> list[Alert]:
    from pytest_mlready.documents.runbooks import alerts

    named = mlready.options(ITEM.id)["rules"]
    paths = mlready.files(named, "the rules") if named else [mlready.root / path for path in mlready.discovered.rules]
    return [alert for path in paths for alert in alerts.read(path, shown=_shown(mlready, path))]


def _roots(mlready: Project) -> list[Path]:
    """The project's folder, and the top of its repository."""
    from pathlib import Path

    from pytest_mlready import provenance

    top = provenance.git(mlready.root, "rev-parse", "--show-toplevel")
    return [mlready.root, *([Path(top)] if top else [])]


def _known(mlready: Project, runbooks: list[Path]) -> Known:
    """What there is of files, Kubernetes objects and compose services."""
    from pytest_mlready.documents.runbooks.targets import Known
    from pytest_mlready.errors import Unverified
    from pytest_mlready.manifests import compose, reading
    from pytest_mlready.subjects import manifests

    try:
        read = reading.read(manifests(mlready), root=mlready.root)
    except Unverified:
        read = reading.read((), root=mlready.root)
    whole = not read.problems  # what could not be read may hold the name
    resources: dict[str, set[str]] = {}
    for document in read.kubernetes if whole else ():
        resources.setdefault(document.kind, set()).add(document.name)
    composed = compose.read(read.compose)
    services = frozenset(service.name for service in composed.services)
    return Known(
        folders=(*_roots(mlready), *(path.parent for path in runbooks)),
        resources={kind: frozenset(names) for kind, names in resources.items()},
        services=services if read.compose and whole and not composed.problems else None,
    )
