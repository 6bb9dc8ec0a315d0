"""Finds a service's health endpoints and protocol by asking, and waits until it is ready."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pytest_mlready.serving import conventions, process
from pytest_mlready.serving.conventions import MODEL, Convention
from pytest_mlready.serving.http import Client, NoAnswerError, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_mlready.serving.http import Response
    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.process import Process

ASK_LIMIT = 2.0  # seconds that one question may take while looking around
NOT_THERE = (404, 405, 501)
REFUSED = (401, 403)
MOVED = (301, 302, 303, 307, 308)
REDIRECTS = 4
NOWHERE = "/mlready-no-such-path"  # what a service answers there, it answers for every path that it does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Where a service tells its health.

    Attributes:
        live, ready: Paths; None where none was found.
        convention: The protocol that the service speaks, as far as it could be told.
        model: Name of the model in the protocol; "" where it has none or none is known.
        nowhere: Status of a path that does not exist, where that is none of NOT_THERE: such an answer tells nothing.
    """

    live: str | None
    ready: str | None
    convention: Convention
    model: str = ""
    nowhere: int | None = None


def ask(client: Client, path: str, plan: Plan, *, timeout: float = ASK_LIMIT) -> Response:
    """What a path answers, with the credential where it asks for one, redirects within the service followed.

    Kubernetes' probes follow those too ("/health" to "/health/").

    Raises:
        NoAnswerError: No answer, or not within `timeout` seconds.
    """
    for _ in range(REDIRECTS):
        answer = client.send(Request(path=path), timeout=timeout)
        if answer.status in REFUSED and plan.credentials:
            answer = client.send(Request(path=path), headers=plan.headers(), timeout=timeout)
        onward = urljoin(client.base + path if path.startswith("/") else path, answer.headers.get("location", ""))
        if answer.status not in MOVED or urlsplit(onward)[:2] != urlsplit(client.base)[:2]:
            break
        path = onward
    return answer


def status(client: Client, path: str, plan: Plan) -> int | None:
    """The status that a path answers in the end; None for no answer."""
    try:
        return ask(client, path, plan).status
    except NoAnswerError:
        return None


def is_ready(client: Client, plan: Plan) -> bool:
    """Whether the service says that it is ready; one without any health endpoint is, once it answers at all."""
    if plan.ready is not None:
        found = status(client, plan.ready, plan)
        return found is not None and 200 <= found < 300
    nowhere, answered = _nowhere(client, plan), False
    for path in _candidates("ready", plan):
        try:
            answer = ask(client, path, plan)
        except NoAnswerError:
            return False
        if _there(answer, nowhere) and answer.status not in REFUSED:
            return answer.ok
        answered = True
    return answered


def _nowhere(client: Client, plan: Plan) -> Response | None:
    """What a path that does not exist is answered: a page for every path, "401" for every stranger; None for nothing.

    An error of the service's own is none: it may stand in front of everything while the service loads.
    """
    try:
        answer = ask(client, NOWHERE, plan)
    except NoAnswerError:
        return None
    return None if answer.status in NOT_THERE or answer.status >= 500 else answer


def _there(answer: Response, nowhere: Response | None) -> bool:
    """Whether a path is there: what it answers is not what every path does."""
    alike = nowhere is not None and answer.status == nowhere.status and (not answer.ok or answer.body == nowhere.body)
    return answer.status not in NOT_THERE and not alike


def wait(service: Process, plan: Plan, progress: Callable[[str], None] = lambda _: None) -> None:
    """Waits until a started service is ready.

    Raises:
        process.ServiceError: It died, or was not ready within `plan.start_limit`; with its last lines.
    """
    progress("service: starting")
    with Client(service.url, timeout=ASK_LIMIT, secrets=plan.secrets) as client:
        ready = process.wait_until(service, plan.start_limit, lambda: is_ready(client, plan))
        progress("")
        if not ready:
            what = _last_word(client, plan)
            tail = service.tail()
            raise process.ServiceError(
                f"the service was not ready within {plan.start_limit:g} s ({what})"
                + (f"; its last lines:\n{tail}" if tail else " and has written nothing"),
                fix='look at its log; start_limit = "…" in [tool.mlready.endpoint] gives it more time',
            )


