"""Reads reports of line and branch coverage: coverage.py's JSON, Cobertura XML and lcov."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from pytest_mlready.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 100_000_000
EXPECTED = "coverage.py's data file or JSON report, Cobertura XML (coverage xml), or lcov (coverage lcov)"
_BRANCHES = re.compile(r"\((\d+)/(\d+)\)")
_MILLISECONDS = 1e11  # a time in seconds is smaller until the year 5138


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCoverage:
    """What a report says about one file.

    Attributes:
        path: As in the report; where it names folders of sources, absolute.
        executed, missing: Lines with statements that ran, and that did not.
        excluded: Lines that the measuring was told to leave out; empty where the form does not say.
        branches: Ways out of lines that branch.
        taken: Those of them that were taken.
    """

    path: str
    executed: frozenset[int] = frozenset()
    missing: frozenset[int] = frozenset()
    excluded: frozenset[int] = frozenset()
    branches: int = 0
    taken: int = 0

    @property
    def statements(self) -> int:
        return len(self.executed) + len(self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A coverage report.

    Attributes:
        name: For messages.
        files: What it says about each file.
        branches: Whether branches were measured at all.
        time: When it was written, by its own word; None where the form does not say.
        lists_excluded: Whether its form tells which lines were left out.
    """

    name: str
    files: tuple[FileCoverage, ...] = field(repr=False)
    branches: bool
    time: dt.datetime | None = None
    lists_excluded: bool = False


def read(path: Path) -> Report:
    """The report in a file; its content tells the form.

    Raises:
        DataError: it cannot be read, is too large, or of no known form.
    """
    text = _text(path)
    start = text.lstrip()[:2000]
    try:
        if start.startswith("{"):
            return _json(json.loads(text), path.name)
        if start.startswith("<"):
            return _cobertura(_parsed(text), path.name)
        if re.search(r"^SF:", start, re.MULTILINE):
            return _lcov(text.splitlines(), path.name)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ET.ParseError) as reason:
        told = " ".join(str(reason).split())[:160] or type(reason).__name__
        raise DataError(f"{path.name} is no coverage report that can be read: {told}", expected=EXPECTED) from None
    raise DataError(f"{path.name} is no coverage report of a known form", expected=EXPECTED)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror}") from None
    if len(data) > MAX_BYTES:
        raise DataError(f"{path.name} has more than {MAX_BYTES:,} bytes", fix="report the feature modules alone")
    return data.decode("utf-8-sig", errors="replace")


def _json(table: Any, name: str) -> Report:
    """coverage.py's own JSON: `coverage json`."""
    if not isinstance(table, Mapping) or not isinstance(table.get("files"), Mapping) or "meta" not in table:
        raise DataError(f"{name} is no coverage report: it has no `meta` and `files`", expected=EXPECTED)
    meta = table["meta"]
    return Report(
        name=name,
        files=tuple(_of_json(path, one) for path, one in table["files"].items()),
        branches=meta.get("branch_coverage") is True,
        time=_local(meta.get("timestamp")),
        lists_excluded=True,
    )


def _of_json(path: str, one: Mapping[str, Any]) -> FileCoverage:
    summary = one["summary"]
    return FileCoverage(
        path=path,
        executed=_lines(one["executed_lines"]),
        missing=_lines(one["missing_lines"]),
        excluded=_lines(one.get("excluded_lines", ())),
        branches=int(summary.get("num_branches", 0)),
        taken=int(summary.get("covered_branches", 0)),
    )


def _lines(numbers: Sequence[Any]) -> frozenset[int]:
    return frozenset(int(number) for number in numbers)


def _local(text: Any) -> dt.datetime | None:
    """coverage.py writes the local time without its zone: taken as this machine's."""
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _parsed(text: str) -> ET.Element:
    """XML without entities, which are how a small file becomes a large one."""
    if "<!ENTITY" in text:
        raise ValueError("it declares entities")
    return ET.fromstring(text)  # noqa: S314 - entities were refused above, and the size is bounded


def _cobertura(root: ET.Element, name: str) -> Report:
    if root.tag != "coverage":
        raise ValueError(f"<{root.tag[:40]}> where Cobertura has <coverage>")
    sources = [text.strip() for one in root.iter("source") if (text := one.text) and text.strip()]
    measured = int(root.get("branches-valid") or 0) > 0 or float(root.get("branch-rate") or 0) > 0
    files = [_of_cobertura(one, sources) for one in root.iter("class")]
    return Report(name=name, files=tuple(files), branches=measured, time=_since_epoch(root.get("timestamp")))


def _of_cobertura(one: ET.Element, sources: Sequence[str]) -> FileCoverage:
    lines = [(int(line.get("number", "")), line) for line in one.iterfind("lines/line")]
    conditions = [_BRANCHES.search(line.get("condition-coverage", "")) for _, line in lines]
    found = [(int(match[1]), int(match[2])) for match in conditions if match]
    filename = one.get("filename", "")
    there = [source for source in sources if (Path(source) / filename).is_file()]
    within = there[0] if len(there) == 1 else sources[0] if len(sources) == 1 else ""
    return FileCoverage(
        path=f"{within.rstrip('/')}/{filename}" if within and filename[:1] != "/" else filename,
        executed=frozenset(number for number, line in lines if int(line.get("hits", "0")) > 0),
        missing=frozenset(number for number, line in lines if int(line.get("hits", "0")) == 0),
        branches=sum(valid for _, valid in found),
        taken=sum(covered for covered, _ in found),
    )


def _since_epoch(text: str | None) -> dt.datetime | None:
    """Cobertura counts in seconds, coverage.py in milliseconds."""
    try:
        number = float(text or "")
        return dt.datetime.fromtimestamp(number / (1000 if number > _MILLISECONDS else 1), tz=dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _lcov(lines: Sequence[str], name: str) -> Report:
    """Records of lcov's tracefile; one file may stand in several, of which any may have run a line."""
    hits: dict[str, Counter[int]] = {}
    branches: dict[str, dict[str, bool]] = {}
    path, measured = "", False
    for line in lines:
        key, _, value = line.strip().partition(":")
        if key == "SF":
            path = value
            hits.setdefault(path, Counter())
        elif key == "DA":
            number, count, *_ = value.split(",")
            hits[path][int(number)] += int(count)
        elif key == "BRDA":
            place, _, taken = value.rpartition(",")
            known = branches.setdefault(path, {})
            known[place] = known.get(place, False) or taken not in ("-", "0")
        measured = measured or key in ("BRDA", "BRF")
    return Report(
        name=name, files=tuple(_of_lcov(p, h, branches.get(p, {})) for p, h in hits.items()), branches=measured
    )


def _of_lcov(path: str, hits: Counter[int], branches: Mapping[str, bool]) -> FileCoverage:
    return FileCoverage(
        path=path,
        executed=frozenset(number for number, count in hits.items() if count > 0),
        missing=frozenset(number for number, count in hits.items() if count <= 0),
        branches=len(branches),
        taken=sum(branches.values()),
    )
