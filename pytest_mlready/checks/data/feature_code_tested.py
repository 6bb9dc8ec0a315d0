"""Asks whether the code that makes features is covered by tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.features.coverage import Measured
    from pytest_mlready.features.coverage_age import Age
    from pytest_mlready.features.coverage_reports import Report
    from pytest_mlready.project import Project

FOUND = (".coverage", "coverage.json", "coverage.xml", "coverage.lcov", "lcov.info")  # what tools write by default
THIS_RUN = "this run"

ITEM = Item(
    id="data.feature_code_tested",
    title="Feature code tested",
    question="Is the code that makes features covered by tests?",
    why=(
        "A bug in a feature is nearly invisible later: the model learns around it, the metric dips a little, and "
        "nothing crashes. When the bug is fixed after training, the repaired feature is new to the model and quality "
        "falls on the day of the fix. A unit test at the time of writing costs minutes."
    ),
    looks_at=(
        "The modules that `modules` names, or the one of `features` under [tool.mlready.entry_points], in a coverage "
        "report: that of this run where pytest-cov or `coverage run` measures it, the file that `report` names, or "
        "one that lies beside the settings (.coverage, coverage.json, coverage.xml, coverage.lcov, lcov.info). "
        "coverage.py's data are read by coverage itself, with the team's own configuration. It passes when, over all "
        "these modules, at least 80 % of the lines ran and 80 % of the branches were taken (a convention of this "
        "project, without authority), no module is left without a line that ran, and the report is about the code as "
        "it is. It fails below. That a report is about this code is known, in this order: it is of this run; the "
        "modules have the digests in `digests`; they are those of the commit that `commit` names; the report was "
        "written after the files were, or after the commit that changed them last, with nothing uncommitted. The "
        "times of files are those of the clone after a clone, so they are only taken where they cannot mislead. Data "
        "files and lcov have no time of their own: it is that of the commit that has them, or else, in a repository, "
        "the file's, which a copy or download makes younger. A stale report, one whose age cannot be told, one "
        "without branches, one that does not mention a module, names lines that hold no code or lacks a function, "
        "and one that leaves out more lines than it measures are inconclusive; so is this run under xdist, or while "
        "tests are still to come. Coverage shows what was executed, not what was asserted: tests with known inputs "
        "and outputs are the stronger evidence, and readiness checks that call feature code in this process count as "
        "well."
    ),
    how_to_fix=(
        "Move feature code from notebooks and SQL strings into functions that take rows and return rows. Test each "
        "with hand-made cases: nulls, zero, the edge of a window, time zones, unseen categories. Run the suite with "
        "branch coverage and keep the data file as an artifact of CI. Add a property test that a feature never looks "
        "past its decision time."
    ),
    attestation=(
        "Which modules make features, the coverage measured and when, which parts are not covered, and which cases the "
        "tests try."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Data 7: all input feature code is tested",
        "Coverage.py documentation, Branch coverage measurement",
        "Ivanković, Petrović, Just, Fraser 2019, Code Coverage at Google, ESEC/FSE",
    ),
    options=(
        Option(
            name="modules", type="strings", default=(),
            doc="Feature code: files, folders or globs; left out: the module of `features` in the entry points.",
        ),
        Option(
            name="report", type="string", default=None,
            doc='Coverage data file or report (JSON, Cobertura XML, lcov), or "this run"; found when left out.',
        ),
        Option(name="line_min", type="fraction", default=0.8, doc="Least share of lines; our own convention."),
        Option(name="branch_min", type="fraction", default=0.8, doc="Least share of branches; likewise."),
        Option(
            name="digests", type="string", default=None,
            doc="File in the form of sha256sum, written where the tests ran: the code that the report is about.",
        ),
        Option(name="commit", type="string", default=None, doc="Commit that the tests ran on."),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.data("feature_code_tested")
def test_feature_code_is_covered(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Lines and branches of the feature modules ran under test, and the report is about the code as it is."""
    from pytest_mlready.features import coverage

    options = mlready.options(ITEM.id)
    modules = _modules(mlready, mlready_evidence)
    mlready_evidence.grade("static")
    report, path = _report(mlready, mlready_evidence, request)
    measured = coverage.of_modules(report, modules, root=mlready.root.resolve())
    age = _age(mlready, measured, report, path, modules)
    limits = {name: options[name] for name in ("line_min", "branch_min")}
    mlready_evidence.conclude([coverage.judge(measured, report, age, **limits)])


