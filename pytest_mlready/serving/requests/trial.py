"""Sends hostile requests one after another, judges what every answer must have in common, and keeps what went wrong."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_mlready.serving.http import NoAnswerError
from pytest_mlready.serving.requests import leaks, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Request, Response

UNDECIDED = frozenset({401, 407, 429})  # the request was turned away before anybody looked at its body
TURNED_AWAY = "turned away with"  # begins the note on requests where the good one goes, which have such a status
ERROR = 500
NOT_IMPLEMENTED = 501  # RFC 9110, 15.6.2: the right answer to a method that the service does not know
PATIENCE = 3  # requests without an answer, after which no more are sent
LONGEST = 1200  # characters of a line for a shell; longer bodies are written by a recipe or cut
RETRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One hostile request.

    Attributes:
        kind: Name of the family that it belongs to; the setting `allow` takes it.
        where: What tells findings of one family apart, such as the operation.
        about: What is wrong with it, as a noun phrase.
        request: What is sent; its path and headers alone where `raw` is given.
        raw: Bytes to write to the connection as they are.
        recipe: A shell command that writes the body, where the body is too long to show.
        may_close: Closing the connection without an answer counts as a refusal.
        dangerous: It may take the service down with it, so the good request is sent after it.
    """

    kind: str
    about: str
    request: Request
    where: str = ""
    raw: bytes | None = None
    recipe: str = ""
    may_close: bool = False
    dangerous: bool = False


@dataclass(slots=True, kw_only=True)
class Finding:
    """One thing that went wrong, with the smallest request that showed it.

    Attributes:
        kind: Family of the request.
        sentence: What was found.
        line: The request as a line for a shell, secrets masked.
        count: Requests that showed it.
    """

    kind: str
    sentence: str
    line: str
    count: int = 1


