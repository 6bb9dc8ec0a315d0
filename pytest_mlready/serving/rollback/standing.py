"""Looks which version of the model a service serves: by the digest that it tells, and by golden predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_mlready.serving.deployment import served_model
from pytest_mlready.serving.endpoint import Endpoint
from pytest_mlready.serving.http import NoAnswerError
from pytest_mlready.serving.rollback import golden as goldens

if TYPE_CHECKING:
    from pytest_mlready.serving.http import Response
    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.process import Process
    from pytest_mlready.serving.rollback.golden import Golden

SAMPLES = 8  # good requests on connections of their own that must all be answered by one version
NOT_TOLD = "model served"  # the name under which a service that names no model is recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two versions.

    Attributes:
        title: "the candidate", "the previous version".
        sha256, version: None where not known.
        golden: Its answers on record; None where there are none.
    """

    title: str
    sha256: str | None = None
    version: str | None = None
    golden: Golden | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one look showed.

    Attributes:
        wrong: Why this is not (only) the version that was looked for; "" when it is.
        told: The digest or version that the service names; "" where it names none.
        replayed: Golden predictions that were answered as on record.
    """

    wrong: str
    told: str = ""
    replayed: int = 0


class Started:
    """The owner of a process that one check started for itself."""

    def __init__(self, process: Process) -> None:
        self.url, self.side = process.url, process.launch.side
        self._process = process

    def up(self) -> Started:
        """Itself, whatever became of the process: a procedure may put another in its place, at the same port."""
        return self

    def obituary(self, wait: float = 0.0) -> str:
        return self._process.obituary(wait)

    def log(self, lines: int = 200) -> str:
        return self._process.tail(lines)


def endpoint_of(process: Process, plan: Plan) -> Endpoint:
    """The service in a process; what its good answer must hold is left to `look`: no two versions answer alike."""
    return Endpoint(replace(plan, expect=None), Started(process))


def look(endpoint: Endpoint, side: Side, *, samples: int = SAMPLES) -> Standing:
    """Whether a service serves this version, and nothing else does beside it.

    Args:
        endpoint: The service, as `endpoint_of` gives it.
        side: The version that is looked for.
        samples: Good requests, each on a connection of its own.
    """
    told = ""
    request = replace(endpoint.good, headers={**endpoint.good.headers, **goldens.FRESH})
    for _ in range(samples):
        try:
            answer = endpoint.send(request)
        except NoAnswerError as error:
            return Standing(wrong=error.found)
        wrong, told = _one(endpoint, answer, side)
        if wrong:
            return Standing(wrong=wrong, told=told)
    differ = goldens.differences(endpoint, side.golden) if side.golden else []
    replayed = len(side.golden.cases) if side.golden else 0
    return Standing(wrong=differ[0] if differ else "", told=told, replayed=replayed - len(differ))


def _one(endpoint: Endpoint, answer: Response, side: Side) -> tuple[str, str]:
    """What is wrong with one answer to the good request, and the model that it names."""
    if wrong := endpoint.wrong_with(answer):
        return wrong, ""
    verdict = served_model.judge(served_model.named(endpoint, answer), sha256=side.sha256, version=side.version)
    seen = verdict.measurements[0]
    told = "" if seen.name == NOT_TOLD else str(seen.value)
    return (f"{seen.note} is {told[:16]}" if verdict.outcome == "failed" else ""), told
