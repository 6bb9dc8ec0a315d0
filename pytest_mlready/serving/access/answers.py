"""Tells what an answer to a credential means that must be refused: refusal, access, nothing there, or neither."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pytest_mlready.serving.access.routes import Route
    from pytest_mlready.serving.http import Request, Response

Outcome = Literal["refused", "refused otherwise", "not there", "nobody", "answered", "broke", "unclear"]
REFUSED = (401, 403)  # RFC 9110, 15.5.2 and 15.5.4
NO_METHOD = (405, 501)
NO_PATH = (404, 410)
THROTTLED = 429
BUSY = (502, 503, 504)  # somebody between, or a moment: says nothing of the credential
LOGIN = re.compile(r"log-?in|sign-?in|auth|sso|oauth|saml", re.IGNORECASE)
MAY_BE_MISSING = ("unlisted", "port", "side")  # routes of which nobody says that they exist


def at_first_sight(route: Route, answer: Response) -> tuple[Outcome, str]:
    """What an answer means as long as nothing is compared, and what was seen, as the end of a sentence."""
    status, told = answer.status, f"is answered {answer.status}"
    if status in REFUSED:
        return "refused", ""
    if answer.ok:
        return "answered", said(answer)
    if 300 <= status < 400:
        return _redirected(route, answer)
    if _nothing_there(route, status):
        return "not there", told
    return ("broke", f"{told}: {said(answer)}") if status >= 500 else ("unclear", told)


def _redirected(route: Route, answer: Response) -> tuple[Outcome, str]:
    where = answer.headers.get("location", "nowhere")[:100]
    if LOGIN.search(where):
        return "refused otherwise", f"is redirected to {where}"
    return "not there" if route.origin in MAY_BE_MISSING else "unclear", f"is redirected to {where}"


def _nothing_there(route: Route, status: int) -> bool:
    if status in NO_METHOD or (status in NO_PATH and not route.guessed):
        return True
    return route.origin in MAY_BE_MISSING and status < 500 and status != THROTTLED


def within(base: str, request: Request, answer: Response) -> str | None:
    """Where within the service a redirect leads that keeps method and body; None for any other answer."""
    kept = (301, 302, 303, 307, 308) if request.method == "GET" else (307, 308)
    if answer.status not in kept or "://" in request.path:
        return None
    try:
        parts = urlsplit(answer.headers.get("location", ""))
    except ValueError:
        return None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    elsewhere = parts.netloc not in ("", urlsplit(base).netloc)
    return None if elsewhere or not path.startswith("/") or LOGIN.search(path) else path


def alike(answer: Response, good: Response | None) -> bool:
    """Whether two bodies have the same form: JSON with the same keys, or what is no JSON and the same to the byte."""
    try:
        first, second = answer.json(), good.json() if good is not None else None
    except ValueError:
        return good is not None and bool(answer.body) and answer.body == good.body
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys()
    return type(first) is type(second) and first is not None


def said(answer: Response) -> str:
    """The beginning of a body: many services tell of a refusal there, whatever the status."""
    return answer.shown(100) or "(an empty body)"
