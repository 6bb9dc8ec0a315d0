"""Makes malformed requests from the good one and says of each whether it must be refused or only survived."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving.requests import mutations, wire
from pytest_mlready.serving.requests.trial import Shot
from pytest_mlready.serving.right_answer import finite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.http import Request, Response
    from pytest_mlready.serving.requests.specimen import Specimen
    from pytest_mlready.serving.requests.trial import Trial

KINDS = (
    "not JSON", "empty body", "NaN literal", "wrong type", "extreme number", "odd text", "missing field",
    "unknown field", "duplicate key", "wrong shape", "wrong root", "trailing text", "encoding", "content type",
    "method", "oversize", "deep nesting", "length", "chunks", "huge header",
)  # fmt: skip
DEPTH = 100_000  # brackets: a parser that calls itself for each needs more stack than there is
HEADER = 100_000  # bytes of a header; servers stop at 4 to 64 kB
RECIPE_FROM = 2_000  # bytes of a body that is written by a recipe and not shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One malformed request.

    Attributes:
        shot: What is sent.
        refused: Why it must be refused; "" where surviving it is enough.
    """

    shot: Shot
    refused: str = ""


def cases(good: Specimen, oversize: int) -> Iterator[Case]:
    """The whole corpus, a body of `oversize` bytes among it; the dangerous ones come last."""
    if good.value is not None:
        for mutant in mutations.mutants(good.value):
            yield _of_mutant(good, mutant)
        yield from _broken(good)
    yield from _methods(good)
    if wire.can_reach(good.url):
        yield from _wires(good)
    if good.value is not None:
        yield from _large(good, oversize)


def _with(good: Specimen, body: bytes, **headers: str) -> Request:
    return replace(good.request, body=body, headers={**good.request.headers, **headers})


def _of_mutant(good: Specimen, mutant: mutations.Mutant) -> Case:
    body = mutant.text.encode()
    long = len(body) > RECIPE_FROM and len(set(mutant.text)) < len(mutant.text) / 100
    shot = Shot(
        kind=mutant.kind,
        about=mutant.about,
        request=_with(good, body),
        recipe=_shrunk(mutant.text) if long else "",
    )
    if not mutant.json:
        return Case(shot=shot, refused="it is no JSON (RFC 8259)")
    return Case(shot=shot, refused=good.excluded(mutant.value))


def _shrunk(text: str) -> str:
    """A command that writes a body whose middle is one long repetition."""
    start, _, end = text.partition("a" * mutations.LONG)
    program = f"import sys; sys.stdout.write({start!r} + 'a' * {mutations.LONG} + {end!r})"
    return f"python3 -c {shlex.quote(program)}"


