"""Judges whether the modules that make features are covered by tests, by line and by branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.features.coverage_age import Age
    from pytest_mlready.features.coverage_reports import FileCoverage, Report

FIX = "measure again: pytest --cov=… --cov-branch (or coverage run --branch -m pytest) over these modules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a report says about the declared modules.

    Attributes:
        files: By module.
        unknown: Modules that it does not mention, as messages show them.
    """

    files: Mapping[Path, FileCoverage] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def sources(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The modules in what the settings name: files as they are, folders with every .py file below."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        found |= dict.fromkeys(one for one in inside if "__pycache__" not in one.parts)
    return tuple(found)


def of_modules(report: Report, modules: Sequence[Path], *, root: Path) -> Measured:
    """What a report says about each module.

    A path of another machine counts where it ends as the module's does, the project's folder included. A name alone
    never does: it may be another file of that name.
    """
    files: dict[Path, FileCoverage] = {}
    unknown = []
    for module in modules:
        shown = module.relative_to(root).as_posix() if module.is_relative_to(root) else str(module)
        found = next(_of_module(report, module, root), None)
        if found is not None:
            files[module] = found
        elif module.stat().st_size:  # an empty __init__.py has nothing to measure, and reports leave it out
            unknown.append(shown)
    return Measured(files=files, unknown=tuple(unknown))


def _of_module(report: Report, module: Path, root: Path) -> Iterator[FileCoverage]:
    """Candidates, the surest first."""
    yield from (one for one in report.files if (root / one.path.replace("\\", "/")).resolve() == module)
    if not module.is_relative_to(root):
        return
    tail = (root.name, *module.relative_to(root).parts)
    yield from (one for one in report.files if PurePosixPath(one.path.replace("\\", "/")).parts[-len(tail) :] == tail)


def judge(measured: Measured, report: Report, age: Age, *, line_min: float, branch_min: float) -> Verdict:
    """Whether lines and branches are covered, by a report that is about this code.

    Args:
        measured: What the report says about the declared modules.
        report: The report.
        age: Whether it is about the code as it is.
        line_min: Least share of lines that ran, 0 to 1.
        branch_min: Least share of branches that were taken.
    """
    found = _Sums(measured)
    lines, excluded = found.lines, found.excluded
    least = (line_min, branch_min)
    noted = tuple(_noted(measured, found, report, age, least))
    doubts = list(_doubts(measured, report, age, lines, excluded))
    if doubts:
        return Verdict(outcome="inconclusive", message=f"{'; '.join(doubts)}. Next step: {FIX}", measurements=noted)
    faults = list(_faults(measured, found, least))
    told = f"{found} of the feature code ran ({report.name}; {age.how})"
    if faults:
        return Verdict(outcome="failed", message=f"{'; '.join(faults)}: {told}{_worst(measured)}", measurements=noted)
    return Verdict(outcome="passed", message=told, measurements=noted)


class _Sums:
    """Counts over all modules."""

    def __init__(self, measured: Measured) -> None:
        files = measured.files.values()
        self.lines, self.ran = sum(one.statements for one in files), sum(len(one.executed) for one in files)
        self.branches, self.taken = sum(one.branches for one in files), sum(one.taken for one in files)
        self.excluded = sum(len(one.excluded) for one in files)

    def __str__(self) -> str:
        return f"{self.ran} of {self.lines} lines and {self.taken} of {self.branches} branches"


def _noted(
    measured: Measured, found: _Sums, report: Report, age: Age, least: tuple[float, float]
) -> Iterator[Measurement]:
    line = round(found.ran / found.lines, 4) if found.lines else None
    branch = round(found.taken / found.branches, 4) if found.branches else None
    note = "" if found.branches else "no branches in this code" if report.branches else "not measured"
    yield Measurement(name="line coverage", value=line, min=least[0], n=found.lines)
    yield Measurement(name="branch coverage", value=branch, min=least[1], n=found.branches, note=note)
    yield Measurement(name="lines left out", value=found.excluded if report.lists_excluded else None)
    yield Measurement(name="modules that the report does not mention", value=len(measured.unknown), max=0)
    yield Measurement(name="report", value=report.name, note=age.how)
    for path, one in measured.files.items():
        yield Measurement(name=f"line coverage, {path.name}", value=_share(one), n=one.statements)


def _doubts(measured: Measured, report: Report, age: Age, lines: int, excluded: int) -> Iterator[str]:
    """Why the report cannot tell."""
    if measured.unknown:
        there = ", ".join(sorted(one.path for one in report.files)[:3]) or "no file"
        yield f"{report.name} does not mention {', '.join(measured.unknown[:5])} (it has {there})"
    elif not lines:
        yield f"{report.name} has no line of the feature modules" + (f", {excluded} were left out" if excluded else "")
    elif excluded > lines:
        yield f"more lines of the feature modules were left out of the measuring ({excluded}) than measured ({lines})"
    if not report.branches:
        yield f"{report.name} was made without branches"
    if age.state != "current":
        yield age.how


def _faults(measured: Measured, found: _Sums, least: tuple[float, float]) -> Iterator[str]:
    line_min, branch_min = least
    line, branch = found.ran / found.lines, found.taken / found.branches if found.branches else 1.0
    if line < line_min:
        yield f"line coverage is {100 * line:.1f} %, at least {100 * line_min:g} % are asked for"
    if branch < branch_min:
        yield f"branch coverage is {100 * branch:.1f} %, at least {100 * branch_min:g} % are asked for"
    for path, one in measured.files.items():
        if one.statements and not one.executed:
            yield f"no line of {path.name} ran"


def _share(one: FileCoverage) -> float | None:
    return round(len(one.executed) / one.statements, 4) if one.statements else None


def _worst(measured: Measured) -> str:
    """The lines to write tests for, in the module that lacks most."""
    path, one = max(measured.files.items(), key=lambda pair: len(pair[1].missing))
    if not one.missing:
        return ""
    shown = ", ".join(str(number) for number in sorted(one.missing)[:10])
    return f". Next step: test {path.name}, lines {shown}{' and more' if len(one.missing) > 10 else ''}"
