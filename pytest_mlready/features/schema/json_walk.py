"""Walks a JSON Schema: what it states, keyword by keyword, with references and parts put in their place."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.features.schema.expectations import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

DEEPEST = 20  # schemas within schemas, references followed
MOST = 2000  # schemas within that of one column, each reference counted anew
# Words for readers and for tools; `nullable` is read with its neighbours.
SAY_NOTHING = (
    "title", "description", "default", "deprecated", "example", "examples", "$comment", "$schema", "$id", "$defs",
    "definitions", "readOnly", "writeOnly", "discriminator", "xml", "externalDocs", "contentEncoding",
    "contentMediaType", "nullable",
)  # fmt: skip
# Keywords of the standard that are about lists, records, or several columns: no misspellings of those that are applied.
NOT_APPLIED = (
    "items", "prefixItems", "contains", "minContains", "maxContains", "minItems", "maxItems", "uniqueItems",
    "unevaluatedItems", "properties", "patternProperties", "additionalProperties", "propertyNames", "minProperties",
    "maxProperties", "required", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties", "if",
    "then", "else", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "contentSchema",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Scope:
    """Where a schema stands: what references stand for, and how far it may go on.

    Attributes:
        find: What a reference stands for.
        depth: Schemas around this one.
        met: Counts the schemas of one column.
    """

    find: Callable[[str], Any]
    depth: int = 0
    met: Iterator[int] = field(default_factory=itertools.count)

    def deeper(self) -> Scope:
        return Scope(find=self.find, depth=self.depth + 1, met=self.met)


def statements(schema: Any, scope: Scope) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """(keyword, its value, the schema it stands in), with `allOf` and references replaced by what is in them."""
    if schema is True:
        return
    if not isinstance(schema, dict) or scope.depth > DEEPEST or next(scope.met) > MOST:
        endless = "schemas within one another without end"
        yield ("false" if schema is False else endless if isinstance(schema, dict) else shown(schema)), None, {}
        return
    for keyword, value in schema.items():
        if keyword == "$ref" and isinstance(value, str):
            yield from statements(scope.find(value), scope.deeper())
        elif keyword == "allOf" and isinstance(value, list):
            for part in value:
                yield from statements(part, scope.deeper())
        elif keyword not in SAY_NOTHING and not keyword.startswith("x-"):
            yield keyword, value, schema


def named(keyword: str, applied: Iterable[str]) -> str:
    """An unknown keyword, with the one that may be meant."""
    return keyword if keyword in NOT_APPLIED else f"{keyword}{near(keyword, applied)}"
