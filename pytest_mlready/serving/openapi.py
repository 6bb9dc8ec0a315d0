"""Reads an OpenAPI document: operations, their examples, what an answer must look like, which need a credential."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving import examples

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
        first: Any = next(iter(examples.listed(self.raw, "servers")), {})
        url = str(first.get("url", "")) if isinstance(first, dict) else ""
        variables = first.get("variables", {}) if url and isinstance(first.get("variables", {}), dict) else {}
        for name, variable in variables.items():
            if isinstance(variable, dict):
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        path = url.partition("://")[2].partition("/")[2] if "://" in url else url
        path = path.strip("/.")
        return f"/{path}" if path and "{" not in path else ""

    def operations(self) -> Iterator[Operation]:
        """Every operation, in the document's order."""
        top = self.raw.get("security", [])
        for path, item in self.raw["paths"].items():
            table = self.resolved(item)
            for method in METHODS:
                raw = table.get(method) if isinstance(table, dict) else None
                if isinstance(raw, dict):
                    yield Operation(
                        method=method.upper(),
                        path=str(path),
                        raw=raw,
                        parameters=self._parameters(table, raw),
                        secured=_asks(raw.get("security", top)),
                    )

    def _parameters(self, *tables: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """Those of the path, then those of the operation, which replace their like."""
        listed = [self.resolved(p) for table in tables for p in examples.listed(table, "parameters")]
        return tuple({(str(p.get("in")), str(p.get("name"))): p for p in listed if isinstance(p, dict)}.values())

    def resolved(self, node: Any) -> Any:
        """What a reference within the document leads to; anything else as it is. An empty table for a dead one."""
        for _ in range(DEEPEST):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                return node
            node = self._at(node["$ref"])
        return {}

    def _at(self, reference: str) -> Any:
        node: Any = self.raw if reference.startswith("#/") else {}
        for part in reference.removeprefix("#/").split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
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
        for example in examples.values(media.get("examples")):
            yield from examples.value_of(self.resolved(example))
        schema = self.resolved(media.get("schema"))
        if isinstance(schema, dict):
            if "example" in schema:
                yield schema["example"]
            yield from examples.listed(schema, "examples")
            if (built := examples.built(media["schema"], self.resolved)) is not None:
                yield built

    def filled_path(self, operation: Operation) -> str | None:
        """The path with an example in the place of each parameter, required query parameters behind it; or None."""
        path, query = operation.path, []
        for parameter in operation.parameters:
            where, name = parameter.get("in"), str(parameter.get("name"))
            if where != "path" and not (where == "query" and parameter.get("required")):
                continue
            value = self._parameter(parameter)
            if value is None:
                return None
            if where == "path":
                path = path.replace(f"{{{name}}}", _quoted(value))
            else:
                query += [f"{quote(name)}={_quoted(one)}" for one in (value if isinstance(value, list) else [value])]
        if "{" in path:
            return None
        return self.prefix + path + ("?" + "&".join(query) if query else "")

    def headers(self, operation: Operation) -> dict[str, str]:
        """The headers that an operation requires, as far as the document gives an example of them."""
        asked = [p for p in operation.parameters if p.get("in") == "header" and p.get("required")]
        known = {str(p.get("name")): self._parameter(p) for p in asked}
        return {name: unquote(_quoted(value)) for name, value in known.items() if value is not None}

    def _parameter(self, parameter: Mapping[str, Any]) -> Any:
        found = examples.given(parameter)
        return examples.built(parameter.get("schema"), self.resolved) if found is None else found

    def answer_schema(self, operation: Operation, status: int) -> Any:
        """The JSON schema of an answer, self-contained; None where the document has none for that status."""
        answers = operation.raw.get("responses")
        answers = answers if isinstance(answers, dict) else {}
        answer = self.resolved(answers.get(str(status), answers.get(f"{status // 100}XX", answers.get("default", {}))))
        content = answer.get("content", {}) if isinstance(answer, dict) else {}
        media = _json_of(content)
        schema = media.get("schema")
        return None if not isinstance(schema, dict) else self.closed(schema)

    def closed(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A schema that carries what its references lead to."""
        return {**schema, "components": self.raw.get("components", {}), "paths": self.raw["paths"]}

    def objection(self, value: Any, schema: Mapping[str, Any]) -> str | None:
        """Why a value does not fit a closed schema, in one line; None when it fits, or no validator is installed.

        Raises:
            DocumentError: The schema cannot be used: a reference leads nowhere, or to itself.
        """
        if find_spec("openapi_schema_validator") is None:
            return None
        import openapi_schema_validator as validators
        from referencing import Registry

        kind = validators.OAS30Validator if self.version.startswith("3.0") else validators.OAS31Validator
        try:  # a registry of its own: without one, references to other hosts would be fetched
            error = next(iter(kind(schema, registry=Registry()).iter_errors(value)), None)
        except Exception as broken:  # noqa: BLE001 - whatever the validator stumbles over
            raise DocumentError(
                f"a schema of the OpenAPI document cannot be used: {type(broken).__name__}",
                fix="correct its references",
            ) from None
        if error is None:
            return None
        place = "/".join(map(str, error.absolute_path)) or "the whole"
        return f"{place}: {error.message[:200]}"


def _quoted(value: Any) -> str:
    """A parameter's value as a part of a URL."""
    return quote(str(value).lower() if isinstance(value, bool) else str(value), safe="")


def _json_of(content: Any) -> Mapping[str, Any]:
    """What a body's content says about its JSON form; empty where it has none."""
    named = content.items() if isinstance(content, dict) else ()
    media = next((v for k, v in named if k == JSON or str(k).endswith("+json")), None)
    return media if isinstance(media, dict) else {}


def _asks(security: Any) -> bool:
    """Whether a security requirement asks for something: none of its alternatives is empty."""
    return isinstance(security, list) and bool(security) and all(isinstance(s, dict) and s for s in security)
