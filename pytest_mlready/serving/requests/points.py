"""Finds the places of a service's requests where a stranger's text goes in: body, path, query, headers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_mlready.serving.http import Request
from pytest_mlready.serving.requests import mutations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_mlready.serving.openapi import Document, Operation

HEADERS = ("User-Agent", "X-Request-Id", "Referer")
TEXTS, OTHERS, PARAMETERS = 8, 3, 8  # places of each sort that are tried at most
STANDS_FOR = "1"  # value of a parameter for which the document has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One place.

    Attributes:
        where: As messages show it.
        make: The request that carries a value there.
        anything: Whether it carries any JSON value; otherwise only texts.
    """

    where: str
    make: Callable[[Any], Request]
    anything: bool = False


def points(good: Request, value: Any, document: Document | None) -> Iterator[Point]:
    """The places, those in the body first.

    Args:
        good: The good request.
        value: Its body as parsed; None where that is no JSON.
        document: For the parameters of operations that only read.
    """
    if value is not None:
        yield from _in_body(good, value)
    if document is not None:
        yield from _parameters(document)
    for name in HEADERS:
        yield Point(where=f"the header {name}", make=partial(_in_header, good, name))
    yield Point(where="the path", make=_in_path)


def _in_body(good: Request, value: Any) -> Iterator[Point]:
    found = list(mutations.leaves(value))
    texts = [place for place, leaf in found if isinstance(leaf, str)]
    others = [place for place, leaf in found if not isinstance(leaf, str)]
    for place in mutations.spread(texts, TEXTS) + mutations.spread(others, OTHERS):
        where = f"the body at {mutations.shown(place)}"
        yield Point(where=where, make=partial(_at_place, good, value, place), anything=True)
    if next(mutations.containers(value, dict), None):
        yield Point(where="the name of a field", make=partial(_as_name, good, value))


def _at_place(good: Request, value: Any, place: mutations.Place, new: Any) -> Request:
    return good.json(mutations.put(value, place, new))


def _as_name(good: Request, value: Any, text: str) -> Request:
    place, table = next(mutations.containers(value, dict))
    return good.json(mutations.put(value, place, {**table, text: 1}))


def _in_header(good: Request, name: str, text: str) -> Request:
    return replace(good, headers={**good.headers, name: _visible(text)})


def _in_path(text: str) -> Request:
    return Request(path=f"/mlready/{quote(text, safe='')}")


def _parameters(document: Document) -> Iterator[Point]:
    """Parameters of operations that read: of path, query and headers."""
    named = [
        (operation, str(parameter.get("name")), str(parameter.get("in")))
        for operation in document.operations()
        if operation.method == "GET"
        for parameter in operation.parameters
        if parameter.get("in") in ("path", "query", "header")
    ]
    for operation, name, place in mutations.spread(named, PARAMETERS):
        where = f"{operation}, {place} parameter {name}"
        yield Point(where=where, make=partial(_filled, document, operation, name, place))


def _filled(document: Document, operation: Operation, name: str, place: str, text: str) -> Request:
    path, query, headers = document.prefix + operation.path, [], {}
    for parameter in operation.parameters:
        own = str(parameter.get("name"))
        tried = own == name and parameter.get("in") == place
        given = text if tried else _example(parameter)
        if parameter.get("in") == "path":
            path = path.replace(f"{{{own}}}", quote(given, safe=""))
        elif parameter.get("in") == "query" and (tried or parameter.get("required")):
            query.append(f"{quote(own)}={quote(given, safe='')}")
        elif parameter.get("in") == "header" and (tried or parameter.get("required")):
            headers[own] = _visible(given)
    return Request(path=path + ("?" + "&".join(query) if query else ""), headers=headers)


def _example(parameter: Any) -> str:
    schema = parameter.get("schema")
    for table in (parameter, schema if isinstance(schema, dict) else {}):
        for key in ("example", "default", "const"):
            if table.get(key) is not None:
                return str(table[key])
        for key in ("examples", "enum"):
            if isinstance(table.get(key), list) and table[key]:
                return str(table[key][0])
    return STANDS_FOR


def _visible(text: str) -> str:
    """What a header can carry: line breaks only as a decoder would make them."""
    return quote(text, safe="".join(map(chr, range(32, 127))).replace("%", "")) if not text.isprintable() else text


def parsed(body: bytes | None) -> Any:
    """A body as a JSON table or list; None where it is none."""
    try:
        value = json.loads(body or b"")
    except ValueError:
        return None
    return value if isinstance(value, dict | list) and value else None
