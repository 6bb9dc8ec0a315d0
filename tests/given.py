"""Builds facts for the tally, and holds a report against itself: what several test modules share."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import jsonschema

from pytest_mlready.attestations import Judged
from pytest_mlready.reports import json as json_report
from pytest_mlready.tally import Automation, Facts, TestOutcome, Waived

TODAY = dt.date(2026, 11, 23)


def outcome(item: str, ended: str = "passed", **more) -> TestOutcome:
    values = {
        "id": f"tests/test_it.py::test_{item}_{ended}",
        "items": (item,),
        "outcome": ended,
        "message": f"it {ended}",
    }
    return TestOutcome(**{**values, **more})


def facts(*outcomes: TestOutcome, **more) -> Facts:
    more.setdefault("automation", Automation(shown=True, how="this run is in a test"))
    return Facts(outcomes=outcomes, **more)


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


MANUAL = Automation(shown=False, how="a local run")


def signed(item: str, *problems: str) -> Judged:
    return Judged(
        item=item, by="Ada", role="lead", approver="Grace", on=TODAY, expires=TODAY + dt.timedelta(90),
        evidence="docs/it.md", problems=problems, days_left=90,
    )  # fmt: skip


def waiver(item: str, days_left: int = 10) -> Waived:
    return Waived(item=item, owner="platform", reason="later", expires=TODAY, days_left=days_left)


def fully_verified(catalog):
    """What a project has that has everything: code for all, people's words where people decide."""
    words = [signed(i.id) for i in catalog.items.values() if i.decided_by != "code"]
    evidence = tuple(
        {"name": name, "value": True} for r in catalog.rubrics for t in r.tests for name in t.requires.values()
    )
    return facts(*(outcome(i, evidence=evidence) for i in catalog.items), attestations=tuple(words))
