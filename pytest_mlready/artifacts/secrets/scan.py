"""Scans artifacts for credentials, and keeps count of what could not be looked into."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_mlready.artifacts.contents.found import Gap
from pytest_mlready.artifacts.secrets import detectors, suspects
from pytest_mlready.artifacts.secrets.baseline import Baseline
from pytest_mlready.artifacts.secrets.finding import Finding
from pytest_mlready.artifacts.unpack import CannotOpenError
from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_mlready.artifacts.contents.artifact import Artifact
    from pytest_mlready.artifacts.contents.found import At, Piece
    from pytest_mlready.artifacts.secrets.detectors import Detectors, Hit
    from pytest_mlready.artifacts.secrets.suspects import Suspect

_LINES, _CHARACTERS = 1000, 1 << 16  # that are read at once, between two looks at the clock
_MOST_FINDINGS = 1000
_OF_TESTS = frozenset(("test", "tests", "testing", "test_data", "testdata", "doc", "docs", "examples", "samples"))


@dataclass(slots=True, kw_only=True)
class Report:
    """What a scan of one artifact gave.

    Attributes:
        name: The artifact.
        findings: Credentials that no audited baseline accepts.
        accepted: Number of those that one does.
        gaps: What could not be looked into.
        files: Files that were looked into, members of archives too.
        characters: Text in them.
        outside: Members whose name or link leads out of their archive; nothing was written under them.
        images: Saved images with layers that it holds, as far as they say so themselves.
    """

    name: str
    findings: list[Finding] = field(default_factory=list)
    accepted: int = 0
    gaps: list[str] = field(default_factory=list)
    files: int = 0
    characters: int = 0
    outside: int = 0
    images: int = 0


def merged(reports: Sequence[Report], name: str) -> Report:
    """One report over several artifacts."""
    return Report(
        name=name,
        findings=[finding for report in reports for finding in report.findings],
        accepted=sum(report.accepted for report in reports),
        gaps=[gap for report in reports for gap in report.gaps],
        files=sum(report.files for report in reports),
        characters=sum(report.characters for report in reports),
        outside=sum(report.outside for report in reports),
        images=sum(report.images for report in reports),
    )


def scan(
    artifacts: Iterable[Artifact], *, baseline: Baseline | None = None, progress: Callable[[str], None] = lambda _: None
) -> list[Report]:
    """Scans artifacts one after another.

    Whatever goes wrong inside one is a gap of its report, named by the kind of error alone: messages and tracebacks
    of parsers quote what they were reading.

    Args:
        artifacts: What to scan.
        baseline: Audited findings.
        progress: Told what is going on.

    Raises:
        ReadinessError: detect-secrets does not work as it should.
    """
    reports: list[Report] = []
    refused = ""
    with detectors.ready() as ready:
        for artifact in artifacts:
            progress(f"secrets: {artifact.name}")
            try:
                reports.append(_Scan(artifact, ready, baseline or Baseline()).run())
            except ReadinessError as reason:
                refused = str(reason)
                break
    progress("")
    if refused:  # raised here, where no local holds a text: pytest --showlocals prints the locals of a traceback
        raise ReadinessError(refused)
    return reports


@dataclass(slots=True)
class _Batch:
    """Lines that wait to be read, of one way of quoting."""

    config: bool
    lines: list[Suspect] = field(default_factory=list)
    places: list[Piece] = field(default_factory=list)
    size: int = 0


class _Scan:
    """The scan of one artifact."""

    def __init__(self, artifact: Artifact, ready: Detectors, baseline: Baseline) -> None:
        self._artifact, self._ready, self._baseline = artifact, ready, baseline
        self._report = Report(name=artifact.name)
        self._batches = {config: _Batch(config) for config in (False, True)}
        self._found: dict[tuple[str, int, str], Finding] = {}

    def run(self) -> Report:
        try:
            self._walk()
        except ReadinessError:
            raise
        except CannotOpenError as reason:
            self._report.gaps.append(f"{self._artifact.name}: {reason}")
        except Exception as reason:  # noqa: BLE001 - see `scan`
            self._report.gaps.append(f"{self._artifact.name}: the scan ended early ({type(reason).__name__})")
        walk = self._artifact.walk
        if len(self._found) >= _MOST_FINDINGS:
            self._report.gaps.append(f"{self._artifact.name}: there are more than {_MOST_FINDINGS:,} findings")
        for finding in self._found.values():
            self._sort(replace(finding, fate=self._artifact.fate(finding.at)))
        self._report.files, self._report.characters, self._report.outside = walk.files, walk.budget.text, walk.outside
        self._report.images = sum(bool(image.layers) for image in self._artifact.images.values())
        return self._report

    def _walk(self) -> None:
        for one in self._artifact.found():
            if isinstance(one, Gap):
                self._report.gaps.append(str(one))
                continue
            for suspect in suspects.pick(one):
                self._wait(one, suspect)
        for batch in self._batches.values():
            self._read(batch)

    def _wait(self, piece: Piece, suspect: Suspect) -> None:
        batch = self._batches[piece.config]
        batch.lines.append(suspect)
        batch.places.append(piece)
        batch.size += len(suspect.text)
        if len(batch.lines) >= _LINES or batch.size >= _CHARACTERS:
            self._read(batch)

    def _read(self, batch: _Batch) -> None:
        lines, batch.lines = batch.lines, []
        places, batch.places = batch.places, []
        batch.size = 0
        self._artifact.walk.budget.tick()
        for hit in self._ready.read(lines, config=batch.config) if lines else ():
            piece, line = places[hit.index], lines[hit.index].line
            excused = (piece.formats_only and hit.by_name) or _is_published(piece.at, hit)
            if not excused and len(self._found) < _MOST_FINDINGS:
                self._found[piece.at.where, line, hit.sha256] = Finding(
                    at=piece.at, line=line, kind=hit.kind, length=hit.length, sha1=hit.sha1, sha256=hit.sha256[:8]
                )

    def _sort(self, finding: Finding) -> None:
        if self._baseline.accepts(finding):
            self._report.accepted += 1
        else:
            self._report.findings.append(finding)


def _is_published(at: At, hit: Hit) -> bool:
    """Whether it belongs to a package's own tests or documentation, where keys and tokens are made up."""
    folders = at.name.lower().replace("\\", "/").split("/")
    shown = hit.kind == "JSON Web Token" or not _OF_TESTS.isdisjoint(folders)
    return at.packaged and shown
