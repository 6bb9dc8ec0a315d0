"""Shared by all tests: building facts for the tally, and running a readiness run three ways."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from pytest_mlready import catalog as catalogs
from pytest_mlready.reports import json as json_report
from pytest_mlready.tally import Automation, Facts, TestOutcome

TODAY = dt.date(2026, 11, 23)
WAYS = {"one process": (), "two workers": ("-n", "2"), "without xdist": ("-p", "no:xdist")}


@pytest.fixture(scope="session")
def catalog():
    return catalogs.load()


def outcome(item: str, ended: str = "passed", **more) -> TestOutcome:
    values = {"id": f"tests/test_it.py::test_{item}_{ended}", "items": (item,), "outcome": ended, "message": f"it {ended}"}
    return TestOutcome(**{**values, **more})


def facts(*outcomes: TestOutcome, **more) -> Facts:
    more.setdefault("automation", Automation(shown=True, how="this run is in a test"))
    return Facts(outcomes=outcomes, **more)


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


def check_report(report: dict, catalog) -> None:
    """Holds a report against its schema, and its own numbers against one another."""
    jsonschema.Draft202012Validator(json_report.schema()).validate(report)
    assert list(report["items"]) == list(catalog.items), "every item exactly once, in the catalogue's order"
    checklist = report["scores"]["checklist"]
    assert (checklist is None) == bool(report["partial"]), "a partial run, and only that, has no score"
    if checklist is not None:
        on_it = {t.id for r in catalog.rubrics if r.id == "checklist" for t in r.tests}
        points = sum(i["points"] for k, i in report["items"].items() if k in on_it and i["status"] != "not_applicable")
        assert checklist["points"] == points
        paper = report["scores"]["ml_test_score"]
        assert paper["score"] == min(paper["sections"].values())
    ids = Counter(t["id"] for i in report["items"].values() for t in {x["id"]: x for x in i["tests"]}.values())
    assert all(n <= 3 for n in ids.values())
    assert not (report["gate"]["passed"] and report["gate"]["shortfalls"])


@pytest.fixture
def readiness(pytester: pytest.Pytester, catalog, monkeypatch):
    """Runs `pytest --mlready` in a project of its own; every report is validated on every call."""
    for variable in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*args: str, way: tuple[str, ...] = (), flag: str = "--mlready") -> Ran:
        target = pytester.path / "out.json"
        target.unlink(missing_ok=True)
        result = pytester.runpytest_subprocess(
            *([flag] if flag else []), f"--mlready-report={target}", "-p", "no:cacheprovider",
            *([] if any("randomly" in a for a in args) else ["-p", "no:randomly"]), *way, *args, timeout=120,
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
