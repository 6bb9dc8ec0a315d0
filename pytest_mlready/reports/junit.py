"""Writes what a readiness test measured, and a run's scores, as properties of pytest's JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.tally import TestOutcome

HEADER = '<?xml version="1.0" encoding="utf-8"?>'
MOST = 100  # measurements of one test


def properties(outcome: TestOutcome) -> list[tuple[str, str]]:
    """(name, value) of each property of one test: its items, how it ended, and its measurements with their limits."""
    found = [("mlready.item", item) for item in outcome.items]
    found += [("mlready.outcome", outcome.outcome), ("mlready.grade", outcome.grade)]
    for entry in outcome.evidence[:MOST]:
        found += _measured(entry)
    return found


def _measured(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = clean(f"mlready.evidence.{entry['name']}").replace("\n", " ")
    yield name, _text(entry["value"])
    for key in ("min", "max", "n", "unit"):
        if key in entry:
            yield f"{name}.{key}", _text(entry[key])
    for side, bound in zip(("low", "high"), entry.get("interval") or (), strict=False):
        if bound is not None:
            yield f"{name}.{side}", _text(bound)


def _text(value: object) -> str:
    return clean("" if value is None else f"{value}").replace("\n", " ")


def with_scores(text: str, document: Mapping[str, Any]) -> str:
    """The file that pytest wrote, with the scores and the gate as properties of its test suite.

    pytest has no public way to add them once the last test has run, and none at all under xdist.

    Raises:
        ET.ParseError: It is no XML.
        ValueError: It is no JUnit report.
    """
    root = ET.fromstring(text)  # noqa: S314 - pytest itself wrote it a moment ago
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    if suite is None:
        raise ValueError("it has no testsuite")
    properties = suite.find("properties")
    if properties is None:
        properties = ET.Element("properties")
        suite.insert(0, properties)
    for name, value in _scores(document):
        ET.SubElement(properties, "property", name=name, value=value)
    return HEADER + ET.tostring(root, encoding="unicode")


def _scores(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    gate = document["gate"]
    yield "mlready.gate", "not asked" if not gate["asked"] else "passed" if gate["passed"] else "not passed"
    yield "mlready.whole_run", "true" if document["complete"] and not document["partial"] else "false"
    for rubric, score in document["scores"].items():
        if score is None:
            continue
        yield f"mlready.{rubric}", f"{score.get('fraction', score.get('score')):g}"
        for section, value in score.get("sections", {}).items():
            yield f"mlready.{rubric}.{section}", f"{value:g}"
