"""Reads golden predictions, requests with the answers recorded at release, and replays them on a service.

Our format is one JSON table. `model` and the rest of it may be missing:

    {"model": {"version": "1.9.0", "sha256": "…"}, "cases": [{"request": {…}, "answer": {…}}, …]}

One table with `request` and `answer`, or a list of such tables, will do. An answer need not hold all that the service
says: what differs from time to time, such as an id, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.serving.http import NoAnswerError
from pytest_mlready.serving.right_answer import differs
from pytest_mlready.serving.rollback import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_mlready.serving.endpoint import Endpoint

FORMAT = '{"model": {"version": "…", "sha256": "…"}, "cases": [{"request": {…}, "answer": {…}}]}'
FRESH = {"connection": "close"}  # each request may reach another replica, and none waits in a kept connection


class GoldenError(ReadinessError):
    """Golden predictions cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request and the answer that was recorded."""

    request: Any
    answer: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """What one version of the model answered at its release.

    Attributes:
        cases: At least one.
        version, sha256: Of the model, as far as the file says; None where it does not.
    """

    cases: tuple[Case, ...]
    version: str | None = None
    sha256: str | None = None


def read(path: Path, shown: str = "") -> Golden:
    """The golden predictions in a file; `shown` is what messages call it.

    Raises:
        GoldenError: It is not there, no JSON, of another form, or without a case.
    """
    name = shown or path.name
    raw = files.read(path, name, error=GoldenError, expected=FORMAT)
    table = raw if isinstance(raw, dict) and "cases" in raw else {"cases": raw if isinstance(raw, list) else [raw]}
    cases = table["cases"] if isinstance(table["cases"], list) else [table["cases"]]
    if not cases:
        raise GoldenError(f"{name} holds no case", expected=FORMAT)
    model = table.get("model", raw.get("model") if isinstance(raw, dict) else None)
    model = model if isinstance(model, dict) else {}
    return Golden(
        cases=tuple(_case(case, f"{name}, case {number}") for number, case in enumerate(cases, 1)),
        version=_text(model, "version"),
        sha256=(_text(model, "sha256") or "").lower().removeprefix("sha256:") or None,
    )


def _case(raw: Any, where: str) -> Case:
    if not isinstance(raw, dict):
        raise GoldenError(f"{where} is a {type(raw).__name__}", expected=FORMAT)
    for key in ("request", "answer"):
        if key not in raw or raw[key] in (None, {}, []):
            raise GoldenError(f'{where} has no "{key}", or an empty one{near(key, raw)}', expected=FORMAT)
    return Case(request=raw["request"], answer=raw["answer"])


def _text(table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    return str(value) if value not in (None, "") else None


def differences(endpoint: Endpoint, golden: Golden) -> list[str]:
    """Where a service answers otherwise than on record, a sentence for each such case; empty when it does nowhere.

    Raises:
        Unverified: It is not known where the service takes predictions.
    """
    found = []
    for number, case in enumerate(golden.cases, 1):
        if wrong := _wrong(endpoint, case):
            found.append(f"golden case {number} of {len(golden.cases)}: {wrong}")
    return found


def _wrong(endpoint: Endpoint, case: Case) -> str:
    request = endpoint.good.json(case.request)
    try:
        answer = endpoint.send(replace(request, headers={**request.headers, **FRESH}))
    except NoAnswerError as error:
        return error.found
    if not answer.ok:
        return f"answered {answer.status}: {endpoint.client.mask(answer.shown(120))}"
    try:
        difference = differs(answer.json(), case.answer)
    except ValueError:
        return "the answer is no JSON"
    return endpoint.client.mask(difference)
