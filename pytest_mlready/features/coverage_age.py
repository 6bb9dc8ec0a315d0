"""Tells whether a coverage report is about the code as it is now: by content where that can be known, else by times.

A fresh clone gives every file the time of the clone, and a download gives a report the time of the download. So a
file's time counts in one direction only: code cannot be younger than its file says, a report cannot be older.
"""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.features.coverage_reports import FileCoverage, Report

MAX_SOURCE = 5_000_000  # bytes of a module that is parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """Whether a report is about the code as it is, and how that is known."""

    state: Literal["current", "stale", "unknown"]
    how: str


def by_lines(measured: Mapping[Path, FileCoverage], report: Report) -> Age | None:
    """Stale where a report cannot be about this code: it names lines that hold none, or lacks a function or class.

    None where nothing speaks against it, which shows nothing yet.
    """
    for path, found in measured.items():
        if path.suffix == ".py" and (fault := _misfit(path, found, complete=report.lists_excluded)):
            return Age(state="stale", how=f"{report.name} was made from another version of {path.name}: {fault}")
    return None


def _misfit(path: Path, found: FileCoverage, *, complete: bool) -> str:
    source = _source(path)
    lines = source.splitlines()
    for number in sorted(found.executed | found.missing):
        text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        if not text or text.startswith("#"):
            return f"it has a statement in line {number}, where there is none"
    known = found.executed | found.missing | found.excluded
    missed = [f"{name} in line {line}" for name, line, all_lines in _definitions(source) if not known & all_lines]
    return f"it does not know {missed[0]}" if complete and missed else ""


def _source(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_SOURCE).decode("utf-8-sig", errors="replace")
    except OSError as reason:
        raise DataError(f"the feature module {path} cannot be read: {reason.strerror}") from None


def _definitions(source: str) -> list[tuple[str, int, set[int]]]:
    """Functions and classes: name, line, and all lines of their heads, decorators included."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return [(n.name, n.lineno, {n.lineno, *(d.lineno for d in n.decorator_list)}) for n in nodes]


def by_digests(modules: Sequence[Path], sums: str, *, name: str) -> Age:
    """Holds the modules against digests that were written where the tests ran.

    Args:
        modules: The code as it is.
        sums: Text in the form of sha256sum: digest, blanks, path.
        name: Of that file, for messages.
    """
    stated = {
        words[1].lstrip("*"): words[0].lower() for line in sums.splitlines() if len(words := line.split(None, 1)) == 2
    }
    for module in modules:
        known = {digest for path, digest in stated.items() if _ends(module, path)}
        if not known:
            return Age(state="unknown", how=f"{name} has no digest of {module.name}")
        if not known & _sha256(module):
            return Age(
                state="stale", how=f"{module.name} is not the file that was measured (sha256 differs from {name})"
            )
    return Age(state="current", how=f"the code has the digests in {name}")


def _ends(module: Path, path: str) -> bool:
    parts = [part for part in path.strip().replace("\\", "/").split("/") if part not in ("", ".")]
    return bool(parts) and list(module.parts[-len(parts) :]) == parts


def _sha256(path: Path) -> set[str]:
    """Of the file as it is, and with its lines ended as on the other systems."""
    content = path.read_bytes()
    plain = content.replace(b"\r\n", b"\n")
    return {hashlib.sha256(one).hexdigest() for one in (content, plain, plain.replace(b"\n", b"\r\n"))}


def by_commit(commit: str, changed: Sequence[str] | None, why: str = "") -> Age:
    """Holds the code against the commit that the tests ran on.

    Args:
        commit: That commit.
        changed: Modules that differ from it now; None where git cannot tell.
        why: Why it cannot.
    """
    if changed is None:
        return Age(state="unknown", how=f"whether the code is still that of commit {commit[:12]} is not known: {why}")
    if changed:
        return Age(
            state="stale", how=f"{', '.join(changed[:5])} changed since commit {commit[:12]}, where it was measured"
        )
    return Age(state="current", how=f"the code is that of commit {commit[:12]}, where it was measured")


def by_times(
    measured: dt.datetime | None,
    modules: Sequence[Path],
    *,
    committed: dt.datetime | None,
    clean: bool | None,
    why: str = "",
) -> Age:
    """Holds the time of a report against those of the code.

    Args:
        measured: When the report was written; None where that is not known.
        modules: The code as it is.
        committed: When a commit changed it last; None where git cannot tell.
        clean: Whether it is as committed; None where git cannot tell.
        why: Why it cannot.
    """
    if measured is None:
        told = "the report has no time of its own, and no repository tells more; state `digests` or `commit`"
        return Age(state="unknown", how=told)
    written = dt.datetime.fromtimestamp(max(module.stat().st_mtime for module in modules), tz=dt.UTC)
    if written <= measured:
        return Age(state="current", how=f"written {_shown(measured)}, the code is of {_shown(written)} at the latest")
    if clean is False:
        return Age(
            state="stale", how=f"written {_shown(measured)}; the code was changed {_shown(written)}, uncommitted"
        )
    if clean is None or committed is None:
        reason = f"the files of the code bear the time {_shown(written)}, which may be that of a copy ({why})"
        return Age(state="unknown", how=f"written {_shown(measured)}; {reason}")
    if committed <= measured:
        return Age(state="current", how=f"written {_shown(measured)}, the code was committed {_shown(committed)}")
    return Age(state="stale", how=f"written {_shown(measured)}, before the code was committed ({_shown(committed)})")


def _shown(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
