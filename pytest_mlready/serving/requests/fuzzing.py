"""Asks every operation of the service's own OpenAPI document, with requests that fit it and requests that do not."""

from __future__ import annotations

import fnmatch
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving.requests import generator
from pytest_mlready.serving.requests.trial import ERROR, UNDECIDED, Shot

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mlready.serving.http import Response
    from pytest_mlready.serving.openapi import Document
    from pytest_mlready.serving.requests.trial import Finding, Trial

INVALID, VALID = "generated, invalid", "generated, valid"
KINDS = (INVALID, VALID)
# Failures of schemathesis 4 by class, and what each says of an answer; a 5xx is judged by the trial, for all requests.
SAYS = {
    "AcceptedNegativeData": "is accepted, though it is invalid by the service's own document",
    "UndefinedStatusCode": "is answered with a status that the document does not have",
    "UndefinedContentType": "is answered with a content type that the document does not have",
    "MissingContentType": "is answered without a content type",
    "MalformedMediaType": "is answered with a content type that is none",
    "JsonSchemaError": "is answered with a body that does not fit its schema",
    "MalformedJson": "is answered with a body that is no JSON",
    "ContentDeserializationError": "is answered with a body that cannot be read",
    "DiscriminatorMismatch": "is answered with a body whose discriminator the document does not have",
}
SHRINKABLE = ("accepted", "server error", "stack trace", *SAYS)
SHRINK_SHARE = 0.3  # of the time budget that making the found requests smaller may take


@dataclass(slots=True, kw_only=True)
class Covered:
    """What was asked of one operation.

    Attributes:
        answered: Requests that were answered.
        reached: Those that came as far as its own code, past credentials and rate limits.
        accepted: Those that fit the document and were answered 2xx.
    """

    answered: int = 0
    reached: int = 0
    accepted: int = 0


@dataclass(slots=True, kw_only=True)
class Campaign:
    """How much is generated, and how far it got.

    Attributes:
        examples: Requests for each operation that fit the document, and as many again that do not.
        seed: Of the generator.
        leave_out: "METHOD /path" patterns of operations that are not asked.
        covered: By operation.
        left_out: Operations that a pattern left out.
        not_generated: Operations for which no request could be made, and why.
    """

    examples: int
    seed: int
    leave_out: tuple[str, ...] = ()
    covered: dict[str, Covered] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    not_generated: dict[str, str] = field(default_factory=dict)


def attack(
    trial: Trial, document: Document, campaign: Campaign, *, progress: Callable[[str], None] = lambda _: None
) -> None:
    """Asks the operations, the predicting one first; what goes wrong is kept by the trial.

    Raises:
        MissingExtra: schemathesis is not installed.
        Inconclusive: schemathesis cannot read the document.
    """
    with generator.quiet():
        asked = {}
        for operation in generator.operations(trial.endpoint, document.raw):
            if any(fnmatch.fnmatch(operation.label, pattern) for pattern in campaign.leave_out):
                campaign.left_out.append(operation.label)
                continue
            asked[operation.label] = operation
            progress(f"generated requests: {operation.label}")
            _explore(trial, operation, campaign)
        progress("generated requests: looking for smaller ones")
        _shrink(trial, asked, campaign)
        progress("")
    trial.check_alive(Shot(kind="all", about="all generated requests", request=trial.endpoint.good))


def _explore(trial: Trial, operation: Any, campaign: Campaign) -> None:
    covered = campaign.covered.setdefault(operation.label, Covered())
    for kind in (VALID, INVALID):
        why = generator.generate(
            operation, partial(_send, trial, kind, covered),
            valid=kind == VALID, examples=campaign.examples, seed=campaign.seed,
        )  # fmt: skip
        if why and (kind == VALID or not why.startswith("no request")):  # an operation without input has none invalid
            campaign.not_generated[operation.label] = why


def _send(trial: Trial, kind: str, covered: Covered, case: Any) -> None:
    """Sends one generated request and notes what schemathesis objects to."""
    request, operation = generator.request_of(trial.endpoint, case), case.operation.label
    about = f"{'a valid' if kind == VALID else 'an invalid'} request to {operation}"
    shot = Shot(kind=kind, about=about, request=request, where=operation)
    answer = trial.send(shot)
    if answer is None:
        return
    covered.answered += 1
    covered.reached += answer.status not in UNDECIDED
    covered.accepted += answer.ok and kind == VALID
    for failure in generator.objections(trial.endpoint, case, request, answer):
        note(trial, shot, answer, failure)


def note(trial: Trial, shot: Shot, answer: Response, failure: Any) -> None:
    """Keeps a finding; where a refusal is sound and only its form differs from the document, it is counted alone."""
    name = type(failure).__name__
    if answer.status >= ERROR or answer.cut:  # judged already; and of a body that was cut nothing can be said
        return
    if not answer.ok:
        trial.notes[f"refusal {SAYS.get(name, name)}"] += 1
        return
    says = SAYS.get(name, f"shows: {getattr(failure, 'title', name)}")
    detail = " ".join(str(getattr(failure, "message", "")).split())[:160]
    shown = trial.endpoint.client.mask(answer.shown(120))
    what = "accepted" if name == "AcceptedNegativeData" else name
    trial.find(shot, what, trial.endpoint.client.mask(f"{shot.about} {says}: {answer.status} {shown} [{detail}]"))


def _shrink(trial: Trial, asked: dict[str, Any], campaign: Campaign) -> None:
    """Looks for smaller requests that show what was found, as long as there is time for it."""
    deadline = time.monotonic() + min(SHRINK_SHARE * trial.budget, trial.budget - trial.seconds)
    for (what, _, label), finding in list(trial.findings.items()):
        if label in asked and what in SHRINKABLE and not trial.over:
            _smaller(trial, asked[label], campaign, finding, deadline)


def _smaller(trial: Trial, operation: Any, campaign: Campaign, finding: Finding, deadline: float) -> None:
    count = finding.count

    def use(case: Any) -> None:
        if time.monotonic() > deadline or trial.over:
            return
        before = finding.count
        _send(trial, finding.kind, Covered(), case)
        if finding.count > before:
            raise generator.Shown

    generator.generate(
        operation, use, valid=finding.kind == VALID, examples=campaign.examples, seed=campaign.seed, shrink=True
    )
    finding.count = count
