"""Sends requests with one credential or another, and knows how the good one is answered and what any path gets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_mlready.serving.access import answers, routes
from pytest_mlready.serving.http import NOTHING, NoAnswerError, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.serving.access.routes import Route
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Response

FOLLOWED = 2  # redirects within the service


class Caller:
    """Asks one service.

    Args:
        endpoint: The running service.
        limit: Seconds that one answer may take.

    Attributes:
        right: The right answer to the good request; None where there is no good credential.
    """

    def __init__(self, endpoint: Endpoint, limit: float) -> None:
        self.endpoint, self.limit = endpoint, limit
        self.right: Response | None = endpoint.ask() if "good" in endpoint.plan.credentials else None
        self._good: dict[str, int | None] = {}
        self._anywhere: list[Response | None] = []

    def answer(self, request: Request, headers: Mapping[str, str] = NOTHING, *, limit: float | None = None) -> Response:
        """The answer, redirects within the service followed: a slash at the end is no refusal.

        Raises:
            NoAnswerError: There is none.
        """
        sent = replace(request, headers={**request.headers, **headers})
        found = self.endpoint.send(sent, kind=None, timeout=limit or self.limit)
        for _ in range(FOLLOWED):
            target = answers.within(self.endpoint.url, sent, found)
            if target is None:
                break
            sent = replace(sent, path=target)
            found = self.endpoint.send(sent, kind=None, timeout=self.limit)
        return found

    def good_status(self, route: Route) -> int | None:
        """How the good credential is answered; None where it is not tried, since that might change something."""
        if route.name not in self._good:
            posted = route.request.method == "POST" and route.origin in ("document", "settings")
            may = self.right is not None and (route.safe or posted)
            self._good[route.name] = self._status(route.request) if may else None
        return self._good[route.name]

    def _status(self, request: Request) -> int | None:
        try:
            return self.answer(request, self.endpoint.plan.headers()).status
        except NoAnswerError:
            return None

    def is_given_anywhere(self, route: Route, answer: Response) -> bool:
        """Whether a path that nobody has made is answered alike, as single-page applications do."""
        if route.request.method != "GET":
            return False
        if not self._anywhere:
            try:
                self._anywhere.append(self.answer(Request(path=routes.NOWHERE)))
            except NoAnswerError:
                self._anywhere.append(None)
        other = self._anywhere[0]
        if other is None or not other.ok:
            return False
        return other.text.replace(routes.NOWHERE, "") == answer.text.replace(route.request.path, "")
