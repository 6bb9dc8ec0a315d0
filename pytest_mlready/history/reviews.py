"""Judges whether changes were approved by somebody else: by trailers, by who merged, by a forge's reviews."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_mlready.people import same_person
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_mlready.history.changes import Change, Commit
    from pytest_mlready.history.forge import Request, Review

_MACHINES = (
    "github-actions|dependabot|renovate|gitlab-bot|web-flow|bors|mergify|jenkins|"
    "copilot|copilot-pull-request-reviewer|coderabbit(?:ai)?|sourcery-ai|chatgpt|gemini-code-assist"
)
# An address that takes no mail is a program's; GitHub's for people ends in @users.noreply.github.com.
_MACHINE = re.compile(rf"\[bot\]|\b({_MACHINES})\b|^GitHub <|\bno-?reply@", re.IGNORECASE)
_NOBODY = re.compile(
    r"[\s<>?.-]*|<?(none|nobody|n/?a|tbd|todo|me|myself|self|name|your name|reviewer)>?", re.IGNORECASE
)
_LONGEST = 10  # findings that a message lists
MERGED = "merged by somebody else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What reviews are known by.

    Attributes:
        branch: Name of the protected branch, without its remote.
        requests: Of the forge's export.
        trailers: The team records every review in git, so that a change without one was not reviewed.
        reset: How the forge takes back approvals when a request changes, in the team's words.
    """

    branch: str
    requests: tuple[Request, ...] = ()
    trailers: bool = False
    reset: str = ""


@dataclass(slots=True, kw_only=True)
class _Told:
    """What is known about one change: who approved it, and why other approvals do not count."""

    approvers: list[tuple[str, str]] = field(default_factory=list)  # name, how it is known
    refused: list[str] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)
    on_forge: bool = False


def judge(changes: Mapping[str, Change], evidence: Evidence) -> Verdict:
    """Every commit of every change was approved by somebody who did not write it.

    Args:
        changes: What brought each file of the model's specification to its state, by path.
        evidence: What reviews are known by.
    """
    failed: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    ways: set[str] = set()
    for path, change in changes.items():
        told = _told(change, evidence)
        for commit in change.commits:
            others = [how for name, how in told.approvers if not _wrote(commit, name)]
            ways.update(others[:1])
            if not others:
                certain, why = _unapproved(commit, told, evidence)
                (failed if certain else unknown).setdefault(f"{commit} by {commit.author[0]}: {why}", []).append(path)
    commits = {one.id for change in changes.values() for one in change.commits}
    noted = (
        Measurement(name="files of the specification", value=len(changes)),
        Measurement(name="commits without an approval", value=len(failed), max=0, n=len(commits)),
        Measurement(name="approvals known by", value=", ".join(sorted(ways)) or None),
    )
    if failed:
        step = "Next step: have it reviewed by somebody else, and protect the branch"
        return Verdict(outcome="failed", message=f"{_listed(failed)}. {step}", measurements=noted)
    if unknown or not commits:
        told_of = _listed(unknown) if unknown else "there is no change to judge"
        return Verdict(outcome="inconclusive", message=told_of, measurements=noted)
    message = (
        f"{len(commits)} commits that made {len(changes)} files were approved by others ({', '.join(sorted(ways))})"
    )
    return Verdict(outcome="passed", message=message, measurements=noted)


def _told(change: Change, evidence: Evidence) -> _Told:
    told = _Told()
    for commit in (*change.commits, *([change.merge] if change.merge else ())):
        told.approvers += [(name, "trailers") for name in commit.approvers if _is_person(name)]
    if change.merge is not None and not _MACHINE.search(change.merge.author[0]):
        told.approvers.append((change.merge.author[0], MERGED))
    for request in evidence.requests:
        if request.ids & change.ids:
            told.on_forge = True
            _of_request(request, change, evidence, told)
    return told


def _of_request(request: Request, change: Change, evidence: Evidence, told: _Told) -> None:
    """Adds what a forge knows of a request; who opened it and pressed the button has not approved it."""
    shown = f"request {request.number}"
    told.approvers = [one for one in told.approvers if not (one[1] == MERGED and same_person(one[0], request.author))]
    if not request.merged or request.base != evidence.branch:
        told.on_forge = False  # another request may have brought it here
        told.refused.append(f"{shown} was {f'merged into {request.base}' if request.merged else 'not merged'}")
        return
    for review in request.latest:
        if review.state != "approved":
            continue
        if review.machine or not _is_person(review.by):
            told.refused.append(f"{review.by}, who approved {shown}, is a machine")
        elif not review.by or same_person(review.by, request.author):
            told.refused.append(f"{review.by or 'nobody'} approved {shown}, which is their own")
        elif _stale(review, request, change) and not (review.commit and evidence.reset):
            told.refused.append(f"{review.by} approved {shown} before its last commit")
        elif not review.commit and not review.time and not evidence.reset:
            told.undated.append(f"when {review.by} approved {shown} is not known")
        else:
            told.approvers.append((review.by, "reviews on the forge"))


def _stale(review: Review, request: Request, change: Change) -> bool:
    """Whether an approval is about an earlier state than the one that was merged.

    What came after it may be the protected branch alone, merged in to bring the request up to date.
    """
    if review.commit and request.head:
        return review.commit not in (request.head, change.commits[0].id if change.commits else "")
    last = next((one for one in change.commits if one.id == request.head), None)
    approved = _moment(review.time)
    return last is not None and approved is not None and approved < (_moment(last.time) or approved)


def _is_person(name: str) -> bool:
    return not _MACHINE.search(name) and not _NOBODY.fullmatch(name.strip())


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _wrote(commit: Commit, name: str) -> bool:
    return any(same_person(author, name) for author in commit.author)


def _unapproved(commit: Commit, told: _Told, evidence: Evidence) -> tuple[bool, str]:
    """Whether it is certain that nobody else approved a commit, and why."""
    own = [name for name, how in told.approvers if how == "trailers" and _wrote(commit, name)]
    refused = "; ".join(dict.fromkeys(told.refused))
    if told.undated:
        step = "state how the forge takes approvals back when a request changes (`approvals_reset`)"
        return False, f"{'; '.join(told.undated)}; {step}"
    if own:
        return True, f"{own[0]} approved what is their own work"
    if told.on_forge:
        return True, refused or "the request was merged without an approval"
    if evidence.trailers:
        return True, "no trailer names an approver, and nobody else merged it"
    if evidence.requests:
        return False, refused or "no request of the export holds it; export the one that does"
    return False, "git does not say who approved it; export the forge's reviews (`reviews`)"


def _listed(findings: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(_lines(findings)) + (f"; and {len(findings) - _LONGEST} more" if len(findings) > _LONGEST else "")


def _lines(findings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for finding, paths in list(findings.items())[:_LONGEST]:
        yield f"{', '.join(paths[:3])}{' and more' if len(paths) > 3 else ''}: {finding}"
