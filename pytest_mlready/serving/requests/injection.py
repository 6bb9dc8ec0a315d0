"""Puts hostile texts wherever a stranger's text goes in, and looks for the sign that somebody obeyed one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving.requests import leaks
from pytest_mlready.serving.requests.payloads import Payload, payloads
from pytest_mlready.serving.requests.points import Point, parsed, points
from pytest_mlready.serving.requests.trial import Shot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_mlready.serving.http import Response
    from pytest_mlready.serving.requests.canaries import Canaries
    from pytest_mlready.serving.requests.trial import Trial

CONFIRMATIONS = 2  # times that a delay must show again, and be gone with a payload that asks for none
LATE = 0.9  # share of the delay by which an answer is late when it was obeyed
# What a browser renders, or takes for markup where the type is missing or plain text.
RENDERED = re.compile(r"html|xml|svg|text/plain|^$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One payload in one place."""

    payload: Payload
    point: Point
    shot: Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the signs are held against.

    Attributes:
        canaries: The traps.
        token: Letters and digits that begin every canary of this run.
        delay: Seconds that a payload asks an interpreter to sleep.
        text_generation: Whether the service writes texts, so that an order in a text could be obeyed.
    """

    canaries: Canaries
    token: str
    delay: float
    text_generation: bool = False


def attack(trial: Trial, setting: Setting, *, progress: Callable[[str], None] = lambda _: None) -> list[str]:
    """Tries every payload in every place that can carry it; returns the places."""
    good = trial.endpoint.good
    places = list(points(good, parsed(good.body), trial.endpoint.document))
    for number, point in enumerate(places):
        progress(f"injections: {point.where}")
        hostile = list(_at(point, number, setting))
        for one in hostile:
            trial.planned += 1
            answer = trial.send(one.shot)
            if answer is not None:
                _judge(trial, one, answer, setting)
        _aftermath(trial, hostile, setting)
    progress("")
    trial.check_alive(Shot(kind="all", about="all injections", request=good))
    return [point.where for point in places]


def _at(point: Point, number: int, setting: Setting) -> Iterator[Hostile]:
    """The payloads for one place."""
    made = payloads(
        f"{setting.token}{number:02d}", setting.canaries, delay=setting.delay, prompts=setting.text_generation
    )
    for payload in made:
        if point.anything or isinstance(payload.value, str):
            about = f"a {payload.kind} payload in {point.where}"
            request = point.make(payload.value)
            yield Hostile(
                payload=payload,
                point=point,
                shot=Shot(kind=payload.kind, about=about, request=request, where=payload.sign),
            )


def _judge(trial: Trial, one: Hostile, answer: Response, setting: Setting) -> None:
    """Looks for the signs that an answer can show."""
    payload, text = one.payload, answer.text
    obeyed = {
        "computed": payload.computed in text,
        "secret": setting.canaries.secret in text or leaks.PASSWORDS.search(text) is not None,
        "header": any(payload.token.lower() in name for name in answer.headers),
        "markup": isinstance(payload.value, str) and payload.value in text and _rendered(answer, setting),
        "delay": answer.seconds >= LATE * setting.delay and _late(trial, one, setting),
    }
    if obeyed.get(payload.sign) or (payload.sign == "call" and setting.canaries.secret in text):
        _found(trial, one, SHOWS[payload.sign], answer)
    elif error := leaks.database_error(text):
        _found(trial, one, f"is answered with an error of a database or directory ({error})", answer)
    elif payload.token in text:
        trial.notes[f"canaries echoed, escaped (status {answer.status})"] += 1


SHOWS = {
    "computed": "is obeyed: the answer holds what it computes to",
    "secret": "is obeyed: the answer holds what stands in a file on the server",
    "header": "writes a header of the answer",
    "markup": "comes back unescaped in an answer that a browser may render",
    "delay": "is obeyed: the answer comes later by the time that it asks for",
    "call": "is obeyed: the service calls the address in it",
    "file": "is obeyed: the command in it was run",
    "log": "forges a line of the log",
}


def _rendered(answer: Response, setting: Setting) -> bool:
    """Whether a browser may take the answer for markup; a text that was generated is meant to be read as plain."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    plain = kind.lower() == "text/plain" and setting.text_generation and answer.ok
    return RENDERED.search(kind) is not None and not plain


def _late(trial: Trial, one: Hostile, setting: Setting) -> bool:
    """Whether answers are late again and again, and in time with a delay of 0: a busy machine is late for both."""
    asked = f"{setting.delay:g}"
    calm = _replaced(one.payload.value, asked, "0")
    for value, late in [(one.payload.value, True), (calm, False)] * CONFIRMATIONS:
        shot = Shot(kind=one.shot.kind, about=one.shot.about, request=one.point.make(value), where=one.shot.where)
        answer = trial.send(shot)
        if answer is None or (answer.seconds >= LATE * setting.delay) is not late:
            return False
    return True


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(part, old, new) for key, part in value.items()}
    return re.sub(rf"\b{re.escape(old)}(?:000)?\b", new, value) if isinstance(value, str) else value


def _aftermath(trial: Trial, hostile: list[Hostile], setting: Setting) -> None:
    """Looks for the signs that show elsewhere: files that were made, calls that came, lines in the log."""
    setting.canaries.settle()
    log = trial.endpoint.log().splitlines()
    for one in hostile:
        token, sign = one.payload.token, one.payload.sign
        if (
            (sign == "file" and setting.canaries.executed(token))
            or (sign == "call" and setting.canaries.called(token))
            or (sign == "log" and any(line.startswith(token) for line in log))
        ):
            _found(trial, one, SHOWS[sign], None)


def _found(trial: Trial, one: Hostile, what: str, answer: Response | None) -> None:
    shown = "" if answer is None else f": {answer.status} {trial.endpoint.client.mask(answer.shown(120))}"
    trial.find(one.shot, "took effect", f"{one.shot.about} {what}{shown}")
