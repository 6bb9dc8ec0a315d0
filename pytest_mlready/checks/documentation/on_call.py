"""Asks whether somebody is on call for the model, without gaps, and was briefed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="documentation.on_call",
    title="On-call team identified and briefed",
    question="Is somebody on call for this model now and for the coming two weeks, and do they know it?",
    why=(
        "An alert without a reader is a log line. Ownership of models is easily lost: the data scientist moved on, the "
        "platform team thinks it only hosts. A rotation that has the service but was never told about the model will "
        "restart it, which cures no wrong prediction."
    ),
    looks_at=(
        "Exports of the schedule that `schedule` names, or files such as docs/on-call.ics: iCalendar with single "
        "events and daily or weekly rules (INTERVAL, BYDAY, COUNT, UNTIL, exceptions, moved occurrences), PagerDuty's "
        "oncalls and schedules, Opsgenie's timeline, Grafana OnCall's final shifts. The escalation level is what the "
        "event, rotation, calendar or file is named after (primary, secondary, level 2, backup), else the place of the "
        "file in the list. It passes when each of `levels` levels has somebody from now on for `days` days without a "
        "gap of more than a minute, and the second another person than the first at each moment. It fails on a gap, "
        "on nobody or a placeholder, on a single level, and where one person stands for both. An export that ends too "
        "early, and rules or forms that are not understood, are inconclusive. Owners: CODEOWNERS where a forge finds "
        "it, in the project or its repository, must give the model and the settings an owner who is no placeholder "
        "(`owner` names whom); Backstage's catalog-info.yaml will do instead. A schedule without an owner fails, an "
        "owner without a schedule is inconclusive. This by code earns half; that the team was briefed is a person's "
        "statement and earns the other half."
    ),
    how_to_fix=(
        "Name one owning team in the repository and in the catalogue. Put the model's alerts on that team's rotation, "
        "with a second level. Brief them: what the model decides, how it fails, where the runbook and the rollback "
        "are. Let them do one drill before launch. Export the schedule in CI each week."
    ),
    attestation=(
        "Who was briefed, by whom and when, on which model version and what, who could not attend, and the escalation "
        "path."
    ),
    decided_by="both",
    sources=(
        "Beyer et al. 2016, Site Reliability Engineering, Being On-Call",
        "Beyer et al. 2018, The Site Reliability Workbook, On-Call",
        "GitHub documentation, About code owners",
        "RFC 5545, Internet Calendaring and Scheduling (iCalendar)",
    ),
    options=(
        Option(
            name="schedule", type="strings", default=(),
            doc="Exports of the schedule; where they name no level, the first is level 1, the next level 2.",
        ),
        Option(name="days", type="number", default=14, doc="Days from now on; two weeks, as most rotations turn."),
        Option(
            name="levels", type="integer", default=2,
            doc="Escalation levels; a second, since whoever is called first may be under the shower.",
        ),
        Option(name="owner", type="string", default=None, doc='Owner who must be named: "@acme/income".'),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
LINE = f'{SETTING} schedule = ["docs/on-call.ics"]'
FOLDERS = (".", "docs", "ops", "oncall", "on-call", "monitoring", ".pagerduty")
PATTERNS = ("*on-call*.ics", "*oncall*.ics", "*on_call*.ics", "*on-call*.json", "*oncall*.json", "*on_call*.json")


@pytest.mark.documentation("on_call")
def test_somebody_is_on_call(mlready: Project, mlready_evidence: Evidence) -> None:
    """Each level has somebody, now and for two weeks, without a gap."""
    import datetime as dt

    from pytest_mlready.documents.oncall import exports, shifts

    paths, options = _schedules(mlready), mlready.options(ITEM.id)
    if not paths:
        if _owners(mlready):
            mlready_evidence.inconclusive(f"there is an owner, and no schedule says who is on call. Next step: {LINE}")
        mlready_evidence.unverified("no export of an on-call schedule was found", fix=LINE)
    now = _now(mlready.today)
    mlready_evidence.grade("static")
    names = [_shown(mlready, path) for path in paths]
    schedule = exports.read(paths, names, since=now, before=now + dt.timedelta(days=options["days"]))
    mlready_evidence.record("schedule", ", ".join(names))
    mlready_evidence.conclude(shifts.judge(schedule, now=now, days=options["days"], levels=options["levels"]))


@pytest.mark.documentation("on_call")
def test_the_project_has_an_owner(mlready: Project, mlready_evidence: Evidence) -> None:
    """CODEOWNERS, or the catalogue, says who owns the model."""
    from pytest_mlready.documents import bounded
    from pytest_mlready.documents.oncall import codeowners

    expected = mlready.options(ITEM.id)["owner"]
    found = codeowners.find(_roots(mlready))
    mlready_evidence.grade("static")
    if found is not None:
        path, base = found
        lines = codeowners.parse(bounded.text(path, setting="CODEOWNERS"))
        verdict = codeowners.judge(lines, _owned(mlready, base), shown=_shown(mlready, path), expected=expected)
        mlready_evidence.conclude([verdict])
    else:
        _catalogued(mlready, mlready_evidence, expected)


def _catalogued(mlready: Project, evidence: Evidence, expected: str | None) -> None:
    """The owner in Backstage's catalogue, where there is no CODEOWNERS."""
    from pytest_mlready.documents.oncall import codeowners
    from pytest_mlready.values import Verdict

    files = [folder / name for folder in _roots(mlready) for name in codeowners.CATALOGUE if (folder / name).is_file()]
    named = codeowners.catalogued(files[0]) if files else None
    line = "write .github/CODEOWNERS with the line: * @your-org/your-team"
    if named is None:
        if expected or _schedules(mlready):
            told = f"nobody owns the project: there is no CODEOWNERS where a forge looks for it. Next step: {line}"
            evidence.conclude([Verdict(outcome="failed", message=told)])
        evidence.unverified("there is no CODEOWNERS where a forge looks for it", fix=line)
    evidence.record("owner", named[1], note=_shown(mlready, files[0]))
    if expected and named[1].casefold().lstrip("@") != expected.casefold().lstrip("@"):
        told = f"{_shown(mlready, files[0])}: {named[0]} belongs to {named[1]}; expected {expected}"
        evidence.conclude([Verdict(outcome="failed", message=told)])


