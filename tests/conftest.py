"""Shared by all tests: building facts for the tally, and running a readiness run three ways."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from given import check_report

from pytest_mlready import catalog as catalogs
from pytest_mlready.errors import Ending

# Plugins that the extras bring and nothing here uses: loading them takes longer than most runs.
ABSENT = [part for name in ("schemathesis", "locust", "typeguard", "faker", "anyio") for part in ("-p", f"no:{name}")]
WAYS = {"one process": (), "two workers": ("-n", "2"), "without xdist": ("-p", "no:xdist")}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call):
    """A check that a test runs and that cannot tell would end the test as skipped: expected to pass, it did not."""
    raised = call.excinfo.value if call.excinfo is not None else None  # before pytest takes it for a skip
    report = yield
    if isinstance(raised, Ending):
        report.outcome, report.longrepr = "failed", f"{type(raised).__name__}: {raised}"
    return report


@pytest.fixture(scope="session")
def catalog():
    return catalogs.load()


class Ran:
    """A finished readiness run: what pytest printed, its exit status, and the validated report."""

    def __init__(self, result: pytest.RunResult, report: dict | None) -> None:
        self.result, self.report = result, report
        self.text = result.stdout.str()
        self.errors = result.stderr.str()

    def item(self, item_id: str) -> dict:
        return self.report["items"][item_id]

    def status(self, item_id: str) -> str:
        return self.item(item_id)["status"]


@pytest.fixture
def readiness(pytester: pytest.Pytester, catalog, monkeypatch):
    """Runs `pytest --mlready` in a project of its own; every report is validated on every call."""
    services = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "CIRCLECI", "BUILDKITE")
    for variable in (*services, "GITHUB_STEP_SUMMARY", "MLREADY_SIGNING_KEY_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*args: str, way: tuple[str, ...] = (), flag: str = "--mlready") -> Ran:
        target = pytester.path / "out.json"
        target.unlink(missing_ok=True)
        result = pytester.runpytest_subprocess(
            *([flag] if flag else []), f"--mlready-report={target}", "-p", "no:cacheprovider",
            *ABSENT, *([] if any("randomly" in a for a in args) else ["-p", "no:randomly"]), *way, *args, timeout=120,
        )  # fmt: skip
        report = json.loads(Path(target).read_text()) if target.exists() else None
        if report is not None:
            check_report(report, catalog)
        return Ran(result, report)

    return run


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def three_ways(request, readiness):
    """`readiness`, once in one process, once under `-n 2`, once with xdist away."""

    def run(*args: str, **more) -> Ran:
        return readiness(*args, way=request.param, **more)

    run.way = request.param
    return run
