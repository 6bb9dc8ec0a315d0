"""Writes GitHub's workflow commands, which become annotations at a file and a line of the pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import clean
from pytest_mlready.reports.findings import Finding, findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST = 10  # of each kind: GitHub shows no more of one step
LONGEST = 4000  # characters of one message


def commands(document: Mapping[str, Any]) -> list[str]:
    """One line each: the gate's verdict, then what it requires, then the rest.

    At most ten errors and ten warnings, none twice; what is waived is neither.
    """
    found = sorted((f for f in findings(document) if not f.waiver), key=lambda f: not f.required)
    errors = [*_verdict(document), *(_command("error", f) for f in found if f.outcome != "inconclusive")]
    warnings = [_command("warning", f) for f in found if f.outcome == "inconclusive"]
    return [line for lines in (errors, warnings) for line in list(dict.fromkeys(lines))[:MOST]]


def _verdict(document: Mapping[str, Any]) -> Iterator[str]:
    gate = document["gate"]
    if gate["asked"] and not gate["passed"]:
        yield f"::error title=Readiness gate not passed::{_data(chr(10).join(gate['shortfalls']))}"


def _command(kind: str, finding: Finding) -> str:
    title = f"{finding.title} ({finding.item})"
    place = f"file={_property(finding.path)},line={finding.line}"
    return f"::{kind} {place},title={_property(title)}::{_data(finding.message)}"


def _data(text: str) -> str:
    """A message, escaped as GitHub's toolkit does: a line feed would end the command, and what follows be another."""
    return clean(text)[:LONGEST].replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