@dataclass(slots=True)
class Count:
    """How requests of one kind ended."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    undecided: int = 0
    errors: int = 0
    unanswered: int = 0

    def note(self, status: int) -> None:
        undecided = "undecided" if status in UNDECIDED else "refused"  # a redirection serves nothing either
        failed = status >= ERROR and status != NOT_IMPLEMENTED
        name = "errors" if failed else "accepted" if 200 <= status < 300 else undecided
        setattr(self, name, getattr(self, name) + 1)


@dataclass(slots=True, kw_only=True)
class Trial:
    """A series of hostile requests to one service.

    Attributes:
        endpoint: The service, which is up.
        answer_limit: Seconds for an answer.
        budget: Seconds for the whole series.
        findings: By what was found and where, in the order of finding.
        counts: By kind of request.
        over: Why no more requests are sent; "" while they are.
        planned: Requests that the series wanted to send; 0 where that is not known beforehand.
        notes: Things worth telling that fail nothing, counted.
    """

    endpoint: Endpoint
    answer_limit: float = 10.0
    budget: float = 30.0
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    counts: dict[str, Count] = field(default_factory=dict)
    over: str = ""
    planned: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def total(self) -> Count:
        """All kinds together."""
        whole = Count()
        for one in self.counts.values():
            for name in Count.__slots__:
                setattr(whole, name, getattr(whole, name) + getattr(one, name))
        return whole

    def send(self, shot: Shot) -> Response | None:
        """Sends one request and judges what holds for all: an answer, no 5xx, no stack trace, no death.

        Returns None when nothing is to be judged any further: no answer, or the series is over.
        """
        if not self.over and self.seconds > self.budget:
            self.over = f"the time budget of {self.budget:g} s was used up"
        if self.over:
            return None
        count = self.counts.setdefault(shot.kind, Count())
        count.sent += 1
        try:
            answer = self._ask(shot)
        except NoAnswerError as error:
            self._no_answer(shot, count, error)
            return None
        count.note(answer.status)
        if answer.status in UNDECIDED and shot.request.path == self.endpoint.good.path:
            self.notes[f"{TURNED_AWAY} {answer.status}"] += 1
        self._judge(shot, answer)
        if shot.dangerous or answer.status >= ERROR:
            self.check_alive(shot)
        return answer

    def _ask(self, shot: Shot) -> Response:
        if shot.raw is not None:
            return wire.exchange(self.endpoint.url, shot.raw, limit=self.answer_limit)
        try:
            return self.endpoint.send(shot.request, timeout=self.answer_limit)
        except NoAnswerError as error:
            # A kept connection that the service closed after its last answer breaks the next request, and no fault.
            if error.kind != "broken" or shot.may_close or self.endpoint.obituary():
                raise
        return self.endpoint.send(shot.request, timeout=self.answer_limit)

    def _no_answer(self, shot: Shot, count: Count, error: NoAnswerError) -> None:
        if shot.may_close and error.kind == "broken" and not self.endpoint.obituary():
            count.refused += 1
            self.check_alive(shot)
            return
        count.unanswered += 1
        if self._died(shot):
            return
        self.find(shot, "no answer", f"{shot.about} gets no answer: {error.found}")
        if error.kind == "refused" or self.total.unanswered >= PATIENCE:
            self.over = "the service does not answer any more"

    def _judge(self, shot: Shot, answer: Response) -> None:
        runtime = leaks.trace(answer.text)
        if runtime:
            self.find(shot, "stack trace", f"{shot.about} is answered {answer.status} with a stack trace ({runtime})")
        elif answer.status >= ERROR and answer.status != NOT_IMPLEMENTED:
            shown = self.endpoint.client.mask(answer.shown(120))
            self.find(shot, "server error", f"{shot.about} is answered {answer.status}, expected 4xx: {shown}")

    def check_alive(self, after: Shot) -> bool:
        """Whether the good request is still answered well; if not, that is found."""
        if self.over:
            return False
        wrong = ""
        for _ in range(RETRIES):
            try:
                wrong = self.endpoint.wrong_with(self.endpoint.send(self.endpoint.good, timeout=self.answer_limit))
            except NoAnswerError as error:
                if self._died(after):
                    return False
                wrong = error.found
            if not wrong:
                return True
        self.find(after, "not recovered", f"after {after.about} the good request is not answered well: {wrong}")
        self.over = "the good request is not answered well any more"
        return False

    def _died(self, shot: Shot) -> bool:
        died = self.endpoint.obituary()
        if died:
            self.find(shot, "died", f"{shot.about} ended the service: {died}")
            self.over = "the service died"
        return bool(died)

    def find(self, shot: Shot, what: str, sentence: str) -> None:
        """Keeps a finding; of several alike the one with the smallest request."""
        key, line = (what, shot.kind, shot.where), self.line(shot)
        known = self.findings.get(key)
        if known is None:
            self.findings[key] = Finding(kind=shot.kind, sentence=sentence, line=line)
            return
        known.count += 1
        if len(line) < len(known.line):
            known.sentence, known.line = sentence, line

    def line(self, shot: Shot) -> str:
        """The request as a line for a shell."""
        endpoint, request = self.endpoint, shot.request
        if shot.raw is not None:
            masked = endpoint.client.mask(shot.raw.decode("latin-1"))  # before it is cut: no half a secret stays
            return wire.shell(endpoint.url, masked.encode("latin-1"))
        if shot.recipe:
            recipe = endpoint.client.mask(shot.recipe)
            return f"{recipe} | {endpoint.curl(replace(request, body=None))} --data-binary @-"
        line = endpoint.curl(request)
        return line if len(line) <= LONGEST else f"{line[:LONGEST]}… ({len(request.body or b''):,} bytes of body)"

    def run(self, shots: list[Shot]) -> Iterator[tuple[Shot, Response]]:
        """Sends all of them and gives back those that were answered."""
        self.planned += len(shots)
        for shot in shots:
            answer = self.send(shot)
            if answer is not None:
                yield shot, answer
