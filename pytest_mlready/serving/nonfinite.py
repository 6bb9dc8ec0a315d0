"""Finds the counter of answers that are no numbers, and makes a second process of the service give some."""

from __future__ import annotations

import re
from collections.abc import Callable  # noqa: TC003 - read at run time by typing tools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving import metrics, process, readiness
from pytest_mlready.serving.http import Client, NoAnswerError
from pytest_mlready.serving.right_answer import finite
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Request, Response
    from pytest_mlready.serving.metrics import Movement, Series

# As people call such counters; "nan" stands by itself, since it is also in "finance" and "tenant".
NAMES = re.compile(r"(^|_)nans?(_|$)|non_?finite|not_finite|infinit|(^|_)inf(_|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provoked:
    """What requests moved whose answers cannot be finite.

    Attributes:
        moved: On the page of the second process.
        passed_on: The first answer with a status of success that holds a number which is not finite; "" for none.
    """

    moved: Movement
    passed_on: str


def guessed(page: Iterable[tuple[str, str]], kind: str = "counter") -> tuple[str, ...]:
    """Names of this kind, among (name, kind) of a page's series, that tell of numbers that are not finite."""
    return tuple(dict.fromkeys(name for name, its in page if its == kind and NAMES.search(name)))


def provoke(
    endpoint: Endpoint, path: str, request: Request, environment: Mapping[str, str], progress: Callable[[str], None]
) -> Provoked:
    """Starts the service so that its model gives no number for a request, and sends that.

    Args:
        endpoint: The service.
        path: Of its page of metrics.
        request: What it then cannot answer with a number.
        environment: Variables that bring this about.
        progress: Shows what is going on.

    Raises:
        Inconclusive: It cannot be started so, or does not become ready or answer.
        MetricsError: It shows no metrics.
    """
    plan, answers = endpoint.plan, list[str]()
    launch = plan.launch(environment)
    place = dict(zip(endpoint.side, launch.side, strict=False)).get(path, path)
    with process.start(launch) as running, Client(running.url, secrets=plan.secrets) as client:

        def send(one: Request) -> Response:
            answer = client.send(one, headers=plan.headers())
            if one is request and answer.ok and _holds_none(answer):
                answers.append(client.mask(answer.shown(120)))
            return answer

        try:
            readiness.wait(running, plan, progress)
            moved = metrics.movement(lambda: send(request), lambda: metrics.read(send, place))
        except (process.ServiceError, NoAnswerError) as error:
            raise Inconclusive(
                f"the service started with `nonfinite` gives no answer: {error.found}",
                fix="let nonfinite bring a model that loads and is not finite for one request alone",
            ) from None
    return Provoked(moved=moved, passed_on=next(iter(answers), ""))


def _holds_none(answer: Response) -> bool:
    try:
        return not finite(answer.json())
    except ValueError:
        return False


def judge(seen: Provoked, chooses: Callable[[Series], bool], name: str) -> list[Verdict]:
    """Whether the counter rose with each of these answers, and none of them reached the caller as a number."""
    rose = sum(by for series, by in seen.moved.moved.items() if chooses(series))
    status, sent = seen.moved.statuses[0], seen.moved.sent
    noted = Measurement(name="provoked answers that were not finite, counted", value=rose, min=sent, n=sent)
    verdicts = []
    if seen.passed_on:
        step = "answer with a fallback or an error, and count it"
        told = f"a number that is not finite is passed on to the caller: {seen.passed_on}. Next step: {step}"
        verdicts.append(Verdict(outcome="failed", message=told))
    if rose < sent:
        told = f"{sent} requests whose answers cannot be finite were answered {status}, and {name} rose by {rose:g}"
        return [*verdicts, Verdict(outcome="failed", message=told, measurements=(noted,))]
    told = f"{name} rose by {rose:g} on {sent} answers that were not finite"
    return [*verdicts, Verdict(outcome="passed", message=told, measurements=(noted,))]
