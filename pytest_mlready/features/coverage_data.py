"""Turns coverage.py's data, of a file or of this very run, into a report, by asking coverage itself."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError, Inconclusive, MissingExtra
from pytest_mlready.features import coverage_reports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.features.coverage_reports import Report

TIME_LIMIT = 120.0  # seconds for coverage to analyse all files of the data
SQLITE = b"SQLite format 3\x00"


def is_data(path: Path) -> bool:
    """Whether a file is coverage.py's own data (SQLite), not a report.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(len(SQLITE)) == SQLITE
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror}") from None


def report(path: Path, *, root: Path) -> Report:
    """What a data file says of the code as it lies here; it has no time of its own.

    coverage reads its configuration in `root` as the team's own runs do, so that the same lines are left out.

    Args:
        path: The data file.
        root: Folder of the project.

    Raises:
        MissingExtra: coverage is not installed.
        Inconclusive: coverage cannot tell, or not in time.
    """
    if find_spec("coverage") is None:
        raise MissingExtra("coverage", "coverage", f"reading {path.name}")
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "coverage.json"
        # -P: a json.py of the project must not stand in for the standard library's.
        words = [sys.executable, "-P", "-m", "coverage", "json", "-q", "-i", "--fail-under=0"]
        told = _run([*words, "--data-file", str(path), "-o", str(target)], root)
        if not target.is_file():
            raise Inconclusive(f"coverage makes no report of {path.name}: {told}", fix=_fix(told))
        return replace(coverage_reports.read(target), name=path.name, time=None)


def _run(words: list[str], root: Path) -> str:
    """The last line that coverage wrote."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    try:
        done = subprocess.run(
            words, cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=TIME_LIMIT, check=False, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Inconclusive(f"coverage did not report within {TIME_LIMIT:g} s") from None
    except OSError as reason:
        raise Inconclusive(f"coverage cannot be run: {reason.strerror}") from None
    return next(iter([*done.stdout.splitlines(), *done.stderr.splitlines()][::-1]), "no reason given")[:300]


def _fix(told: str) -> str:
    if "No source for code" in told or "No data to report" in told:
        return "measure in this folder, or with relative_files = true; or name a JSON report made where the tests ran"
    return "run `coverage json` by hand"


def measuring() -> Any:
    """The coverage object that measures this process (pytest --cov, coverage run), or None."""
    if "coverage" not in sys.modules:  # whatever measures has imported it
        return None
    from coverage import Coverage

    return Coverage.current()


@contextmanager
def copied(measurement: Any) -> Iterator[Path]:
    """A data file with what this run has measured up to now; the measuring goes on undisturbed."""
    from coverage import CoverageData

    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # coverage warns that nothing was measured; a verdict says it better
        path = Path(scratch) / ".coverage"
        copy = CoverageData(basename=str(path))
        copy.update(measurement.get_data())
        copy.write()
        copy.close()
        yield path
