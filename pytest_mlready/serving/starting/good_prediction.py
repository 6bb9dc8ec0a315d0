"""Sends the good request to a service other than the shared one, and tells whether the answer is right."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.serving.http import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Client

TEMPORARY = (408, 425, 429)  # statuses of the 4xx class that do not blame the request


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """How the good request was answered.

    Attributes:
        wrong: Why that is no right answer; "" when it is one.
        status: Of HTTP; None for no answer.
        arrived: `time.monotonic()` at which it was there, before it was looked at.
    """

    wrong: str
    status: int | None = None
    arrived: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether the answer blames the request, which then says nothing about the service."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in TEMPORARY


def asked_of(endpoint: Endpoint) -> Callable[[Client, float], Prediction]:
    """A function (client of any process of this service, limit in seconds) -> how the good request was answered.

    Raises:
        Unverified: No good request is known.
    """
    request, plan = endpoint.good, endpoint.plan

    def predict(client: Client, limit: float) -> Prediction:
        try:
            answer = client.send(request, headers=plan.headers(), timeout=limit)
        except NoAnswerError as error:
            return Prediction(wrong=error.found)
        arrived = time.monotonic()
        return Prediction(wrong=endpoint.wrong_with(answer), status=answer.status, arrived=arrived)

    return predict
