"""Asks a service for everything that it offers, with credentials that it must refuse, and notes how it answers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_mlready import hosts
from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.access import allowlist, answers, credentials, routes
from pytest_mlready.serving.access.answers import BUSY, THROTTLED
from pytest_mlready.serving.access.caller import Caller
from pytest_mlready.serving.access.calls import Call, Limits, Survey
from pytest_mlready.serving.access.credentials import ALWAYS
from pytest_mlready.serving.access.detours import detours
from pytest_mlready.serving.http import NoAnswerError, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_mlready.serving.access.allowlist import Open
    from pytest_mlready.serving.access.answers import Outcome
    from pytest_mlready.serving.access.credentials import Credential
    from pytest_mlready.serving.access.routes import Route
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Response


STRANGER = 1.0  # seconds that a program on an undeclared port has to speak HTTP


def survey(  # noqa: PLR0913 - one argument for each setting
    endpoint: Endpoint,
    *,
    kinds: Sequence[str],
    open: Iterable[str] = (),  # noqa: A002 - the name of the setting
    extra_paths: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Survey:
    """Asks for every route with every bad credential.

    Args:
        endpoint: The running service.
        kinds: Of bad credentials, out of `credentials.KINDS`.
        open: The allow-list, see `allowlist.allow_list`.
        extra_paths: Further routes, see `routes.configured`.
        limits: How much is asked.
        progress: Told what is going on.

    Raises:
        Unverified: No good request is known.
        Inconclusive: The good request is not answered well with the good credential.
        ReadinessError: An option is malformed, or the service does not answer.
    """
    allowed = allowlist.allow_list(endpoint, open)
    asking = _Asking(endpoint, allowed, kinds, limits or Limits())
    named = [*routes.listed(endpoint), *routes.configured(endpoint, extra_paths)]
    beside = [*routes.side(endpoint), *routes.unlisted(endpoint, named, changes=asking.changes)]
    beside += routes.undeclared(endpoint)
    asking.found.idle = allowed.idle([*named, *beside])
    kept = asking.within_limits(named)
    round_about = [r for r in detours(endpoint) if asking.found.good and (asking.changes or r.request.method != "PUT")]
    for route in [r for r in kept if r.safe] + beside + round_about + [r for r in kept if not r.safe]:
        progress(f"access: {route.name}")
        asking.visit(route)
    progress("")
    asking.leave()
    return asking.found


class _Asking:
    """The state of one survey."""

    def __init__(self, endpoint: Endpoint, allowed: Open, kinds: Sequence[str], limits: Limits) -> None:
        self.endpoint, self.allowed, self.limits = endpoint, allowed, limits
        self.caller = Caller(endpoint, limits.answer)
        self.all = credentials.bad(endpoint.plan, kinds)
        self.secrets = (*endpoint.plan.secrets, *credentials.hidden(self.all))
        self.changes = endpoint.plan.refusal(endpoint.url, changes_state=True) is None
        self.silent: set[str] = set()  # undeclared ports where no HTTP is spoken
        self.deadline = time.monotonic() + limits.seconds
        self.found = Survey(good=self.caller.right is not None, documented=endpoint.document is not None)

    def within_limits(self, named: list[Route]) -> list[Route]:
        """Those that may be asked; of the rest it is noted why not."""
        why_not = "asking may change something there; may_change_state = true in [tool.mlready.endpoint] allows it"
        kept = [route for route in named if route.safe or self.changes]
        self.found.left_out += [(route.name, why_not) for route in named if route not in kept]
        most = self.limits.operations
        self.found.left_out += [(r.name, f"more than {most} operations") for r in kept[most:]]
        return kept[:most]

    def visit(self, route: Route) -> None:
        """Asks one route with the credentials that it is meant for, until it proves to be open to everybody."""
        if route.origin == "side" and not self._ours(route.request.path):
            host = hosts.of(route.request.path)
            why = f'{host} is not this machine; allow_hosts = ["{host}"] in [tool.mlready.endpoint] allows it'
            self.found.left_out.append((route.name, why))
            return
        if route.origin == "port" and _port(route) in self.silent:
            return
        for credential in self._meant_for(route):
            if self.allowed.to(route, credential.kind):
                self.found.opened.setdefault(route.name, []).append(credential.kind)
                continue
            if time.monotonic() > self.deadline:
                self.found.left_out.append((route.name, f"more than {self.limits.seconds:g} s were needed"))
                return
            call = self._call(route, credential)
            self.found.calls.append(call)
            if route.origin == "port" and call.status is None:
                self.silent.add(_port(route))
                return
            if call.outcome == "answered" and credential.kind == "none":
                return

    def leave(self) -> None:
        """Asks with the good credential once more: where it is refused by now, so is everything else."""
        self.endpoint.up()
        if not self.found.good:
            return
        try:
            self.endpoint.ask()
        except (Inconclusive, NoAnswerError) as error:
            self.found.locked = error.found

    def _ours(self, url: str) -> bool:
        return hosts.may_be_asked(url, (*self.endpoint.plan.allow_hosts, hosts.of(self.endpoint.url)))

    def _meant_for(self, route: Route) -> list[Credential]:
        """All of them for what is known to exist; an unknown program on another port gets no real one."""
        if route.origin in ("document", "settings", "side") or (route.origin == "prediction" and not route.detour):
            return self.all
        first = next((c for c in self.all if c.kind == "garbage"), None)
        few = [c for c in self.all if c.kind != "garbage" or c is first]
        return few if route.origin == "unlisted" else [c for c in few if c.kind in ALWAYS]

    def _call(self, route: Route, credential: Credential) -> Call:
        status: int | None = None
        outcome: Outcome
        try:
            limit = min(self.limits.answer, STRANGER) if route.origin == "port" else None
            answer = self.caller.answer(route.request, credential.headers, limit=limit)
            status = answer.status
            outcome, why = self._settled(route, answer)
        except NoAnswerError as error:
            outcome, why = self._unanswered(route, error)
        shown = replace(route.request, headers={**route.request.headers, **credential.shown})
        curl = masked(self.endpoint.curl(shown, kind=None), self.secrets)
        return Call(
            route=route, credential=credential, outcome=outcome, status=status, why=masked(why, self.secrets), curl=curl
        )

    def _unanswered(self, route: Route, error: NoAnswerError) -> tuple[Outcome, str]:
        if died := self.endpoint.obituary():
            self.endpoint.up()
            return "broke", f"kills the service: {died}"
        if error.kind == "refused" and route.origin in ("side", "port"):
            return "nobody", "nobody listens there"
        if route.origin == "port":
            return "not there", "what listens there speaks no HTTP"
        return "unclear", f"gets no answer ({error.kind})"

    def _settled(self, route: Route, answer: Response) -> tuple[Outcome, str]:
        """What an answer to a bad credential means, where needed by comparison with the good one's."""
        if route.detour:
            return self._round_about(route, answer)
        outcome, why = answers.at_first_sight(route, answer)
        if outcome == "answered":
            unknown = route.origin in ("unlisted", "settings")
            if unknown and self.caller.is_given_anywhere(route, answer):
                return "not there", "is answered as any path is"
            return outcome, why
        if outcome == "refused" or answer.status == THROTTLED or route.origin == "port":
            return outcome, why
        return self._compared(route, outcome, why, answer)

    def _compared(self, route: Route, outcome: Outcome, why: str, answer: Response) -> tuple[Outcome, str]:
        good = self.caller.good_status(route)
        if good is not None and 200 <= good < 300:
            if answer.status >= 500 and answer.status not in answers.NO_METHOD:
                return "unclear" if answer.status in BUSY else "broke", why
            return "refused otherwise", why
        if outcome not in ("unclear", "broke"):
            return outcome, why
        told = "is not tried for comparison" if good is None else f"is answered {good} too"
        return "unclear", f"{why}, and the good credential {told}"

    def _round_about(self, route: Route, answer: Response) -> tuple[Outcome, str]:
        """A detour leads somewhere when what comes back has the form of the prediction."""
        is_head = route.request.method == "HEAD" and self.endpoint.good.method == "GET"
        if answer.ok and (is_head or answers.alike(answer, self.caller.right)):
            return "answered", answers.said(answer)
        return "refused", ""


def _port(route: Route) -> str:
    return urlsplit(route.request.path).netloc