def _last_word(client: Client, plan: Plan) -> str:
    for path in (plan.ready,) if plan.ready else (*_candidates("ready", plan), "/"):
        try:
            found = ask(client, path, plan).status
        except NoAnswerError as error:
            speaks = "; only a service that speaks HTTP/1.1 can be asked" if error.kind == "broken" else ""
            return f"nobody answers at {client.base}" if error.kind == "refused" else error.found + speaks
        if found not in NOT_THERE or path in (plan.ready, "/"):
            return f"GET {path} answers {found}"
    return ""


def find(client: Client, plan: Plan) -> Probes:
    """Where a running service tells its health, and the protocol that it speaks.

    A path that answers 404, 405 or 501, or as one that cannot exist, is not there; any other answer counts as "there is
    something".
    """
    nowhere = _nowhere(client, plan)
    convention = _convention(client, plan, nowhere)
    model = _configured(plan, convention) or _listed(client, convention)
    found = {
        which: getattr(plan, which) or _first(client, plan, paths(convention, which, model), nowhere)
        for which in ("live", "ready")
    }
    everywhere = None if nowhere is None else nowhere.status
    return Probes(live=found["live"], ready=found["ready"], convention=convention, model=model, nowhere=everywhere)


def _convention(client: Client, plan: Plan, nowhere: Response | None) -> Convention:
    if plan.convention is not None:
        return conventions.BY_NAME[plan.convention]
    for convention in conventions.ALL:
        if (
            convention.signature
            and _has(client, plan, convention, nowhere)
            and (convention.beside is None or status(client, convention.beside, plan) not in (404, None))
        ):
            return convention
    return conventions.KUBERNETES


def _has(client: Client, plan: Plan, convention: Convention, nowhere: Response | None) -> bool:
    try:
        answer = client.send(Request(path=convention.signature or "/"), headers=plan.headers(), timeout=ASK_LIMIT)
    except NoAnswerError:
        return False
    return answer.ok and convention.says in answer.text and _there(answer, nowhere)


def _configured(plan: Plan, convention: Convention) -> str:
    """The name of the model in the path of the configured prediction; "" where it has none."""
    pattern = re.escape((convention.predict or ("", ""))[1]).replace(re.escape(MODEL), "([^/:]+)")
    match = re.fullmatch(pattern, (plan.predict or "").partition(" ")[2])
    return match[1] if match and match.groups() else ""


def _listed(client: Client, convention: Convention) -> str:
    """The name of the first model that the service lists, where its protocol lists any."""
    if convention.names is None:
        return ""
    path, key = convention.names
    try:
        listed = client.send(Request(path=path), timeout=ASK_LIMIT).json().get(key, [])
        first = listed[0]
        return str(first.get("id") or first.get("modelName") or first.get("name") or "")
    except (NoAnswerError, ValueError, AttributeError, IndexError, KeyError, TypeError):
        return ""


def paths(convention: Convention, which: str, model: str) -> Iterator[str]:
    """Where a service of this protocol may tell whether it is "live" or "ready", the most specific first."""
    for path in dict.fromkeys((*getattr(convention, which), *getattr(conventions.KUBERNETES, which))):
        if MODEL not in path:
            yield path
        elif model:
            yield path.replace(MODEL, model)


def _candidates(which: str, plan: Plan) -> Iterable[str]:
    own = conventions.BY_NAME[plan.convention] if plan.convention else None
    groups = (own,) if own else conventions.ALL
    paths = (path for group in groups for path in getattr(group, which))
    return dict.fromkeys(p for p in (*conventions.KUBERNETES.ready, *paths) if MODEL not in p)


def _first(client: Client, plan: Plan, paths: Iterable[str], nowhere: Response | None) -> str | None:
    slow = None
    for path in paths:
        try:
            if _there(ask(client, path, plan), nowhere):
                return path
        except NoAnswerError as error:
            slow = slow or (path if error.kind == "timeout" else None)
    return slow
