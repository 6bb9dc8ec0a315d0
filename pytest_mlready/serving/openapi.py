"""Reads an OpenAPI document: operations, their examples, what an answer must look like, which need a credential."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DEEPEST = 40  # references within references that are followed
JSON = "application/json"


class DocumentError(ReadinessError):
    """An OpenAPI document cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path.

    Attributes:
        method: In capitals.
        path: As in the document, with {parameters}.
        raw: The operation's table, references still in it.
        parameters: Those of the path and of the operation, references resolved.
        secured: Whether the document asks for a credential here.
    """

    method: str
    path: str
    raw: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    secured: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Document:
    """An OpenAPI document of version 3.

    Args:
        raw: As parsed.

    Raises:
        DocumentError: It is no OpenAPI document of version 3.
    """

    def __init__(self, raw: Any) -> None:
        version = raw.get("openapi") if isinstance(raw, dict) else None
        if not isinstance(version, str) or not version.startswith("3.") or not isinstance(raw.get("paths"), dict):
            found = f"is for version {raw.get('swagger')}" if isinstance(raw, dict) and "swagger" in raw else "is none"
            raise DocumentError(f"the OpenAPI document {found}", expected="openapi: 3.x with paths")
        self.raw: dict[str, Any] = raw
        self.version: str = version

    @property
    def prefix(self) -> str:
        """The path of the first server URL, which stands before every path; "" for the root."""
        servers = self.raw.get("servers")
        url = (
            servers[0].get("url", "") if isinstance(servers, list) and servers and isinstance(servers[0], dict) else ""
        )
        path = "/" + str(url).partition("://")[2].partition("/")[2] if "://" in str(url) else str(url)
        return path.rstrip("/") if "{" not in path else ""

    def operations(self) -> Iterator[Operation]:
        """Every operation, in the document's order."""
        top = self.raw.get("security", [])
        for path, item in self.raw["paths"].items():
            table = self.resolved(item)
            for method in METHODS:
                raw = table.get(method) if isinstance(table, dict) else None
                if isinstance(raw, dict):
                    own = [self.resolved(p) for p in [*table.get("parameters", []), *raw.get("parameters", [])]]
                    yield Operation(
                        method=method.upper(),
                        path=str(path),
                        raw=raw,
                        parameters=tuple(p for p in own if isinstance(p, dict)),
                        secured=_asks(raw.get("security", top)),
                    )

    def resolved(self, node: Any) -> Any:
        """What a reference within the document leads to; anything else as it is. An empty table for a dead one."""
        for _ in range(DEEPEST):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                return node
            node = self._at(node["$ref"])
        return {}

    def _at(self, reference: str) -> Any:
        node: Any = self.raw
        for part in reference.removeprefix("#/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.get(key, {}) if isinstance(node, dict) else {}
        return node

    def body_schema(self, operation: Operation) -> Any:
        """The JSON schema of the request's body, references still in it; None where there is none."""
        return self._media(operation).get("schema")

    def _media(self, operation: Operation) -> Mapping[str, Any]:
        body = self.resolved(operation.raw.get("requestBody", {}))
        content = body.get("content", {}) if isinstance(body, dict) else {}
        return _json_of(content)

    def examples(self, operation: Operation) -> Iterator[Any]:
        """Bodies that the document gives as examples, the most specific first."""
        media = self._media(operation)
        if "example" in media:
            yield media["example"]
        for example in _values(media.get("examples")):
            yield from _value_of(self.resolved(example))
        schema = self.resolved(media.get("schema"))
        if isinstance(schema, dict):
            if "example" in schema:
                yield schema["example"]
            yield from schema.get("examples", ()) if isinstance(schema.get("examples"), list) else ()
            if (built := self._built(schema, 0)) is not None:
                yield built

    def _built(self, schema: Any, depth: int) -> Any:
        """A value put together from the examples, defaults and constants of the parts; None where one has none."""
        schema = self.resolved(schema)
        if not isinstance(schema, dict) or depth > DEEPEST:
            return None
        given = _given(schema)
        if given is not None:
            return given
        if schema.get("type") == "array" and "items" in schema:
            one = self._built(schema["items"], depth + 1)
            return None if one is None else [one] * max(1, int(schema.get("minItems") or 1))
        if isinstance(schema.get("properties"), dict):
            return self._built_table(schema, depth)
        return None

    def _built_table(self, schema: Mapping[str, Any], depth: int) -> Any:
        parts = {name: self._built(part, depth + 1) for name, part in schema["properties"].items()}
        if any(parts.get(name) is None for name in schema.get("required", ())):
            return None
        return {name: value for name, value in parts.items() if value is not None} or None

    def filled_path(self, operation: Operation) -> str | None:
        """The path with an example in the place of each parameter, required query parameters behind it; or None."""
        path, query = operation.path, []
        for parameter in operation.parameters:
            value = _given(parameter) or self._built(parameter.get("schema", {}), 0)
            name = str(parameter.get("name"))
            if parameter.get("in") == "path":
                if value is None:
                    return None
                path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif parameter.get("in") == "query" and parameter.get("required"):
                if value is None:
                    return None
                query.append(f"{quote(name)}={quote(str(value), safe='')}")
        if "{" in path:
            return None
        return self.prefix + path + ("?" + "&".join(query) if query else "")

    def answer_schema(self, operation: Operation, status: int) -> Any:
        """The JSON schema of an answer, self-contained; None where the document has none for that status."""
        answers = operation.raw.get("responses", {})
        answer = self.resolved(answers.get(str(status), answers.get(f"{status // 100}XX", answers.get("default", {}))))
        content = answer.get("content", {}) if isinstance(answer, dict) else {}
        media = _json_of(content)
        schema = media.get("schema")
        return None if not isinstance(schema, dict) else self.closed(schema)

    def closed(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A schema that carries what its references lead to."""
        return {**copy.deepcopy(dict(schema)), "components": self.raw.get("components", {})}

    def objection(self, value: Any, schema: Mapping[str, Any]) -> str | None:
        """Why a value does not fit a closed schema, in one line; None when it fits, or no validator is installed."""
        if find_spec("openapi_schema_validator") is None:
            return None
        import openapi_schema_validator as validators

        kind = validators.OAS30Validator if self.version.startswith("3.0") else validators.OAS31Validator
        error = next(iter(kind(schema).iter_errors(value)), None)
        if error is None:
            return None
        place = "/".join(map(str, error.absolute_path)) or "the whole"
        return f"{place}: {error.message[:200]}"


def _json_of(content: Any) -> Mapping[str, Any]:
    """What a body's content says about its JSON form; empty where it has none."""
    named = content.items() if isinstance(content, dict) else ()
    media = next((v for k, v in named if k == JSON or str(k).endswith("+json")), None)
    return media if isinstance(media, dict) else {}


def _asks(security: Any) -> bool:
    """Whether a security requirement asks for something: none of its alternatives is empty."""
    return isinstance(security, list) and bool(security) and all(isinstance(s, dict) and s for s in security)


def _given(table: Mapping[str, Any]) -> Any:
    """The example, constant or default that a schema or parameter itself gives."""
    if table.get("example") is not None:
        return table["example"]
    examples = table.get("examples")
    for example in _values(examples):
        value = example.get("value") if isinstance(examples, dict) and isinstance(example, dict) else example
        if value is not None:
            return value
    for key in ("const", "default"):
        if table.get(key) is not None:
            return table[key]
    choices = table.get("enum")
    return choices[0] if isinstance(choices, list) and choices else None


def _values(examples: Any) -> list[Any]:
    if isinstance(examples, dict):
        return list(examples.values())
    return examples if isinstance(examples, list) else []


def _value_of(example: Any) -> Iterator[Any]:
    if isinstance(example, dict) and "value" in example:
        yield example["value"]
