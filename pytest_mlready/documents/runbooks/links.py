"""Follows the runbook links of alerts to the sections that they mean."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pytest_mlready.documents.runbooks import steps
from pytest_mlready.errors import Inconclusive, near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.documents.markdown import Document
    from pytest_mlready.documents.runbooks.alerts import Alert

TEXTS = (".md", ".markdown", ".mdx", ".mkd")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\$\{?\w+\}?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where runbooks may lie.

    Attributes:
        root: The project.
        folders: Folders that relative links may start from: the project, that of its repository, and that of the rules.
        open: Reads a Markdown file.
        runbooks: Those that the settings name or that were found, by path.
    """

    root: Path
    folders: Sequence[Path]
    open: Callable[[Path], Document]
    runbooks: Mapping[Path, Document]


def judge(alerts: Sequence[Alert], places: Places) -> list[Verdict]:
    """Whether the link of every alert leads to a section with steps."""
    verdicts = [_alert(alert, places) for alert in alerts]
    good = sum(v.outcome == "passed" for v in verdicts)
    measured = Measurement(
        name="alerts whose runbook link leads to steps", value=good, min=len(alerts), n=len(alerts)
    )  # fmt: skip
    told = f"{good} of {len(alerts)} alerts lead to steps"
    return [Verdict(outcome="passed", message=told, measurements=(measured,)), *verdicts]


def _alert(alert: Alert, places: Places) -> Verdict:
    link = alert.runbook
    if not link:
        told = f"{alert.place} has no runbook link. Next step: annotations: {{ runbook_url: docs/runbook.md#… }}"
        return Verdict(outcome="failed", message=told)
    if _TEMPLATE.search(link):
        return _undecided(alert, f"not understood: the link {link} is filled in at run time")
    outside = "://" in link
    path, _, fragment = link.partition("#")
    file = _published(_path(path), fragment, places) if outside else _local(path, places)
    if file is None and outside:
        return _undecided(alert, f"{link} leads out of this project, and nothing is fetched")
    if file is None:
        beside = [p.relative_to(places.root).as_posix() for p in places.runbooks if p.is_relative_to(places.root)]
        return Verdict(outcome="failed", message=f"{alert.place}: {path or link} is not there{near(path, beside)}")
    try:
        document = places.open(file)
    except Inconclusive as reason:
        return _undecided(alert, reason.found)
    return _section(alert, link, document, unquote(fragment))


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:  # what is no URL at all
        return ""


def _undecided(alert: Alert, why: str) -> Verdict:
    step = "Next step: keep the runbook in the repository, or mark a test of yours that opens the link"
    return Verdict(outcome="inconclusive", message=f"{alert.place}: {why}. {step}")


def _local(path: str, places: Places) -> Path | None:
    """The file of a relative link; of a bare fragment, the only runbook."""
    if not path:
        return next(iter(places.runbooks)) if len(places.runbooks) == 1 else None
    plain = unquote(path).lstrip("/")
    found = (folder / plain for folder in places.folders)
    return next((one for one in found if os.path.isfile(one)), None)  # noqa: PTH113 - no OSError of a long name


def _published(path: str, fragment: str, places: Places) -> Path | None:
    """The file of this project that a URL shows: at a forge by its path, on a site by its name.

    On a site a page's name alone says little, so that its fragment must be one of the file's as well, or the page
    must be one of the runbooks.
    """
    parts = [unquote(part) for part in path.split("/") if part]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if tail.lower().endswith(TEXTS):
            for folder in places.folders:
                if os.path.isfile(folder / tail):  # noqa: PTH113 - as above, of a long name
                    return folder / tail
    name = parts[-1].lower().removesuffix(".html") if parts else ""
    return next((file for file in places.runbooks if fragment and file.stem.lower() == name), None)


def _section(alert: Alert, link: str, document: Document, fragment: str) -> Verdict:
    if not fragment:
        if steps.has_steps(document.sections):
            return Verdict(outcome="passed", message=f"{alert.place}: {document.path}")
        return Verdict(outcome="failed", message=f"{alert.place}: {document.path}, to which {link} leads, has no steps")
    section = document.anchored(fragment)
    if section is None:
        anchors = [anchor for s in document.sections for anchor in s.anchors]
        told = f"{alert.place}: {document.path} has no heading for #{fragment}{near(fragment, anchors)}"
        return Verdict(outcome="failed", message=told)
    where = f"{document.path}:{section.line}, “{section.title}”"
    if steps.has_steps(document.below(section)):
        return Verdict(outcome="passed", message=f"{alert.place}: {where}")
    told = f"{alert.place}: {where} has no steps: a numbered list, or commands"
    return Verdict(outcome="failed", message=told)