def _schedules(mlready: Project) -> list[Path]:
    """The exports that the settings name, else those that lie where people put them."""
    named = mlready.options(ITEM.id)["schedule"]
    if named:
        return list(mlready.files(named, "the schedule"))
    found = (
        path for folder in FOLDERS for pattern in PATTERNS for path in sorted((mlready.root / folder).glob(pattern))
    )
    return list(dict.fromkeys(path.resolve() for path in found))


def _owners(mlready: Project) -> bool:
    from pytest_mlready.documents.oncall import codeowners

    roots = _roots(mlready)
    return codeowners.find(roots) is not None or any(
        (r / name).is_file() for r in roots for name in codeowners.CATALOGUE
    )


def _owned(mlready: Project, base: Path) -> list[str]:
    """What must have an owner, from the folder that patterns start from: the model's artifact and the settings."""
    model, settings = mlready.settings.model.path, mlready.settings_path
    paths = [mlready.path(model)] if model and mlready.path(model).exists() else []
    paths += [settings.resolve()] if settings else []
    base = base.resolve()
    inside = [path.relative_to(base).as_posix() for path in paths if path.is_relative_to(base)]
    return inside or [mlready.root.resolve().relative_to(base).as_posix()]


def _roots(mlready: Project) -> list[Path]:
    """The project's folder, and the top of its repository."""
    from pathlib import Path

    from pytest_mlready import provenance

    top = provenance.git(mlready.root, "rev-parse", "--show-toplevel")
    return list(dict.fromkeys([mlready.root.resolve(), *([Path(top).resolve()] if top else [])]))


def _shown(mlready: Project, path: Path) -> str:
    root, full = mlready.root.resolve(), path.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else path.as_posix()


def _now(today: dt.date) -> dt.datetime:
    """Now; under --mlready-at noon of that day."""
    import datetime as dt

    now = dt.datetime.now(tz=dt.UTC)
    return now if today == now.date() else dt.datetime.combine(today, dt.time(12), tzinfo=dt.UTC)
