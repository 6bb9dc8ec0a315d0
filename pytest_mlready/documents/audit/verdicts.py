"""Judges a deployment log: protected against change, complete, approved by others, and without a gap."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import TYPE_CHECKING

from pytest_mlready.documents.audit import entries
from pytest_mlready.people import same_person
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.documents.audit.entries import Entry
    from pytest_mlready.documents.audit.log import Log

_LONGEST = 20  # findings that a message lists
_LINK = re.compile(r"[a-z][a-z0-9+.-]+:(?://|/)", re.IGNORECASE)


def judge_protection(log: Log, *, head: str | None = None, append_only: str = "") -> Verdict:
    """Says whether a later change of the log would show.

    Args:
        log: The log.
        head: Digest of its last line, kept elsewhere; already held against it.
        append_only: How the store that it was exported from prevents change, in the team's words.
    """
    anchor = "the last digest was kept elsewhere and is the same" if head else "no digest of its end was kept elsewhere"
    how = (
        "git"
        if log.place.startswith("git")
        else f"chained lines; {anchor}"
        if log.chained
        else append_only or "nothing"
    )
    noted = (
        Measurement(name="breaks in the chain", value=len(log.breaks), max=0, n=len(log.entries)),
        Measurement(name="protected by", value=how),
        *([Measurement(name="digest of its end", value=log.head)] if log.head else []),
    )
    if log.breaks:
        step = "Next step: restore the log from a copy, and find out who changed it"
        message = f"{log.place} is not as it was written: {_listed(log.breaks)}. {step}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    if not log.entries:
        return Verdict(outcome="inconclusive", message=f"{log.place} holds no entry", measurements=noted)
    if not log.chained and not append_only:
        told = f"{log.place} is neither chained nor kept where nobody can change it, as far as the settings say"
        step = "chain it (python -m pytest_mlready.documents.audit), or say what protects its store: append_only"
        return Verdict(outcome="inconclusive", message=f"{told}. Next step: {step}", measurements=noted)
    return Verdict(outcome="passed", message=f"{log.place}: a change would show ({how})", measurements=noted)


def judge_entries(log: Log, *, root: Path, now: dt.datetime) -> Verdict:
    """Every deployment on record is whole, approved by somebody else, in the past, and its report is the one approved.

    Args:
        log: The log.
        root: Folder that local reports are relative to.
        now: Time of the run.
    """
    deployments = [entry for entry in log.entries if entry.deploys]
    wrong = [f"{entry}: {'; '.join(found)}" for entry in deployments if (found := list(_faults(entry, root, now)))]
    noted = (
        Measurement(name="entries", value=len(log.entries)),
        Measurement(name="deployments on record", value=len(deployments)),
        Measurement(name="deployments whose entry is not whole", value=len(wrong), max=0, n=len(deployments)),
    )
    if wrong:
        return Verdict(outcome="failed", message=f"{log.place}: {_listed(wrong)}", measurements=noted)
    if not deployments:
        told = f"{log.place} holds no deployment"
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    return Verdict(outcome="passed", message=f"{len(deployments)} entries are whole", measurements=noted)


def judge_deployed(log: Log, deployed: Mapping[str, str], *, candidate: str | None = None) -> Verdict:
    """Every model that was served has an entry; the candidate needs none before it is deployed.

    Args:
        log: The log.
        deployed: What was served, by sha256, with its name.
        candidate: sha256 of the model under test; only shown.
    """
    known = {entry.model for entry in log.entries if entry.deploys}
    lost = [f"{name} (sha256 {sha256})" for sha256, name in deployed.items() if sha256.lower() not in known]
    noted = (
        Measurement(name="served models without an entry", value=len(lost), max=0, n=len(deployed)),
        Measurement(
            name="candidate", value="on record" if candidate in known else "not on record yet", note="not judged"
        ),
    )
    if lost:
        there = (
            f"it names {_listed(sorted(f'{digest[:12]}…' for digest in known if digest))}" if known else "it has none"
        )
        step = "Next step: let the deployment job write the entry before it deploys"
        message = f"{log.place} has no deployment of {_listed(lost)}; {there}. {step}"
        return Verdict(outcome="failed", message=message, measurements=noted)
    if not deployed:
        told = "which models were served is not known: name the live model (production) or `deployed` digests"
        return Verdict(outcome="inconclusive", message=told, measurements=noted)
    return Verdict(outcome="passed", message=f"{len(deployed)} served models are on record", measurements=noted)


def _faults(entry: Entry, root: Path, now: dt.datetime) -> Iterator[str]:
    if entry.lacks:
        yield f"lacks {', '.join(entry.lacks)}"
    if same_person(entry.author, entry.approver):
        yield f"{entry.approver} approved what is their own work"
    if entry.time and entry.moment is None:
        yield f"its time {entry.time[:40]!r} is none of ISO 8601"
    if entry.moment and entry.moment > now + dt.timedelta(days=1):  # clocks and zones differ
        yield f"its time {entry.time} lies in the future"
    yield from _report(entry, root)


def _report(entry: Entry, root: Path) -> Iterator[str]:
    """A local report must be the one that was approved; what lies elsewhere can only be shown."""
    if not entry.report or _LINK.match(entry.report):
        return
    path = root / entry.report
    try:
        found = _sha256(path) if path.is_file() else None
    except (OSError, ValueError):
        found = None
    stated = entries.sha256(entry.report_sha256)
    if not stated:
        yield f"lacks report_sha256, the digest of {entry.report} as it was approved"
    elif found and found != stated:
        yield f"its report {entry.report} has changed since (sha256 {found[:12]}…, approved {stated[:12]}…)"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _listed(said: Sequence[str]) -> str:
    return "; ".join(said[:_LONGEST]) + (f"; and {len(said) - _LONGEST} more" if len(said) > _LONGEST else "")
