"""Makes up values for what an OpenAPI document gives no example of, so that a request gets past its form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.serving.openapi import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.serving.openapi import Document, Operation

GIVEN = ("example", "const", "default")
TEXTS = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "nobody@example.org",
    "uri": "https://example.org/",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "AA==",
}
LONGEST = 1000  # characters and entries; a schema may ask for more than anybody should send
WIDEST = 8  # levels of tables and lists that are made up


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An operation as a request needs it.

    Attributes:
        path: With a value in the place of each parameter; None when one remains that has none.
        headers: Those that the document requires, but for the credential.
        guessed: Whether a value was made up.
    """

    path: str | None
    headers: Mapping[str, str]
    guessed: bool


def filled(document: Document, operation: Operation, *, but: str = "Authorization") -> Filled:
    """The operation's path and headers, examples where there are any, made-up values elsewhere.

    Args:
        document: Where the operation stands.
        operation: One of its operations.
        but: The header that carries the credential.
    """
    parameters: list[Mapping[str, Any]] = []
    headers: dict[str, str] = {}
    guessed = False
    for parameter in operation.parameters:
        where, name = parameter.get("in"), _name(parameter)
        if (where == "path" or parameter.get("required")) and name.lower() != but.lower():
            known = _is_known(document, operation, parameter)
            made = _of_parameter(document, parameter)
            guessed = guessed or not known
            parameters.append(parameter if known else {**parameter, "example": made})
            headers |= {name: str(made)} if where == "header" else {}
    path = document.filled_path(replace(operation, parameters=tuple(parameters)))
    return Filled(path=path, headers=headers, guessed=guessed)


def body(document: Document, operation: Operation) -> tuple[Any, bool]:
    """(a body for the operation, whether it was made up); (None, False) where it takes none, or none in JSON."""
    for example in document.examples(operation):
        return example, False
    schema = document.body_schema(operation)
    return (None, False) if schema is None else (value(document, schema), True)


def value(document: Document, schema: Any, depth: int = 0) -> Any:
    """A value that is likely to fit a schema: its example, the first alternative, the smallest of its type."""
    schema = document.resolved(schema)
    if not isinstance(schema, dict) or depth > min(WIDEST, DEEPEST):
        return None
    for key in GIVEN:
        if schema.get(key) is not None:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return value(document, schema[key][0], depth + 1)
    if isinstance(schema.get("allOf"), list):
        parts = [value(document, part, depth + 1) for part in schema["allOf"]]
        return {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
    return _of_type(document, schema, depth)


def _is_known(document: Document, operation: Operation, parameter: Mapping[str, Any]) -> bool:
    """Whether the document itself gives a value for a parameter, wherever that goes."""
    alone = replace(operation, path=f"/{{{_name(parameter)}}}", parameters=({**parameter, "in": "path"},))
    return document.filled_path(alone) is not None


def _of_parameter(document: Document, parameter: Mapping[str, Any]) -> Any:
    made = value(document, {**parameter.get("schema", {}), **{k: parameter[k] for k in GIVEN if k in parameter}})
    return made if made not in (None, "", [], {}) else "1"


def _of_type(document: Document, schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), None)
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        known = properties if isinstance(properties, dict) else {}
        return {name: value(document, known.get(name, {}), depth + 1) for name in schema.get("required", ())}
    if kind == "array":
        count = max(1, min(_whole(schema.get("minItems")), LONGEST))
        return [value(document, schema.get("items", {}), depth + 1)] * count
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "boolean":
        return True
    if kind == "string":
        text = TEXTS.get(str(schema.get("format")), "1")
        return text.ljust(min(_whole(schema.get("minLength")), LONGEST), "1")
    return None


def _number(schema: Mapping[str, Any]) -> int | float:
    for key, beyond in (("minimum", 0), ("exclusiveMinimum", 1)):
        bound = schema.get(key)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            return bound + beyond
    return 1


def _name(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("name"))


def _whole(count: Any) -> int:
    return count if isinstance(count, int) and count > 0 else 0
