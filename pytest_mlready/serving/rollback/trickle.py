"""Sends good requests at a steady pace from a thread of its own, and notes every one that is not answered well."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_mlready.serving.http import Client, NoAnswerError
from pytest_mlready.serving.rollback.golden import FRESH

if TYPE_CHECKING:
    from pytest_mlready.serving.endpoint import Endpoint

RATE = 10.0  # requests a second: enough to see a gap of a few hundred milliseconds, and no load
KEPT = 5  # failures that are kept with their reason


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the requests met.

    Attributes:
        sent: Requests.
        failed: Of these, not answered, answered wrongly or late.
        gap: Longest time in seconds between two right answers.
        reasons: (seconds since the beginning, why) of the first failures.
    """

    sent: int = 0
    failed: int = 0
    gap: float = 0.0
    reasons: list[tuple[float, str]] = field(default_factory=list)


class Trickle:
    """Good requests, one every tenth of a second, as long as the context lasts.

    Each has a connection of its own: one that waits in a kept connection would not notice that nobody listens.

    Args:
        endpoint: The service; what its good request is and what is wrong with an answer.
        limit: Seconds for an answer.
        rate: Requests a second.
    """

    def __init__(self, endpoint: Endpoint, *, limit: float, rate: float = RATE) -> None:
        self.seen = Seen()
        self._endpoint, self._limit, self._pause = endpoint, limit, 1 / rate
        self._request = replace(endpoint.good, headers={**endpoint.good.headers, **FRESH})
        # What looking at an answer needs is read now: two threads must not fetch the document at once.
        _ = endpoint.document, endpoint.probes, endpoint.operation
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Trickle:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(self._limit + 1.0)

    def _run(self) -> None:
        began = answered = due = time.monotonic()
        with Client(self._endpoint.url, timeout=self._limit, secrets=self._endpoint.plan.secrets) as client:
            while not self._stop.wait(max(0.0, due - time.monotonic())):
                due = max(due + self._pause, time.monotonic())
                self.seen.sent += 1
                if wrong := self._ask(client):
                    self.seen.failed += 1
                    if len(self.seen.reasons) < KEPT:
                        self.seen.reasons.append((time.monotonic() - began, wrong))
                else:
                    now = time.monotonic()
                    answered, self.seen.gap = now, max(self.seen.gap, now - answered)
            self.seen.gap = max(self.seen.gap, time.monotonic() - answered)

    def _ask(self, client: Client) -> str:
        try:
            answer = client.send(self._request, headers=self._endpoint.plan.headers())
        except NoAnswerError as error:
            return error.found
        return self._endpoint.wrong_with(answer)