def _modules(mlready: Project, evidence: Evidence) -> tuple[Path, ...]:
    """The declared feature code; else the module that makes features by the entry points."""
    from pytest_mlready.features import coverage

    named = mlready.options(ITEM.id)["modules"]
    entry = mlready.settings.entry_points.features
    if named:
        found = coverage.sources(mlready.files(named, "the feature module"))
    elif entry is not None:
        place = entry.partition(":")[0].replace(".", "/")
        beside = [
            mlready.root / f"{place}.py",
            mlready.root / "src" / f"{place}.py",
            mlready.root / place / "__init__.py",
        ]
        found = tuple(path.resolve() for path in beside if path.is_file())[:1]
    else:
        found = ()
        evidence.unverified("no feature code is declared", fix=f'{SETTING} modules = ["features.py"]')
    if not found:
        evidence.inconclusive(f"no Python file was found for {', '.join(named) or entry}; name the files in `modules`")
    return found


def _report(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> tuple[Report, Path | None]:
    """The report, and its file; None for this run."""
    from pytest_mlready.features import coverage_data, coverage_reports

    named = mlready.options(ITEM.id)["report"]
    measurement = coverage_data.measuring() if named in (None, THIS_RUN) else None
    if measurement is not None:
        return _of_this_run(mlready, evidence, request, measurement), None
    if named == THIS_RUN:
        evidence.inconclusive("nothing measures this run; next step: pytest --mlready --cov=… --cov-branch")
    found = [mlready.root / name for name in FOUND if (mlready.root / name).is_file()]
    if named is None and not found:
        line = f"coverage run --branch -m pytest (it writes .coverage, which is found), or {SETTING} report = …"
        evidence.unverified("there is no coverage report of the feature code", fix=line)
    path = found[0] if named is None else mlready.file(named, "the coverage report")
    if coverage_data.is_data(path):
        return coverage_data.report(path, root=mlready.root), path
    return coverage_reports.read(path), path


def _of_this_run(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest, measurement: object) -> Report:
    """What was measured up to now, once every test of the team has run."""
    from dataclasses import replace

    from pytest_mlready.features import coverage_data

    if mlready.alone:
        evidence.inconclusive(
            f"{mlready.alone}: none of them has the coverage of all; run without -n, or name `report`"
        )
    items = request.session.items
    here = items.index(request.node) if request.node in items else len(items)
    later = [item for item in items[here + 1 :] if not item.nodeid.startswith("mlready::")]
    if later:
        evidence.inconclusive(f"{len(later)} tests are still to come ({later[0].nodeid} is the next); name `report`")
    with coverage_data.copied(measurement) as path:
        return replace(coverage_data.report(path, root=mlready.root), name=THIS_RUN)


def _age(mlready: Project, measured: Measured, report: Report, path: Path | None, modules: Sequence[Path]) -> Age:
    """Whether the report is about the code as it is, by the surest of the ways that are open."""
    from pytest_mlready.documents import bounded
    from pytest_mlready.features import coverage_age

    options = mlready.options(ITEM.id)
    if path is None:
        return coverage_age.Age(state="current", how="measured in this run")
    if (misfit := coverage_age.by_lines(measured.files, report)) is not None:
        return misfit
    if options["digests"] is not None:
        sums = mlready.file(options["digests"], "the file of digests")
        text = bounded.text(sums, setting="digests")
        return coverage_age.by_digests(modules, text, name=sums.name)
    return _age_by_git(options["commit"], report, path, modules)


def _age_by_git(commit: str | None, report: Report, path: Path, modules: Sequence[Path]) -> Age:
    from dataclasses import replace

    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.features import coverage_age
    from pytest_mlready.history import git

    if commit is None and report.time is None:
        report = replace(report, time=_moment(path))
    changed: list[str] | None = None
    committed, why = None, ""
    try:
        repository = git.repository(modules[0].parent)
        base = repository.commit(commit or "HEAD")
        changed = None if base is None else repository.changed_since(base, modules)
        committed = repository.changed_last(modules)
        why = "" if base else f"there is no commit {commit}"
    except Inconclusive as reason:
        why = str(reason)
    if commit is not None:
        return coverage_age.by_commit(commit, changed, why)
    clean = None if changed is None else not changed
    return coverage_age.by_times(report.time, modules, committed=committed, clean=clean, why=why)


def _moment(path: Path) -> dt.datetime | None:
    """When a report without a time of its own was written; None where nothing but a file says so.

    A committed one has the time of the clone; outside of a repository it may be that of any copy.
    """
    import datetime as dt

    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.history import git

    try:
        repository = git.repository(path.parent)
        if repository.blob("HEAD", repository.inside(path)) is not None and not repository.changed_since(
            "HEAD", [path]
        ):
            return repository.changed_last([path])
    except Inconclusive:
        return None
    return dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC)
