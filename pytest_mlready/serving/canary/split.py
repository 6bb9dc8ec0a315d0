"""Sends requests to the router, tells by each answer which version gave it, and holds the split against its weight."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_mlready import bounds
from pytest_mlready.serving.deployment import served_model
from pytest_mlready.serving.http import NoAnswerError
from pytest_mlready.serving.rollback.golden import FRESH
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Request

KEPT = 3  # wrong answers that are kept with their reason
ASKED_TWICE = 30  # users who are asked for a second time
SHOW_EVERY = 100  # requests between two lines of progress


@dataclass(slots=True, kw_only=True)
class Split:
    """Who answered.

    Attributes:
        candidate, other: Right answers by version.
        untold: Right answers that name no model.
        wrong: Answers that are none, with their reasons.
        moved: Users, asked twice, whom another version answered the second time.
        twice: Users who were asked twice.
    """

    candidate: int = 0
    other: int = 0
    untold: int = 0
    wrong: list[str] = field(default_factory=list)
    failed: int = 0
    moved: int = 0
    twice: int = 0

    @property
    def told(self) -> int:
        return self.candidate + self.other


def observe(  # noqa: PLR0913 - one argument for each setting
    endpoint: Endpoint,
    *,
    requests: int,
    sha256: str | None,
    version: str | None,
    user_header: str | None = None,
    budget: float = 120.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Split:
    """Sends good requests one after another, each as another user where a header says who asks.

    Args:
        endpoint: The router.
        requests: How many.
        sha256: Of the candidate; what an answer names beside is the other version.
        version: Of the candidate, for answers that name no digest.
        user_header: Header by which the router tells users apart.
        budget: Seconds after which no more are sent.
        progress: Shows what is going on.
    """
    found, deadline = Split(), time.monotonic() + budget
    users: list[tuple[str, str]] = []
    for number in range(requests):
        if time.monotonic() > deadline:
            break
        if number % SHOW_EVERY == 0:
            progress(f"canary: {number} of {requests} requests")
        user = uuid.uuid4().hex
        who = _ask(endpoint, _as_user(endpoint.good, user_header, user), found, sha256, version)
        if user_header and who and len(users) < ASKED_TWICE:
            users.append((user, who))
    progress("")
    for user, who in users:
        again = _ask(endpoint, _as_user(endpoint.good, user_header, user), Split(), sha256, version)
        found.twice += 1
        found.moved += again != who
    return found


def _as_user(request: Request, header: str | None, user: str) -> Request:
    return replace(request, headers={**request.headers, **FRESH, **({header: user} if header else {})})


def _ask(endpoint: Endpoint, request: Request, found: Split, sha256: str | None, version: str | None) -> str:
    """Counts one answer; "candidate", "other", or "" where it does not tell."""
    try:
        answer = endpoint.send(request)
    except NoAnswerError as error:
        wrong = error.found
    else:
        wrong = endpoint.wrong_with(answer)
    if wrong:
        found.failed += 1
        found.wrong += [wrong] if len(found.wrong) < KEPT else []
        return ""
    verdict = served_model.judge(list(served_model.in_answer(answer)), sha256=sha256, version=version)
    if verdict.measurements[0].name == "model served":
        found.untold += 1
        return ""
    who = "candidate" if verdict.outcome == "passed" else "other"
    setattr(found, who, getattr(found, who) + 1)
    return who


def judge(split: Split, *, share: float, confidence: float) -> list[Verdict]:
    """Whether the split is one that this weight gives, and every answer is right.

    The count of the candidate's answers must lie in the central interval that the binomial distribution gives it at
    the weight; exact, and so wide that a true split leaves it once in 1 / (1 - confidence) runs at most.

    Args:
        split: As observed.
        share: The candidate's weight, 0 to 1.
        confidence: Of the interval.
    """
    verdicts = []
    if split.failed:
        told = f"{split.failed} of {split.failed + split.told + split.untold} requests were not answered well"
        verdicts.append(Verdict(outcome="failed", message=f"{told}: {'; '.join(split.wrong)}"))
    if not split.told:
        told = "no answer names the model that gave it, so that the split cannot be observed"
        fix = "let the answer carry the model's digest or version"
        return [*verdicts, Verdict(outcome="inconclusive", message=f"{told}. Next step: {fix}")]
    verdicts.append(_in_interval(split, share, confidence))
    if split.twice:
        measured = Measurement(name="users who moved between versions", value=split.moved, max=0, n=split.twice)
        told = f"{split.moved} of {split.twice} users were answered by another version the second time, expected none"
        ended = "failed" if split.moved else "passed"
        verdicts.append(Verdict(outcome=ended, message=told, measurements=(measured,)))  # type: ignore[arg-type]
    return verdicts


def _in_interval(split: Split, share: float, confidence: float) -> Verdict:
    low, high = interval(split.told, share, confidence)
    at, below = split.candidate / split.told, bounds.clopper_pearson(split.candidate, split.told, confidence=confidence)
    measured = Measurement(
        name="share answered by the candidate", value=round(at, 4), n=split.told, min=low / split.told,
        max=high / split.told, interval=(float(below[0]), float(below[1])),
        note=f"weight {share:.1%}; limits: exact binomial interval at it, {confidence:.3%}",
    )  # fmt: skip
    told = (
        f"the candidate gave {split.candidate} of {split.told} answers ({at:.1%}); at a weight of {share:.1%} between "
        f"{low} and {high} are expected"
    )
    if not low <= split.candidate <= high:
        fix = "see whether the weights reach the router, and whether an answer is cached"
        return Verdict(outcome="failed", message=f"{told}. Next step: {fix}", measurements=(measured,))
    if low == 0 or high == split.told:
        more = f"{told}; so few requests cannot tell this weight from {'none' if low == 0 else 'all'} of the traffic"
        return Verdict(outcome="inconclusive", message=more, measurements=(measured,))
    return Verdict(outcome="passed", message=told, measurements=(measured,))


def interval(n: int, share: float, confidence: float) -> tuple[int, int]:
    """Counts between which the binomial distribution keeps n trials with this probability; both ends belong to it."""
    from scipy import stats

    tail = (1 - confidence) / 2
    return int(stats.binom.ppf(tail, n, share)), int(stats.binom.ppf(1 - tail, n, share))