def _broken(good: Specimen) -> Iterator[Case]:
    """Bodies that are no JSON, and bodies that some parsers take and some do not."""
    text = json.dumps(good.value)
    no_json = "it is no JSON (RFC 8259)"
    for about, body, headers in (
        ("truncated JSON", text[: len(text) // 2].encode(), {}),
        ("plain text in place of JSON", b"hello", {}),
        ("single quotes for double ones", text.replace('"', "'").encode(), {}),
        ("an HTML form in place of JSON", b"a=1&b=2", {"content-type": "application/x-www-form-urlencoded"}),
        ("XML in place of JSON", b"<?xml version='1.0'?><a/>", {"content-type": "application/xml"}),
        ("bytes that are no text", bytes(range(256)), {}),
    ):
        yield Case(shot=Shot(kind="not JSON", about=about, request=_with(good, body, **headers)), refused=no_json)
    yield Case(shot=Shot(kind="empty body", about="an empty body", request=_with(good, b"")), refused=no_json)
    for kind, about, body, headers in (
        ("trailing text", "text after the JSON", f"{text} x".encode(), {}),
        ("trailing text", "a second JSON value", f"{text}\n{text}".encode(), {}),
        ("trailing text", "a comma too many", f"{text[:-1]},{text[-1]}".encode(), {}),
        ("encoding", "a byte order mark before the JSON", b"\xef\xbb\xbf" + text.encode(), {}),
        ("encoding", "JSON as UTF-16", text.encode("utf-16"), {}),
        ("encoding", "a byte that is no UTF-8", text.encode().replace(b'": ', b'\xff": ', 1), {}),
        ("encoding", "a body declared as gzip that is none", text.encode(), {"content-encoding": "gzip"}),
        ("content type", "JSON declared as text/plain", text.encode(), {"content-type": "text/plain"}),
        ("content type", "an unknown character set", text.encode(), {"content-type": "application/json; charset=x-no"}),
        ("content type", "a content type that is none", text.encode(), {"content-type": ";;/"}),
    ):
        yield Case(shot=Shot(kind=kind, about=about, request=_with(good, body, **headers)))


def _methods(good: Specimen) -> Iterator[Case]:
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MLREADY"):
        if method not in good.methods:
            request = replace(good.request, method=method)
            yield Case(shot=Shot(kind="method", about=f"the method {method}", request=request, may_close=True))


def _wires(good: Specimen) -> Iterator[Case]:
    """Requests whose length, chunks or headers lie; the credential is in them, and masked where they are shown."""
    body = good.request.body or b""
    head = wire.head(good.request, good.url, good.headers)
    no_number = "its length is no number (RFC 9110)"
    json_broken = "what its length covers is no JSON" if good.value is not None else ""
    for kind, about, more, sent, refused in (
        ("length", "a length that is no number", b"Content-Length: many\r\n", body, no_number),
        ("length", "a body shorter than its length", b"Content-Length: %d\r\n" % (len(body) + 100), body, ""),
        ("length", "a body longer than its length", b"Content-Length: %d\r\n" % (len(body) // 2), body, json_broken),
        ("length", "a negative length", b"Content-Length: -5\r\n", body, no_number),
        (
            "length", "a length and chunks at once",
            b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(body), _chunks(body), "",
        ),
        ("chunks", "a chunked body", b"Transfer-Encoding: chunked\r\n", _chunks(body), ""),
        (
            "chunks", "a chunk whose size is no number", b"Transfer-Encoding: chunked\r\n", b"ZZ\r\n" + body,
            "the size of its chunk is no number (RFC 9112)",
        ),
        (
            "huge header", f"a header of {HEADER:,} bytes",
            b"Content-Length: %d\r\nX-Padding: %s\r\n" % (len(body), b"a" * HEADER), body, "",
        ),
    ):  # fmt: skip
        raw = head + more + b"\r\n" + sent
        shot = Shot(kind=kind, about=about, request=good.request, raw=raw, may_close=True, dangerous=True)
        yield Case(shot=shot, refused=refused)


def _chunks(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"


def _large(good: Specimen, oversize: int) -> Iterator[Case]:
    text = json.dumps(good.value)
    nested = "[" * DEPTH + "]" * DEPTH
    for about, whole, meaning in (
        (f"{DEPTH:,} nested lists", nested, [[[]]]),
        (f"{DEPTH:,} open brackets", "[" * DEPTH, None),
        *_nested_leaf(good.value, nested),
    ):
        shot = Shot(
            kind="deep nesting", about=about, request=_with(good, whole.encode()), may_close=True, dangerous=True,
            recipe=_nesting(whole, nested),
        )  # fmt: skip
        yield Case(shot=shot, refused="it is no JSON (RFC 8259)" if meaning is None else good.excluded(meaning))
    padded = text.encode() + b" " * max(0, oversize - len(text))
    program = f"import sys; sys.stdout.write({text!r} + ' ' * {oversize - len(text)})"
    shot = Shot(
        kind="oversize", about=f"a body of {oversize / 1e6:g} MB", request=_with(good, padded), may_close=True,
        dangerous=True, recipe=f"python3 -c {shlex.quote(program)}",
    )  # fmt: skip
    yield Case(shot=shot, refused="nothing limits the size of a body; `oversize` says how large one may be")


def _nested_leaf(value: Any, nested: str) -> Iterator[tuple[str, str, Any]]:
    for place, _ in list(mutations.leaves(value))[:1]:
        about = f"{DEPTH:,} nested lists at {mutations.shown(place)}"
        yield about, mutations.literal(value, place, nested), mutations.put(value, place, [[[]]])


def _nesting(whole: str, nested: str) -> str:
    start, _, end = whole.partition(nested)
    program = f"import sys; sys.stdout.write({start!r} + '[' * {DEPTH} + ']' * {DEPTH} + {end!r})"
    if nested not in whole:
        program = f"import sys; sys.stdout.write('[' * {DEPTH})"
    return f"python3 -c {shlex.quote(program)}"


def attack(trial: Trial, good: Specimen, *, oversize: int) -> None:
    """Sends the whole corpus and notes on the trial what was accepted that must not be."""
    corpus = list(cases(good, oversize))
    reasons = {id(case.shot): case.refused for case in corpus}
    for shot, answer in trial.run([case.shot for case in corpus]):
        judge(trial, shot, answer, reasons[id(shot)])
    trial.check_alive(Shot(kind="all", about="all malformed requests", request=good.request))


def judge(trial: Trial, shot: Shot, answer: Response, refused: str) -> None:
    """Whether one answer is as it must be, beyond what holds for all answers."""
    shown = trial.endpoint.client.mask(answer.shown(120))
    if refused and answer.ok:
        trial.find(shot, "accepted", f"{shot.about} is accepted, though {refused}: answered {answer.status} {shown}")
    elif answer.ok and not _finite(answer):
        trial.find(shot, "not finite", f"{shot.about} is answered with a number that is not finite: {shown}")


def _finite(answer: Response) -> bool:
    try:
        return bool(finite(answer.json()))
    except ValueError:
        return True
