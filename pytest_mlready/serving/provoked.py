"""Provokes errors on a service and judges whether the right counters move by as many."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive, ReadinessError
from pytest_mlready.serving import metrics, process
from pytest_mlready.serving.http import Client, NoAnswerError, Request
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Response
    from pytest_mlready.serving.metrics import Movement, Series

STATUS = re.compile(r"[1-5](\d\d|xx)", re.IGNORECASE)
STEP = 0.1
DEATH_NOTICE = 0.5  # seconds from a broken connection until we hear that the process ended
NOT_ALIVE = "without its model the service does not run, so that no failure can be provoked"
TIMES = ("_bucket", "_sum", "_seconds_total")  # series of a histogram or of time: no counts of requests
LIVE = "let it live and answer 503 until it has a model; a failed readiness keeps traffic away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provoked:
    """What good requests, clients' mistakes and failures of the service each moved."""

    good: Movement
    client: Movement
    server: Movement


def spoilt(good: Request) -> Request:
    """A request that only its sender is to blame for: half a body, or a path that is not there."""
    if good.body:
        return replace(good, body=good.body[: max(1, len(good.body) // 2)])
    return replace(good, path=good.path.rstrip("/") + "/no-such-thing")


def clients(endpoint: Endpoint, page: metrics.Read) -> Movement:
    """Sends requests that are the sender's own mistake.

    Raises:
        Inconclusive: They are not refused with 4xx, so that the counting of refusals cannot be told.
    """
    request = spoilt(endpoint.good)
    moved = metrics.movement(lambda: endpoint.send(request), page)
    _insist(moved, 4, f"{request} with half of its body")
    return moved


def failures(endpoint: Endpoint, path: str) -> Movement:
    """Sends the good request to a second process of the service that has no model.

    Raises:
        Inconclusive: It cannot be started so, ends without its model, or does not answer 5xx.
        MetricsError: It shows no metrics.
    """
    plan = endpoint.plan
    launch = plan.launch_without_model()
    with process.start(launch) as running, Client(running.url, secrets=plan.secrets) as client:

        def send(request: Request) -> Response:
            return client.send(request, headers=plan.headers())

        _wait(running, lambda: send(Request(path=path)), plan.start_limit)
        place = _moved(path, endpoint, launch.side)
        try:
            moved = metrics.movement(lambda: send(endpoint.good), lambda: metrics.read(send, place))
        except (NoAnswerError, metrics.MetricsError) as error:
            raise _without_answer(running, error) from None
    _insist(moved, 5, "the good request to a process without its model")
    return moved


def _without_answer(running: process.Process, error: ReadinessError) -> ReadinessError:
    """Why nothing could be provoked: the process ended, or answers no more; an odd page is its own reason."""
    if died := running.obituary(DEATH_NOTICE):
        return Inconclusive(f"{NOT_ALIVE}: {died}", fix=LIVE)
    if isinstance(error, metrics.MetricsError):
        return error
    return Inconclusive(f"without its model the service does not answer: {error.found}", fix=LIVE)


def _moved(path: str, endpoint: Endpoint, side: tuple[str, ...]) -> str:
    """The page's place in the second process: a side port is another one there."""
    return dict(zip(endpoint.side, side, strict=False)).get(path, path)


def _wait(running: process.Process, ask: object, limit: float) -> None:
    def answers() -> bool:
        try:
            ask()  # type: ignore[operator]
        except NoAnswerError:
            return False
        return True

    try:
        if process.wait_until(running, limit, answers, step=STEP):
            return
    except process.ServiceError as error:
        raise Inconclusive(
            f"{NOT_ALIVE}: {error.found}",
            fix=LIVE,
        ) from None
    raise Inconclusive(f"the process without its model does not answer within {limit:g} s")


def _insist(moved: Movement, family: int, what: str) -> None:
    odd = [status for status in moved.statuses if status // 100 != family]
    if odd:
        raise Inconclusive(f"{what} was answered {odd[0]}, not {family}xx: the counting of {family}xx cannot be told")


def judge(seen: Provoked, *, exactly: bool) -> list[Verdict]:
    """Whether refusals and failures are counted apart from successes and from each other, by as many, rightly named.

    Args:
        seen: What moved.
        exactly: Whether nobody else asks the service meanwhile.
    """
    return [
        _counted("4xx", seen.client, (seen.good,), exactly=exactly),
        _counted("5xx", seen.server, (seen.good, seen.client), exactly=True),  # nobody else asks that process
    ]


def apart(moved: Movement, others: tuple[Movement, ...]) -> dict[Series, float]:
    """Counters that these requests moved and the others did not; buckets and sums of times tell nothing."""
    known = {series for other in others for series in other.moved}
    counts = {s: by for s, by in moved.moved.items() if by >= 1 and not s[0].endswith(TIMES)}
    return {series: by for series, by in counts.items() if series not in known}


def _counted(name: str, moved: Movement, others: tuple[Movement, ...], *, exactly: bool) -> Verdict:
    status, own = moved.statuses[0], apart(moved, others)
    totals: dict[str, float] = {}
    for series, by in own.items():
        totals[series[0]] = totals.get(series[0], 0.0) + by
    right = {n: by for n, by in totals.items() if by == moved.sent or (by > moved.sent and not exactly)}
    noted = Measurement(name=f"{name} counted", value=max(totals.values(), default=0.0), min=moved.sent, n=moved.sent,
                        note=_shown(own))  # fmt: skip
    if wrong := next(_misnamed(own, status), ""):
        return Verdict(outcome="failed", message=f"{moved.sent} answers {status}: {wrong}", measurements=(noted,))
    if right:
        message = f"{moved.sent} answers {status} were counted by {', '.join(right)}"
        return Verdict(outcome="passed", message=message, measurements=(noted,))
    found = (
        f"{_shown(own)} rose by {max(totals.values()):g}"
        if own
        else f"no counter tells them from others ({_rose(moved)})"
    )
    step = "count requests by status in the outermost layer, once for each answer"
    return Verdict(
        outcome="failed", message=f"{moved.sent} requests were answered {status}, and {found}. Next step: {step}",
        measurements=(noted,),
    )  # fmt: skip


def _misnamed(own: dict[Series, float], status: int) -> Iterator[str]:
    """Labels that have the form of a status and name another one."""
    for name, labels in own:
        for label, value in labels:
            named = STATUS.fullmatch(value) and ("status" in label.lower() or "code" in label.lower())
            if named and value.lower() not in (str(status), f"{status // 100}xx"):
                yield f'they were counted as {name}{{{label}="{value}"}}'


def _rose(moved: Movement) -> str:
    names = sorted({name for name, _ in moved.moved if not name.endswith(("_bucket", "_sum"))})
    return f"what rose: {', '.join(names)}"[:160] if names else "nothing rose"


def _shown(own: dict[Series, float]) -> str:
    told = [f"{name}{{{', '.join(f'{k}={v}' for k, v in sorted(labels))}}}" for name, labels in sorted(own, key=str)]
    return ", ".join(told)[:200]
