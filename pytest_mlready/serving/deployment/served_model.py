"""Finds out which model a service says that it serves, and holds it against the candidate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving.http import NoAnswerError, Request
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Response

DIGEST = re.compile(r"(?:sha256[:-])?([0-9a-f]{8,64})")  # abbreviated ones too
DIGEST_KEYS = re.compile(r"(^|_)(sha256|sha_256|digest|hash|checksum)$")
VERSION_KEY = "version"
OTHER_THINGS = re.compile(  # whose digests and versions are in answers as well
    r"data|image|request|input|body|config|schema|feature|tokenizer|api|code|git|commit|server|app|service|library"
)
DEEPEST = 12  # levels of an answer that are looked into
VERSION = re.compile(r"v?(\d+(?:\.\d+)+)([-+.]?[0-9A-Za-z.-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One place in an answer that names a model.

    Attributes:
        where: "the answer to POST /predict: model/sha256".
        what: "digest" or "version".
        value: As found.
    """

    where: str
    what: str
    value: str


def named(endpoint: Endpoint, answer: Response) -> list[Named]:
    """Digests and versions of a model in the answer to the good request, and in that of the readiness endpoint."""
    found = list(in_answer(answer, f"the answer to {endpoint.good}"))
    ready = endpoint.probes.ready
    if ready is not None:
        try:
            found += in_answer(endpoint.send(Request(path=ready)), f"GET {ready}")
        except NoAnswerError:
            return found
    return found


def in_answer(answer: Response, name: str = "the answer") -> Iterator[Named]:
    """Digests and versions of a model in one answer and its headers."""
    for header, text in answer.headers.items():
        yield from _named((header.removeprefix("x-"),), text, f"{name}, header {header}")
    try:
        value = answer.json()
    except ValueError:
        return
    look: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while look:
        path, node = look.pop()
        if isinstance(node, dict) and len(path) < DEEPEST:
            look += [((*path, str(key)), below) for key, below in node.items()]
        elif isinstance(node, list) and len(path) < DEEPEST:
            look += [((*path, str(index)), below) for index, below in enumerate(node[:8])]
        elif isinstance(node, str):
            yield from _named(path, node, f"{name}: {'/'.join(path)}")


def _named(path: tuple[str, ...], text: str, where: str) -> Iterator[Named]:
    """What a text names, judged by its key and the keys around it."""
    keys = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-.\s]", "_", key).lower() for key in path if not key.isdigit()]
    if not keys or any(OTHER_THINGS.search(key) for key in keys):
        return
    own, around = keys[-1], keys[:-1]
    if DIGEST_KEYS.search(own) and (matched := DIGEST.fullmatch(text.strip().lower())):
        yield Named(where=where, what="digest", value=matched[1])
    about_model = own == "model_version" or (own == VERSION_KEY and any("model" in key for key in around))
    if about_model and VERSION.fullmatch(text.strip()):
        yield Named(where=where, what="version", value=text.strip())


def judge(found: list[Named], *, sha256: str | None, version: str | None) -> Verdict:
    """Whether the service serves the candidate, as far as it says.

    A digest decides. A version decides where no digest is told, and only one of the same form as the candidate's: the
    number that a model server counts its folders by is none. A service that names no model passes, which is recorded.

    Args:
        found: What the service says.
        sha256: The candidate's digest; None where it has none.
        version: The candidate's version; None where the settings name none.
    """
    digests = [one for one in found if one.what == "digest"] if sha256 is not None else []
    versions = [one for one in found if one.what == "version" and _comparable(one.value, version)]
    for told, wanted in ((digests, sha256), (versions, version)):
        if told and wanted is not None:
            return _held(told, wanted)
    note = "the service names no model, or the candidate has neither digest nor version"
    return Verdict(
        outcome="passed",
        message="nothing says that another model is served",
        measurements=(Measurement(name="model served", value="not told", note=note),),
    )


def _held(told: list[Named], wanted: str) -> Verdict:
    wrong = [one for one in told if not _same(one, wanted)]
    seen = (wrong or told)[0]
    measured = (Measurement(name=f"{seen.what} served", value=seen.value, note=seen.where),)
    if not wrong:
        return Verdict(outcome="passed", message="the candidate is served", measurements=measured)
    message = (
        f"another model is served: {seen.where} is {seen.value[:16]}, the candidate's {seen.what} is {wanted[:16]}. "
        "Next step: deploy the candidate, and see why the deployment kept the old one"
    )
    return Verdict(outcome="failed", message=message, measurements=measured)


def _same(one: Named, wanted: str) -> bool:
    return wanted.startswith(one.value) if one.what == "digest" else one.value.lstrip("v") == wanted.lstrip("v")


def _comparable(value: str, version: str | None) -> bool:
    """Whether two versions are of one form: as many numbers, more than one."""
    matches = VERSION.fullmatch(value), VERSION.fullmatch(version or "")
    numbers = [matched[1].count(".") for matched in matches if matched is not None]
    return len(numbers) == 2 and numbers[0] == numbers[1]
